"""rlsabm: how much conditions that compromise iron raise the prevalence of restless legs syndrome."""

__version__ = "0.1.0"
