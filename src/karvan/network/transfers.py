"""Look up the row of transfers.csv that governs a change at a node."""

from collections import defaultdict
from collections.abc import Iterable

from karvan.network.model import Carrier, Row

SHIPS = frozenset({"sea", "ferry"})
SIDES = (("from_mode", "from_gauge_mm"), ("to_mode", "to_gauge_mm"))


def kind_of_change(before: Carrier, after: Carrier) -> str:
    """Return the kind of transfer between two carriers."""
    if before.mode in SHIPS or after.mode in SHIPS:
        return "port"
    if before.mode == after.mode == "rail":
        return "marshalling" if before.gauge_mm == after.gauge_mm else "gauge_change"
    return "marshalling" if before.mode == after.mode else "terminal"


class TransferBook:
    """Transfers by node and kind; a node's own row beats the default row without a node."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in rows:
            self._rows[row["node"] or "", row["kind"]].append(row)

    def load(self, node: Row, carrier: Carrier) -> Row | None:
        """Return the row for loading at an origin, or None where it cannot be loaded."""
        return self._best(node, "origin", None, carrier)

    def unload(self, node: Row, carrier: Carrier) -> Row | None:
        """Return the row for unloading at a destination."""
        return self._best(node, "destination", carrier, None)

    def change(self, node: Row, before: Carrier, after: Carrier) -> Row | None:
        """Return the row for a change of carrier."""
        return self._best(node, kind_of_change(before, after), before, after)

    def borders(self, tail: Row, head: Row, mode: str) -> tuple[Row, ...]:
        """Return the rows of the border that a link between two nodes crosses."""
        if tail["country"] == head["country"]:
            return ()
        # A row holds for arrivals at its node from the other country, and both ways if it says so.
        arriving = self._borders(head, tail, mode)
        leaving = [r for r in self._borders(tail, head, mode) if r["both_directions"]]
        return (*leaving, *arriving)

    def _borders(self, node: Row, other: Row, mode: str) -> Iterable[Row]:
        return (
            row
            for row in self._rows.get((node["id"], "border"), ())
            if row["other_country"] == other["country"] and row["from_mode"] in {None, mode}
        )

    def _best(
        self, node: Row, kind: str, before: Carrier | None, after: Carrier | None
    ) -> Row | None:
        own = self._rows.get((node["id"], kind), ())
        default = self._rows.get(("", kind), ())
        for rows in (own, default):
            fitting = [row for row in rows if _fits(row, before, after)]
            if fitting:
                return max(fitting, key=_specificity)
        return None


def _specificity(row: Row) -> int:
    return sum(row[column] is not None for side in SIDES for column in side)


def _fits(row: Row, before: Carrier | None, after: Carrier | None) -> bool:
    if _one_way(row, before, after):
        return True
    return bool(row["both_directions"]) and _one_way(row, after, before)


def _one_way(row: Row, before: Carrier | None, after: Carrier | None) -> bool:
    for (mode, gauge), carrier in zip(SIDES, (before, after), strict=True):
        if carrier is None:
            continue
        if row[mode] is not None and row[mode] != carrier.mode:
            return False
        if row[gauge] is not None and row[gauge] != carrier.gauge_mm:
            return False
    return True
