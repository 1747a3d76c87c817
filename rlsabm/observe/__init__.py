"""What an observer would see: surveys of the people, and what is measured in them."""
