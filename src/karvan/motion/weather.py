"""Storms by the calendars: while one lasts, no ship of the calendar leaves."""

from karvan.motion.bench import Bench
from karvan.motion.plan import NOTHING, Label, Passage
from karvan.network.model import Row
from karvan.simulation.model import UNLIMITED, Class, Closure, Pool, Step
from karvan.simulation.variates import Distribution, constant

ALWAYS = 0.999
"""Share from which a month counts as closed from its first to its last hour."""

CLOSURE = {"pool": "closure", "closure": "closure", "queue": "closure"}


def weather(bench: Bench, service: Row, start: str, end: str) -> Passage | None:
    """Return the stage where ships wait for a storm to end; None without a calendar.

    A storm is something that takes the way out of the port for its length.  Storms begin at
    random while there is none, so often that the share of the month that is closed is that of the
    calendar, and last exponentially long around the mean of the month.
    """
    calendar = str(service["closure_calendar_id"] or "")
    found = bench.weather.get(calendar)
    if found is None or not any(found.closed_share.values()):
        return None
    pool, name = f"way out {calendar}", f"weather {calendar} {service['id']} {start}>{end}"
    if pool not in bench.pools:
        bench.pools[pool] = Pool(id=pool, units=1)
        _storms(bench, calendar, pool)
    label = Label(("service", str(service["id"]), start, "", ""), "", "vessels", waits=CLOSURE)
    bench.stage(name, label, servers=UNLIMITED, takes={pool: 1})
    shut = {m for m, share in found.closed_share.items() if share >= ALWAYS}
    if shut:
        _shut(bench, calendar, name, shut)
    return Passage(name, 0.0, start)


def _storms(bench: Bench, calendar: str, pool: str) -> None:
    """Add the storms of each month; one that would begin during another does not."""
    stage = f"storm {calendar}"
    bench.stage(stage, NOTHING, takes={pool: 1}, patience_h=constant(0.0))
    found = bench.weather[calendar]
    for month, share in sorted(found.closed_share.items()):
        mean = found.mean_h[month]
        if not 0.0 < share < ALWAYS or not mean:
            continue
        name = f"storm {calendar} {month}"
        between = mean * (1.0 - share) / share
        bench.profiles[name] = bench.clock.monthly(name, {month: 1.0})
        time = Distribution("exponential", (mean,))
        bench.classes[name] = Class(id=name, route=(Step(stage=stage, service_h=time),))
        bench.source(
            name,
            name,
            every_h=Distribution("exponential", (between,)),
            profiles=(name,),
        )


def _shut(bench: Bench, calendar: str, stage: str, months: set[int]) -> None:
    """Close the stage through whole months, year after year."""
    edges = bench.clock.month_starts_h()
    year = bench.clock.year_h
    spans = sorted((edges[m - 1] % year, edges[m] - edges[m - 1]) for m in months)
    merged: list[list[float]] = []
    for begin, length in spans:
        if merged and merged[-1][1] >= begin:
            merged[-1][1] = begin + length
        else:
            merged.append([begin, begin + length])
    bench.closures[f"shut {stage}"] = Closure(
        id=f"shut {stage}",
        stage=stage,
        closed_from_h=tuple(a for a, _ in merged),
        closed_until_h=tuple(b for _, b in merged),
        period_h=year,
    )
