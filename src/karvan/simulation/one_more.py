"""What one more server of each stage or unit of each pool brings, by running the model with it."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from karvan.errors import SimulationError
from karvan.simulation.comparison import Bottleneck, FloatArray, rank_bottlenecks
from karvan.simulation.critical_path import see_class
from karvan.simulation.model import UNLIMITED, Model
from karvan.simulation.simulate import SimulationResult, simulate
from karvan.simulation.statistics import CONFIDENCE

REPLICATIONS = 10


def bottlenecks(
    model: Model,
    of_class: str,
    *,
    replications: int = REPLICATIONS,
    seed: int = 0,
    threads: int = 1,
    horizon_h: float | None = None,
    warmup_h: float | None = None,
    confidence: float = CONFIDENCE,
) -> list[Bottleneck]:
    """Return stages and pools by the hours that one more of each saves a class, the most first.

    Every stage with a number of servers and every pool is tried, with the same random numbers; so
    it takes as many runs as there are of them, and one.  Pools are named ``pool <id>``.  A vessel
    or train is a server of its batch stage, or a unit of its pool.

    Parameters
    ----------
    model : Model
    of_class : str
        Whose mean time in the system counts.
    replications, seed, threads, horizon_h, warmup_h
        As of :func:`karvan.simulation.simulate.simulate`.
    confidence : float
        With which all intervals hold together.

    Raises
    ------
    ModelError
        The model cannot be run as it stands.
    SimulationError
        There is no such class, nothing that there could be more of, or too few replications in
        which somebody of the class left.
    KeyboardInterrupt
        Somebody pressed Ctrl-C.
    """
    see_class(model, of_class, "bottlenecks")
    changed = dict(_with_one_more(model))
    if not changed:
        message = "bottlenecks: no stage has a number of servers, and there is no pool"
        raise SimulationError(message)

    def times(variant: Model) -> dict[int, float]:
        result = simulate(
            variant,
            replications=replications,
            seed=seed,
            threads=threads,
            horizon_h=horizon_h,
            warmup_h=warmup_h,
        )
        if result.interrupted:
            # Of a run that was cut short nothing can be compared, and no other is begun.
            raise KeyboardInterrupt
        return _mean_times(result, of_class)

    base = times(model)
    after = {name: times(variant) for name, variant in changed.items()}
    # A replication in which nobody left, or that was lost, is left out of all.
    kept = sorted(set(base).intersection(*after.values()))
    if len(kept) < 2:
        message = (
            f"bottlenecks: in {len(kept)} replication(s) somebody of class {of_class} left, with "
            "one more and without; expected at least 2: run longer, or more replications"
        )
        raise SimulationError(message)

    def chosen(found: dict[int, float]) -> FloatArray:
        return np.array([found[n] for n in kept])

    return rank_bottlenecks(
        chosen(base), {name: chosen(found) for name, found in after.items()}, confidence=confidence
    )


def _with_one_more(model: Model) -> Iterator[tuple[str, Model]]:
    """Yield each stage and pool that is limited, and the model with one more of it."""
    for i, stage in enumerate(model.stages):
        if stage.servers != UNLIMITED:
            more = stage.model_copy(update={"servers": int(stage.servers) + 1})
            stages = (*model.stages[:i], more, *model.stages[i + 1 :])
            yield stage.id, model.model_copy(update={"stages": stages})
    for i, pool in enumerate(model.pools):
        wider = pool.model_copy(update={"units": pool.units + 1})
        pools = (*model.pools[:i], wider, *model.pools[i + 1 :])
        yield f"pool {pool.id}", model.model_copy(update={"pools": pools})


def _mean_times(result: SimulationResult, of_class: str) -> dict[int, float]:
    rows = result.classes.filter(
        (pl.col("class") == of_class) & pl.col("time_mean_h").is_not_null()
    )
    return dict(zip(rows["replication"].to_list(), rows["time_mean_h"].to_list(), strict=True))
