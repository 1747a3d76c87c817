"""What bodies are given by those who care for them, by their own measurements: one module each."""
