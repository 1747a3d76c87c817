"""Measurements of speed and size, and of ways to compute: they print, and assert nothing about time."""
