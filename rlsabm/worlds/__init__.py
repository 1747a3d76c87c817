"""Worlds: the same lives, lived again by bodies that do without part of the burden."""
