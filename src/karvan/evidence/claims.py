"""The claims ledger: each claim of the founding article, tested on the evidence.

A verdict is computed, never typed.  The rules that hold for every test:

1. Evidence of low confidence decides nothing; it is named, and the verdict is "no data".
2. Only observations marked as used count: contradicting ones stay beside them.
3. A path over time keeps to one counting side; mirror statistics are never joined.
4. A period is compared with the same period: a quarter never stands for its year.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import polars as pl

from karvan.evidence.periods import Period, parse_period
from karvan.evidence.reasons import (
    Facts,
    amount,
    english,
    fact_text,
    path,
    reason_text,
    span,
    steps,
    words,
)
from karvan.schema import LIST_SEPARATOR, list_of

Verdict = Literal["supported", "contradicted", "no data"]

WEAK = "low"
FEWEST_FOR_A_PATH = 2


@dataclass(frozen=True, slots=True)
class Observation:
    """One value that may decide a claim, in the unit of its series."""

    id: str
    period: Period
    value: float | None
    low: float | None
    high: float | None
    side: str
    coverage: str
    weak: bool

    @property
    def known(self) -> bool:
        """Whether it holds a number or a range."""
        return self.value is not None or self.low is not None or self.high is not None


@dataclass(frozen=True, slots=True)
class Event:
    """A dated event; `date` keeps its precision."""

    id: str
    name: str
    date: str
    weak: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What a test needs of a claim."""

    id: str
    test: str
    series_id: str
    event_id: str
    period_from: str
    period_to: str
    expected: str
    tolerance_share: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that tests may read, by id."""

    observations: Mapping[str, Sequence[Observation]]
    names: Mapping[str, str]
    units: Mapping[str, str]
    events: Mapping[str, Event]

    def name(self, kind: str, name: str) -> str:
        """Return the English name of a series or event; its id where it has none."""
        if kind == "event":
            return self.events[name].name
        return self.names.get(name, name)


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcome of one test: the verdict, why, and the evidence it rests on."""

    verdict: Verdict
    why_key: str
    facts: Facts = field(default_factory=dict)
    observation_ids: tuple[str, ...] = ()


Test = Callable[[Claim, Evidence], Finding]


def _found(o: Observation, claim: Claim, evidence: Evidence) -> Facts:
    return amount(o.value, evidence.units.get(claim.series_id, ""), o.low, o.high)


def _number(claim: Claim) -> float:
    try:
        return float(claim.expected)
    except ValueError:
        msg = f"test '{claim.test}' expects a number, found '{claim.expected}'"
        raise ValueError(msg) from None


def _period(claim: Claim, text: str) -> Period:
    if not text:
        msg = f"test '{claim.test}' needs period_from and period_to"
        raise ValueError(msg)
    return parse_period(text)


def _span(claim: Claim) -> list[str]:
    return [p for p in (claim.period_from, claim.period_to) if p]


def _facts(claim: Claim, evidence: Evidence, **more: object) -> Facts:
    facts: dict[str, object] = {"series": claim.series_id, "period": span(_span(claim))}
    if claim.test in {"level", "at_least", "ratio"}:
        unit = "" if claim.test == "ratio" else evidence.units.get(claim.series_id, "")
        facts["expected"] = amount(_number(claim), unit, None, None)
    return facts | more


def _no_value(claim: Claim, evidence: Evidence, weak: Sequence[Observation]) -> Finding:
    key = "series.weak" if weak else "series.missing"
    return Finding("no data", key, _facts(claim, evidence), tuple(o.id for o in weak))


def _at(claim: Claim, evidence: Evidence, period: Period) -> list[Observation]:
    """Known observations of the whole series (no coverage) for exactly `period`."""
    rows = evidence.observations.get(claim.series_id, ())
    return [o for o in rows if o.known and not o.coverage and o.period == period]


def _one_at(
    claim: Claim, evidence: Evidence, text: str
) -> tuple[Observation | None, list[Observation]]:
    """Return the deciding observation for the period, or None and the weak ones."""
    rows = _at(claim, evidence, _period(claim, text))
    strong = [o for o in rows if not o.weak]
    return (strong[0] if strong else None), rows


def level(claim: Claim, evidence: Evidence) -> Finding:
    """Find whether the value of the period is the expected one, within the tolerance."""
    o, rows = _one_at(claim, evidence, claim.period_to or claim.period_from)
    if o is None:
        return _no_value(claim, evidence, rows)
    expected = _number(claim)
    slack = claim.tolerance_share * abs(expected)
    low = o.low if o.value is None else o.value
    high = o.high if o.value is None else o.value
    inside = (low is None or low - slack <= expected) and (high is None or expected <= high + slack)
    kind = ("same", "different") if o.value is not None else ("in_range", "out_of_range")
    return Finding(
        "supported" if inside else "contradicted",
        f"level.{kind[0] if inside else kind[1]}",
        _facts(claim, evidence, found=_found(o, claim, evidence)),
        (o.id,),
    )


def at_least(claim: Claim, evidence: Evidence) -> Finding:
    """Find whether the value of the period reaches the expected one, less the tolerance."""
    o, rows = _one_at(claim, evidence, claim.period_to or claim.period_from)
    value = None if o is None else o.value if o.value is not None else o.low
    if o is None or value is None:
        return _no_value(claim, evidence, rows)
    reached = value >= _number(claim) * (1 - claim.tolerance_share)
    return Finding(
        "supported" if reached else "contradicted",
        "at_least.reached" if reached else "at_least.missed",
        _facts(claim, evidence, found=_found(o, claim, evidence)),
        (o.id,),
    )


def ratio(claim: Claim, evidence: Evidence) -> Finding:
    """Find whether the value at the end over that at the start is the expected factor."""
    first, weak_first = _one_at(claim, evidence, claim.period_from)
    last, weak_last = _one_at(claim, evidence, claim.period_to)
    if first is None or last is None or first.value is None or last.value is None:
        return _no_value(claim, evidence, [o for o in (*weak_first, *weak_last) if o.weak])
    ids = (first.id, last.id)
    if first.side != last.side:
        return Finding("no data", "series.sides", _facts(claim, evidence), ids)
    if first.value == 0:
        return Finding("no data", "ratio.zero", _facts(claim, evidence), ids)
    found, expected = last.value / first.value, _number(claim)
    same = abs(found - expected) <= claim.tolerance_share * abs(expected)
    return Finding(
        "supported" if same else "contradicted",
        "ratio.same" if same else "ratio.different",
        _facts(claim, evidence, found=amount(found, "", None, None)),
        ids,
    )


def _path(claim: Claim, evidence: Evidence) -> list[Observation]:
    """Values of the same part of each year between the two periods, of one side, in order."""
    first = _period(claim, claim.period_from)
    last = _period(claim, claim.period_to)
    if first.part_of_year is None or first.part_of_year != last.part_of_year:
        msg = f"{' and '.join(_span(claim))} are not the same part of two years"
        raise ValueError(msg)
    rows = [
        o
        for o in evidence.observations.get(claim.series_id, ())
        if o.value is not None
        and not (o.coverage or o.weak)
        and o.period.part_of_year == first.part_of_year
        and first <= o.period <= last
    ]
    sides = Counter(o.side for o in rows)
    # The side that counts most periods; of equals the one that counts the latest.
    latest = {o.side: o.period for o in sorted(rows, key=lambda o: o.period)}
    side = max(sides, key=lambda s: (sides[s], latest[s], s), default="")
    return sorted((o for o in rows if o.side == side), key=lambda o: o.period)


def _follow(
    claim: Claim,
    evidence: Evidence,
    holds: Callable[[float, float], bool],
    good: str,
    bad: str,
) -> Finding:
    rows = _path(claim, evidence)
    ids = tuple(o.id for o in rows)
    unit = evidence.units.get(claim.series_id, "")
    points = [(str(o.period), o.value or 0.0) for o in rows]
    if len(points) < FEWEST_FOR_A_PATH:
        facts = _facts(claim, evidence, count=len(points))
        return Finding("no data", "series.few", facts, ids)
    facts = _facts(claim, evidence, found=path(points, unit))
    broken = [(a, b) for a, b in pairwise(points) if not holds(a[1], b[1])]
    if not broken:
        return Finding("supported", good, facts, ids)
    return Finding("contradicted", bad, {**facts, "step": steps(broken, unit)}, ids)


def rising(claim: Claim, evidence: Evidence) -> Finding:
    """Find whether the series rises from each year to the next known one."""
    return _follow(claim, evidence, lambda a, b: b > a, "path.rising", "path.not_rising")


def steady(claim: Claim, evidence: Evidence) -> Finding:
    """Find whether the series never falls, within the tolerance."""
    slack = 1 - claim.tolerance_share
    return _follow(claim, evidence, lambda a, b: b >= a * slack, "path.steady", "path.falling")


def _event(claim: Claim, evidence: Evidence) -> Event | Finding:
    event = evidence.events.get(claim.event_id)
    if event is None:
        return Finding("no data", "event.missing")
    if event.weak:
        return Finding("no data", "event.weak", {"event": event.id, "found": event.date})
    return event


def event_date(claim: Claim, evidence: Evidence) -> Finding:
    """Find whether the event is dated as expected, at the precision of the expected date."""
    event = _event(claim, evidence)
    if isinstance(event, Finding):
        return event
    facts = {"event": event.id, "found": event.date, "expected": claim.expected}
    claimed, dated = parse_period(claim.expected), parse_period(event.date)
    if claimed.contains(dated):
        return Finding("supported", "event_date.same", facts)
    if dated.contains(claimed):
        return Finding("no data", "event.vague", facts)
    return Finding("contradicted", "event_date.different", facts)


def report_date(claim: Claim, evidence: Evidence) -> Finding:
    """Find whether a report of the expected date can describe the event."""
    event = _event(claim, evidence)
    if isinstance(event, Finding):
        return event
    facts = {"event": event.id, "found": event.date, "expected": claim.expected}
    report, dated = parse_period(claim.expected), parse_period(event.date)
    if dated.start > report.end:
        return Finding("contradicted", "report_date.impossible", facts)
    if dated.end > report.end:
        return Finding("no data", "event.vague", facts)
    return Finding("supported", "report_date.possible", facts)


def _within(claim: Claim, evidence: Evidence) -> list[Observation]:
    """Known observations, of any coverage, between the two periods where they are given."""
    start = parse_period(claim.period_from).start if claim.period_from else None
    end = parse_period(claim.period_to).end if claim.period_to else None
    return [
        o
        for o in evidence.observations.get(claim.series_id, ())
        if o.value is not None
        and (start is None or o.period.start >= start)
        and (end is None or o.period.end <= end)
    ]


def exists(claim: Claim, evidence: Evidence) -> Finding:
    """Find whether there is such an event, or a positive value of the series."""
    if claim.event_id:
        event = _event(claim, evidence)
        if isinstance(event, Finding):
            return event
        return Finding("supported", "exists.event", {"event": event.id, "found": event.date})
    rows = _within(claim, evidence)
    strong = sorted((o for o in rows if not o.weak), key=lambda o: (o.value or 0.0, o.id))
    if not strong:
        return _no_value(claim, evidence, rows)
    best = strong[-1]
    there = (best.value or 0.0) > 0
    facts = _facts(claim, evidence, found=_found(best, claim, evidence))
    facts = {**facts, "period": span([str(best.period)])}
    key = "exists.positive" if there else "exists.zero"
    return Finding("supported" if there else "contradicted", key, facts, (best.id,))


def member(claim: Claim, evidence: Evidence) -> Finding:
    """Find whether an expected word is a coverage of the series with a positive value."""
    rows = [o for o in _within(claim, evidence) if o.coverage]
    strong = [o for o in rows if not o.weak]
    if not strong:
        return _no_value(claim, evidence, rows)
    listed = [o for o in strong if (o.value or 0.0) > 0]
    wanted = set(list_of(claim.expected))
    there = any(o.coverage in wanted for o in listed)
    found = words(sorted({o.coverage for o in listed}))
    return Finding(
        "supported" if there else "contradicted",
        "member.listed" if there else "member.absent",
        _facts(claim, evidence, found=found, expected=words(sorted(wanted))),
        tuple(o.id for o in strong),
    )


def none(claim: Claim, evidence: Evidence) -> Finding:
    """No test: a judgement, a cause, a forecast, or nothing to compare with."""
    return Finding("no data", "none")


TESTS: Mapping[str, Test] = {
    "level": level,
    "at_least": at_least,
    "ratio": ratio,
    "rising": rising,
    "steady": steady,
    "event_date": event_date,
    "report_date": report_date,
    "exists": exists,
    "member": member,
    "none": none,
}
"""Name of a test in claims.csv -> its function; a new test is one function and one line here."""


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _observations(table: pl.DataFrame) -> dict[str, list[Observation]]:
    by_series: dict[str, list[Observation]] = {}
    for row in table.filter(pl.col("used")).iter_rows(named=True):
        by_series.setdefault(row["series_id"], []).append(
            Observation(
                id=row["id"],
                period=parse_period(row["period"]),
                value=row["value"],
                low=row["value_low"],
                high=row["value_high"],
                side=_text(row["side"]),
                coverage=_text(row["coverage"]),
                weak=row["confidence"] == WEAK,
            )
        )
    return by_series


def collect(observations: pl.DataFrame, series: pl.DataFrame, events: pl.DataFrame) -> Evidence:
    """Return the evidence of the three tables by id; observations not used are left out."""
    return Evidence(
        observations=_observations(observations),
        names=dict(series.select("id", "name_en").iter_rows()),
        units=dict(series.select("id", "unit").iter_rows()),
        events={
            row["id"]: Event(row["id"], row["name_en"], row["date"], row["confidence"] == WEAK)
            for row in events.iter_rows(named=True)
        },
    )


def _claims(table: pl.DataFrame) -> Iterable[tuple[Claim, str]]:
    for row in table.iter_rows(named=True):
        yield (
            Claim(
                id=row["id"],
                test=row["test"],
                series_id=_text(row["series_id"]),
                event_id=_text(row["event_id"]),
                period_from=_text(row["period_from"]),
                period_to=_text(row["period_to"]),
                expected=_text(row["expected"]),
                tolerance_share=row["tolerance_share"] or 0.0,
            ),
            row["pillar"],
        )


COLUMNS = (
    "claim_id",
    "pillar",
    "test",
    "verdict",
    "why_key",
    "why_en",
    "why_values",
    "observation_ids",
    "event_id",
    "expected",
    "found",
)


def _tested(claim: Claim, evidence: Evidence) -> Finding:
    if claim.test not in TESTS:
        msg = f"claim {claim.id}: no test '{claim.test}'; there are {', '.join(TESTS)}"
        raise ValueError(msg)
    try:
        return TESTS[claim.test](claim, evidence)
    except ValueError as error:
        msg = f"claim {claim.id}: {error}"
        raise ValueError(msg) from error


def evaluate_claims(
    claims: pl.DataFrame,
    observations: pl.DataFrame,
    series: pl.DataFrame,
    events: pl.DataFrame,
) -> pl.DataFrame:
    """Return the verdict on each claim with the evidence it rests on.

    Parameters
    ----------
    claims, observations, series, events : DataFrame
        Typed tables of a case.

    Returns
    -------
    DataFrame
        One row a claim, in their order: ``claim_id``, ``pillar``, ``test``, ``verdict``
        (supported, contradicted, no data), ``why_key`` (key of :data:`.reasons.WHY`),
        ``why_en``, ``why_values`` (JSON with the facts of the text, for other languages),
        ``observation_ids`` (separated by ;), ``event_id``, ``expected``, ``found``; empty ones
        are null.

    Raises
    ------
    ValueError
        Where a claim lacks what its test needs; the text names the claim.
    """
    evidence = collect(observations, series, events)
    language = english(evidence.name)
    rows = []
    for claim, pillar in _claims(claims):
        finding = _tested(claim, evidence)
        texts = {
            name: fact_text(finding.facts[name], language)
            for name in ("expected", "found")
            if name in finding.facts
        }
        values = (
            claim.id,
            pillar,
            claim.test,
            finding.verdict,
            finding.why_key,
            reason_text(finding.why_key, finding.facts, language),
            json.dumps(dict(finding.facts), ensure_ascii=False, sort_keys=True),
            LIST_SEPARATOR.join(finding.observation_ids) or None,
            claim.event_id or None,
            texts.get("expected") or claim.expected or None,
            texts.get("found"),
        )
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
