"""A page on which to explore a small population, by Mesa's own visualisation."""
