"""Compiled loops on plain arrays; numba is imported nowhere else."""
