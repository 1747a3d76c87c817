"""Policies: what arms that part in a given year avert, give and cost, counted month by month."""
