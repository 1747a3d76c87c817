"""Scripts that run in a process of their own, because they change how numba compiles for a GPU."""
