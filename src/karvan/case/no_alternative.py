"""What results call cargo of no row of alternatives.csv; no row may have these names."""

NO_ALTERNATIVE = "other"
"""The alternative of what passes no gateway."""

UNSERVED = "unserved"
"""The alternative of cargo for which there is no room at a price that it would pay."""
