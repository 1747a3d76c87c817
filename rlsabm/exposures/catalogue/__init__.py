"""Conditions given as data: figures, what a scenario may say of them, and their rules."""
