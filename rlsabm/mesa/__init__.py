"""The model and its people as Mesa sees them."""
