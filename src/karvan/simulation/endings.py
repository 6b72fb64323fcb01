"""Why replications ended early, in words."""

from collections.abc import Sequence

from karvan.simulation.layout import Layout
from karvan.simulation.replications import Replication

STANDING_SHOWN = 5


def endings(layout: Layout, done: Sequence[Replication]) -> list[str]:
    """Return a sentence for each way in which replications ended early."""
    names = {row: name for name, row in layout.stages.items()}
    found: dict[str, list[Replication]] = {}
    for r in done:
        if r.ended not in {"horizon", "empty"}:
            found.setdefault(r.ended, []).append(r)
    result = []
    for ended, of in found.items():
        r = of[0]
        numbers = f"replication(s) {', '.join(str(x.number) for x in of[:10])}"
        numbers += " ..." if len(of) > 10 else ""
        standing = sorted(r.inside.items(), key=lambda item: -item[1])[:STANDING_SHOWN]
        where = ", ".join(f"{n} at {names.get(s, '-')}" for s, n in standing)
        if ended == "deadlock":
            ring = _ring(r.waits_for, names)
            result.append(
                f"{numbers}: deadlock after {r.time_h:g} h: {ring}; each is full and all its "
                "servers hold who waits for the next: give one of them more places"
            )
        elif ended == "stuck":
            result.append(f"{numbers}: nothing can happen any more, still inside: {where}")
        else:
            result.append(
                f"{numbers}: stopped after {r.time_h:g} h, {ended} ({where}); "
                "what was counted so far is kept"
            )
    return result


def _ring(pairs: Sequence[tuple[int, int]], names: dict[int, str]) -> str:
    """Return a ring of stages that wait for each other as a text."""
    after = dict(pairs)
    at = pairs[0][0] if pairs else 0
    seen: list[int] = []
    while at in after and at not in seen:
        seen.append(at)
        at = after[at]
    ring = seen[seen.index(at) :] if at in seen else seen
    return " waits for ".join(names[s] for s in [*ring, at])
