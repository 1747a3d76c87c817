"""Damaged files by the thousand: what the program answers, counted."""
