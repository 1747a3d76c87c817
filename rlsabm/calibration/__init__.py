"""Published figures, what the model says of them, and how well the two agree."""
