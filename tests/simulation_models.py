"""Models that several tests of the simulation share."""

# ruff: noqa: E501 - a row of a table of models is a line

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


def whole_corridor(wagons_per_h: float = 11.4) -> Model:
    """A year of a corridor with every kind of element: both ways, two borders, a sea, weather.

    Wagons form trains, pass a single track with a crossing place, change gauge with cranes, show
    documents and are inspected now and then, cross the sea in ships that a draught limits and a
    storm stops, and are handled in a port with limited places; empties come back.
    """
    ship = {"most": 50, "max_wait_h": 24, "payload": "draught", "return_h": "lognormal(20, 0.5)"}
    train = {"most": 40, "max_length_m": 900, "max_wait_h": 8}
    track = {"servers": "unlimited", "takes": {"track": 1}, "headway_h": 0.1}
    stages: list[dict[str, Any]] = [
        {"id": "yard", "servers": "unlimited", "batch": {**train, "carrier": "train"}},
        {"id": "track there", **track, "direction": 1, "service_h": "lognormal(0.5, 0.1)"},
        {"id": "crossing place", "places": 4, "servers": "unlimited", "service_h": 0.1},
        {"id": "gauge", "servers": 60, "takes": {"bogies": 1}, "service_h": "lognormal(3, 0.4)"},
        {"id": "documents", "servers": 30, "service_h": "erlang(1.5, 3)", "preemptive": True},
        {"id": "inspection", "servers": 8, "service_h": "hyperexponential(3, 1.5)"},
        {"id": "port", "servers": 40, "places": 400, "service_h": "triangular(1, 2, 4)"},
        {
            "id": "ferry",
            "servers": 12,
            "service_h": "lognormal(20, 0.5)",
            "batch": ship,
            "places": 2000,
        },
        {"id": "far port", "servers": 40, "service_h": "quantiles(1, 2, 2.5, 3, 6)"},
        {"id": "delivery", "servers": 60, "service_h": "weibull(4, 1.8)", "patience_h": 400},
        {"id": "yard back", "servers": "unlimited", "batch": {**train, "carrier": "train back"}},
        {"id": "track back", **track, "direction": 2, "service_h": "lognormal(0.5, 0.1)"},
    ]
    there = ["yard", "gauge", "documents", {"stage": "inspection", "probability": 0.1}]
    sea = ["port", "ferry", "far port", "delivery"]
    classes: list[dict[str, Any]] = [
        {"id": "wagon", "route": [*there, *sea], "length_m": 14, "priority": 2},
        {"id": "urgent", "route": [*there, *sea], "length_m": 14, "priority": 1},
        {"id": "empty", "route": ["yard back"], "length_m": 14},
        {"id": "train", "route": ["track there", "crossing place"]},
        {"id": "train back", "route": ["track back"]},
    ]
    sources = [
        {"id": "east", "class": "wagon", "share": 0.9, "profiles": ["week", "months"]},
        {"id": "express", "class": "urgent", "share": 0.1, "profiles": ["months"]},
        {"id": "west", "class": "empty", "share": 0.8, "profiles": []},
    ]
    for source in sources:
        source["every_h"] = f"exponential({1.0 / (wagons_per_h * source.pop('share'))!r})"  # type: ignore[operator]
    return Model(
        stages=stages,
        classes=classes,
        sources=sources,
        closures=[
            {"id": "storm", "stage": "ferry", "open_h": "exponential(240)", "closed_h": "lognormal(18, 0.8)", "work": "finishes"},
            {"id": "breakdown", "stage": "gauge", "open_h": "exponential(90)", "closed_h": "exponential(6)", "servers": 15, "work": "resumes"},
            {"id": "night", "stage": "inspection", "closed_from_h": [20], "closed_until_h": [30], "period_h": 24, "work": "resumes"},
        ],
        pools=[
            {"id": "track", "units": 3, "single_track": True, "run": 4},
            {"id": "bogies", "units": 55, "return_h": "uniform(0.5, 1)"},
        ],
        profiles=[
            {"id": "week", "starts_h": [0, 120], "factors": [1.1, 0.75], "period_h": 168},
            {"id": "months", "starts_h": [0, 2190, 6570], "factors": [0.9, 1.1, 0.9], "period_h": 8760},
            {"id": "draught", "starts_h": [0, 4380], "factors": [0.75, 0.7], "period_h": 8760},
        ],
        horizon_h=8760,
    )  # fmt: skip
