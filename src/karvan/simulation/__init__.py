"""Discrete-event simulation: statistics of its results and closed formulas beside it."""
