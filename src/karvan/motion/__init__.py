"""The corridor in motion: a case and its assigned flows as a simulation model, and its results."""
