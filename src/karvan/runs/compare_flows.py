"""What changed between the flows of two runs: by route alternative, and where it is full."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from karvan.case.results import Results
from karvan.freight.resources import KEY, LOOSE
from karvan.runs.compare import differs

LEAST_PRICE_USD_PER_TEU = 1.0
"""Below it a price is the rounding of the solver, and no bottleneck."""
MEANS = ("mean_h", "mean_cost_usd_per_teu", "mean_co2e_kg_per_teu")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Carried:
    """What a route alternative carries in a year, and what that takes in the mean.

    Attributes
    ----------
    teu : float
        In containers.
    loose_t : float
        Tonnes of loose cargo, which is not counted in TEU.
    mean_h, usd_per_teu, co2e_kg_per_teu : float or None
        Means by TEU and TEU-equivalents; none where nothing is carried.
    """

    teu: float
    loose_t: float
    mean_h: float | None
    usd_per_teu: float | None
    co2e_kg_per_teu: float | None


@dataclass(frozen=True, slots=True)
class AlternativeChange:
    """A route alternative in both runs."""

    alternative_id: str
    before: Carried
    after: Carried


@dataclass(frozen=True, slots=True)
class BottleneckChange:
    """A capacity that cargo pays for in one run at least; `None` where a run has no such row."""

    key: tuple[str, ...]
    before: Row | None
    after: Row | None

    @property
    def kind(self) -> Literal["appeared", "vanished", "price changed"]:
        """What happened to it."""
        if not is_full(self.before):
            return "appeared"
        return "price changed" if is_full(self.after) else "vanished"

    @property
    def change(self) -> float:
        """By how much the price that a TEU pays for the room differs [USD]."""
        return _price(self.after) - _price(self.before)

    @property
    def gain_usd(self) -> float:
        """What one step more would gain, in the run where it gains more [USD a year]."""
        return max(float((row or {}).get("gain_usd") or 0.0) for row in (self.before, self.after))


def is_full(row: Row | None) -> bool:
    """Tell whether cargo pays for the room."""
    return _price(row) >= LEAST_PRICE_USD_PER_TEU


def _price(row: Row | None) -> float:
    return 0.0 if row is None else float(row["price_usd_per_teu"])


@dataclass(frozen=True, slots=True)
class FlowComparison:
    """Differences of the flows of run B against run A, the largest and most valuable first.

    Attributes
    ----------
    before, after : mapping or None
        Row of the table `assignment`: all flows together.
    alternatives : tuple of AlternativeChange
    bottlenecks : tuple of BottleneckChange
    """

    before: Row | None
    after: Row | None
    alternatives: tuple[AlternativeChange, ...]
    bottlenecks: tuple[BottleneckChange, ...]


def compare_flows(before: Results, after: Results) -> FlowComparison:
    """Return what differs between the flows of two runs."""
    alternatives = sorted(_alternatives(before, after), key=_size)
    moved = sorted(_bottlenecks(before, after), key=lambda b: (-b.gain_usd, -abs(b.change), b.key))
    return FlowComparison(_all(before), _all(after), tuple(alternatives), tuple(moved))


def _all(results: Results) -> Row | None:
    return next(results.table("assignment").iter_rows(named=True), None)


def _size(change: AlternativeChange) -> tuple[float, float, str]:
    old, new = change.before, change.after
    return (-abs(new.teu - old.teu), -abs(new.loose_t - old.loose_t), change.alternative_id)


def carried(results: Results) -> dict[str, Carried]:
    """Return what each route alternative carries."""
    goods = results.table("input_commodities").iter_rows(named=True)
    loose = {row["id"] for row in goods if row["cargo"] == LOOSE}
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in results.table("alternative_flows").iter_rows(named=True):
        rows[row["alternative_id"]].append(row)
    return {alternative: _carried(own, loose) for alternative, own in rows.items()}


def _carried(rows: list[Row], loose: set[str]) -> Carried:
    teu = sum(row["teu"] for row in rows)

    def mean(column: str) -> float | None:
        known = [row for row in rows if row[column] is not None]
        if not known or teu <= 0.0:
            return None
        return float(sum(row[column] * row["teu"] for row in known) / teu)

    return Carried(
        float(sum(row["teu"] for row in rows if row["commodity_id"] not in loose)),
        float(sum(row["t"] for row in rows if row["commodity_id"] in loose)),
        *(mean(column) for column in MEANS),
    )


NOTHING = Carried(0.0, 0.0, None, None, None)


def _alternatives(before: Results, after: Results) -> Iterator[AlternativeChange]:
    old, new = carried(before), carried(after)
    for name in dict.fromkeys([*old, *new]):
        change = AlternativeChange(name, old.get(name, NOTHING), new.get(name, NOTHING))
        if change.before != change.after:
            yield change


def _resources(results: Results) -> dict[tuple[str, ...], Row]:
    return {
        tuple(row[name] for name in KEY): row
        for row in results.table("bottlenecks").iter_rows(named=True)
    }


def _bottlenecks(before: Results, after: Results) -> Iterator[BottleneckChange]:
    old, new = _resources(before), _resources(after)
    for key in dict.fromkeys([*old, *new]):
        change = BottleneckChange(key, old.get(key), new.get(key))
        full = is_full(change.before) or is_full(change.after)
        if full and differs(_price(change.before), _price(change.after)):
            yield change
