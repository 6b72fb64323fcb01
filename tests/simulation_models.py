"""Models that several tests of the simulation share."""

from typing import Any

from karvan.simulation.model import Model


def queue(
    servers: Any = 1, every: Any = "exponential(1.25)", service: Any = "exponential(1)", **more: Any
) -> Model:
    """A stage with a line, and what arrives there; stage columns may be added."""
    count = more.pop("count", None)
    horizon = more.pop("horizon_h", None)
    size = more.pop("size", 1)
    return Model(
        stages=[{"id": "desk", "servers": servers, "service_h": service, **more}],
        classes=[{"id": "customer", "route": ["desk"]}],
        sources=[
            {"id": "door", "class": "customer", "every_h": every, "count": count, "size": size}
        ],
        horizon_h=horizon,
    )


def tandem(n: int, count: int | None = None, **more: Any) -> Model:
    """Stages of one server in a row."""
    stages = [{"id": f"s{i}", "service_h": "exponential(1)", **more} for i in range(n)]
    return Model(
        stages=stages,
        classes=[{"id": "customer", "route": [s["id"] for s in stages]}],
        sources=[
            {"id": "door", "class": "customer", "every_h": "exponential(1.25)", "count": count}
        ],
    )


CORRIDOR_SERVERS = (20, 30, 12, 25, 15, 10, 0, 10, 12, 25, 12, 25)
WAGONS_PER_HOUR = 100_000 / 8760


def corridor() -> Model:
    """The corridor year d of the reference: twelve stages, the seventh a ferry of 12 vessels."""
    stages: list[dict[str, Any]] = []
    for i, servers in enumerate(CORRIDOR_SERVERS):
        mean = 0.8 * servers / WAGONS_PER_HOUR
        stages.append({"id": f"s{i}", "servers": servers, "service_h": f"lognormal({mean}, 0.5)"})
    stages[6] = {
        "id": "ferry",
        "servers": 12,
        "service_h": "lognormal(20, 0.5)",
        "batch": {
            "most": 50,
            "timetable_h": [24],
            "period_h": 24,
            "return_h": "lognormal(20, 0.5)",
        },
    }
    return Model(
        stages=stages,
        classes=[{"id": "wagon", "route": [s["id"] for s in stages]}],
        sources=[
            {"id": "rail", "class": "wagon", "every_h": f"exponential({1 / WAGONS_PER_HOUR})"}
        ],
        horizon_h=8760,
    )
