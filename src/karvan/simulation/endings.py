"""Why replications ended early, in words."""

from collections.abc import Sequence

from karvan.kernels import events as k
from karvan.simulation.layout import Layout
from karvan.simulation.replications import Replication

STANDING_SHOWN = 5
WAITS_FOR = {
    k.C_CLOSED: " (closed)",
    k.C_BATCH: " (a carrier waits for more)",
    k.C_POOL: " (waits for a pool or track)",
}


def endings(layout: Layout, done: Sequence[Replication]) -> list[str]:
    """Return a sentence for each way in which replications ended early."""
    names = {row: name for name, row in layout.stages.items()}
    found: dict[str, list[Replication]] = {}
    for r in done:
        found.setdefault(_kind(layout, r), []).append(r)
    found.pop("", None)
    if len(found.get("nothing left", done)) < len(done):
        del found["nothing left"]
    result = []
    for ended, of in found.items():
        r = of[0]
        numbers = f"replication(s) {', '.join(str(x.number) for x in of[:10])}"
        numbers += " ..." if len(of) > 10 else ""
        where = _where(r, names)
        hours = f"{r.time_h:g} h" + (", before the warm-up was over," if r.in_warmup else "")
        if ended == "ring":
            result.append(
                f"{numbers}: deadlock, found at the end ({r.time_h:g} h counted; still inside: "
                f"{where}): {', '.join(r.ring)}; give a pool or a stage of the ring more, or let "
                "all take what they need in the same order"
            )
        elif ended == "deadlock":
            ring = _ring(r.waits_for, names)
            result.append(
                f"{numbers}: deadlock after {hours}: {ring}; each is full and all its "
                "servers hold who waits for the next: give one of them more places"
            )
        elif ended == "nothing left":
            result.append(f"{numbers}: nothing left until the end; inside: {where}")
        elif ended == "over":
            result.append(f"{numbers}: all was over before the warm-up was; nothing is counted")
        elif ended == "stuck":
            result.append(f"{numbers}: nothing can happen any more, still inside: {where}")
        else:
            result.append(
                f"{numbers}: stopped after {hours}: {ended} ({where}); "
                "what was counted so far is kept"
            )
    return result


def _kind(layout: Layout, r: Replication) -> str:
    """Return how a replication ended; nothing if there is nothing to say of it."""
    if r.ring:
        return "ring"
    if r.ended not in {"horizon", "empty"}:
        return r.ended
    if r.time_h == 0.0 and r.events:
        return "over"
    if r.inside and not any(r.thing[c, k.C_EXITS] for c in layout.classes.values()):
        return "nothing left"
    return ""


def _where(r: Replication, names: dict[int, str]) -> str:
    """Return where most stand, and what lines wait for other than servers."""
    standing = sorted(r.inside.items(), key=lambda item: -item[1])[:STANDING_SHOWN]
    if not standing:
        return "nobody is inside"
    return ", ".join(
        f"{n} at {names.get(s, '-')}"
        + (WAITS_FOR.get(int(r.thing[s, k.CAUSE]), "") if r.thing[s, k.WAITING] else "")
        for s, n in standing
    )


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
