"""Sources, observations, claims and derivations."""
