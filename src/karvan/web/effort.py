"""How long the runs of a server simulate; without the libraries that a server needs."""

REPLICATIONS = 8
"""Simulated years of a run, unless a server is asked for others (assumed: somebody waits)."""
