"""The tables of a study: their columns, how they are filled, written and read."""
