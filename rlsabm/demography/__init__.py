"""Countries: their tables, and the plan of births that leads to their people."""
