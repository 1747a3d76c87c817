"""Published figures, what the model says of them, and parameters learnt from them."""
