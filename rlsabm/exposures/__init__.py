"""What happens to a life and burdens the body: one module each, with all that it owns and its rule."""
