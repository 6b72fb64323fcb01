"""Tables of the stage `assign` agree with each other, and flows with the facts beside them."""

from collections import defaultdict

import numpy as np
import polars as pl
import pytest

from corridor_cases import BOXES, BOXES_WEST, GRAIN, RAIL, fork
from karvan.case import Case
from karvan.case.no_alternative import UNSERVED
from karvan.freight.corridor import assign
from karvan.network.model import COST, TIME
from karvan.runs.assignment_tables import LEAST_TEU, STEPS, TABLES, assignment_tables
from karvan.runs.flow_validation import flow_value
from karvan.schema import LIST_SEPARATOR, result_tables

NARROW = {"capacity_trains_per_day": 0.1}
MIXED = {
    "commodities": [BOXES, GRAIN],
    "links": {"ax": NARROW, "xb": {"capacity_t_per_year": 90000}},
    "flows": [
        {"commodity_id": "containers", **BOXES_WEST},
        {
            "commodity_id": "grain",
            **BOXES_WEST,
            "id": "grain",
            "market": "bread",
            "flow_teu_per_year": "",
            "flow_t_per_year": 100000,
        },
    ],
}


def tables_of(case: Case) -> dict[str, pl.DataFrame]:
    return dict(assignment_tables(case, lambda share: None))


@pytest.fixture(scope="module")
def mixed() -> dict[str, pl.DataFrame]:
    return tables_of(fork(**MIXED))


@pytest.fixture(scope="module")
def shipped(middle_corridor: Case) -> dict[str, pl.DataFrame]:
    return tables_of(middle_corridor.with_scenario("base-2024"))


@pytest.fixture(params=["mixed", "shipped"])
def both(request: pytest.FixtureRequest) -> dict[str, pl.DataFrame]:
    found: dict[str, pl.DataFrame] = request.getfixturevalue(request.param)
    return found


def teu(frame: pl.DataFrame, **where: str) -> float:
    for column, value in where.items():
        frame = frame.filter(pl.col(column) == value)
    return float(frame["teu"].sum())


def test_keys_are_unique(both: dict[str, pl.DataFrame]) -> None:
    for name in TABLES:
        keys = [column.name for column in result_tables()[name] if column.key]
        if keys:
            assert not both[name].select(keys).is_duplicated().any(), name
        # All cargo could pass here, so that there is nothing to lift.
        assert both[name].height or name == "lifting", name


def test_a_case_without_flows_has_empty_tables() -> None:
    found = tables_of(fork(flows=[]))
    assert set(found) == set(TABLES)
    assert all(frame.height == 0 for frame in found.values())


def test_flows_add_up_in_every_table(both: dict[str, pl.DataFrame]) -> None:
    summary = both["assignment"].row(0, named=True)
    alternatives, itineraries = both["alternative_flows"], both["flow_itineraries"]
    served = alternatives.filter(pl.col("alternative_id") != UNSERVED)
    carried = itineraries.filter(pl.col("alternative_id") != UNSERVED)
    assert teu(served) == pytest.approx(summary["teu"], rel=1e-9)
    assert served["t"].sum() == pytest.approx(summary["t"], rel=1e-9)
    # Itineraries with less than a TEU are left out of that table alone.
    missing = summary["teu"] - teu(carried)
    assert -1e-6 <= missing < LEAST_TEU * 40 * summary["flows"]
    assert (itineraries["teu"] >= LEAST_TEU).all()
    shares = alternatives.group_by("market", "commodity_id").agg(pl.col("share").sum())
    # Less than a TEU that stays away has no row.
    assert shares["share"].to_list() == pytest.approx([1.0] * shares.height, abs=1e-3)


def test_itineraries_are_ranked_by_what_they_carry(both: dict[str, pl.DataFrame]) -> None:
    for _, rows in both["flow_itineraries"].group_by("flow_id"):
        in_order = rows.sort("rank")
        assert in_order["rank"].to_list() == list(range(1, rows.height + 1))
        assert in_order["teu"].to_list() == sorted(in_order["teu"], reverse=True)


def test_loads_of_services_and_links_are_those_of_the_itineraries(
    both: dict[str, pl.DataFrame],
) -> None:
    loads = both["loads"]
    by_service: dict[str, float] = defaultdict(float)
    for row in both["flow_itineraries"].iter_rows(named=True):
        for service in set(row["services"].split(LIST_SEPARATOR)) - {""}:
            by_service[service] += row["teu"]
    hops = loads.filter(pl.col("kind") == "service").group_by("id", "from_node", "to_node")
    most = hops.agg(pl.col("teu").sum()).group_by("id").agg(pl.col("teu").sum())
    for name, total in most.iter_rows():
        # A service with several hops carries a TEU on each; itineraries below a TEU count too.
        assert total >= by_service[name] - 1e-6
    assert set(by_service) <= set(most["id"])


def test_loads_by_hand(mixed: dict[str, pl.DataFrame]) -> None:
    loads, flows = mixed["loads"], mixed["alternative_flows"]
    for route in ("x", "y", "z"):
        for goods, tonnes in (("containers", 10.0), ("grain", 20.0)):
            carried = teu(flows, alternative_id=f"by-{route}", commodity_id=goods)
            for link in (f"a{route}", f"{route}b"):
                row = loads.filter((pl.col("id") == link) & (pl.col("commodity_id") == goods))
                assert row["teu"].to_list() == pytest.approx([carried])
                assert row["t"].to_list() == pytest.approx([tonnes * carried])
    assert loads["from_node"].is_in(["a", "x", "y", "z"]).all()


def test_bottlenecks_say_what_is_full_and_what_more_would_bring(
    both: dict[str, pl.DataFrame],
) -> None:
    rows = both["bottlenecks"].sort("rank")
    gains = rows["gain_usd"].drop_nulls().to_list()
    assert gains == sorted(gains, reverse=True)
    priced = rows.filter(pl.col("price_usd") > 0.0)
    assert priced.height
    assert priced["utilization"].to_list() == pytest.approx([1.0] * priced.height, rel=1e-6)
    assert (rows["utilization"].drop_nulls() <= 1.0 + 1e-9).all()
    assert priced["rank"].to_list() == list(range(1, priced.height + 1))
    assert priced["gain_usd"].null_count() == 0
    for row in priced.iter_rows(named=True):
        assert row["step"] == STEPS[row["unit"]]
        assert 0.0 <= row["gain_usd"] <= row["step"] * row["price_usd"] * (1.0 + 1e-6)
    assert rows.filter(pl.col("price_usd") == 0.0)["gain_usd"].null_count() == rows.height - (
        priced.height
    )


@pytest.mark.parametrize(("trains", "chain"), [(0.1, "xb x b"), (0.11, "")])
def test_next_sections_that_are_as_tight_are_named_beside_a_bottleneck(
    trains: float, chain: str
) -> None:
    rows = tables_of(fork(links={"ax": NARROW, "xb": {"capacity_trains_per_day": trains}}))
    first = rows["bottlenecks"].sort("rank").row(0, named=True)
    assert (first["id"], first["from_node"], first["chain"]) == ("ax", "a", chain)


def test_means_are_weighted_by_teu() -> None:
    case = fork(**MIXED)
    found, summary = assign(case), tables_of(case)["assignment"].row(0, named=True)
    served = [p for p, path in enumerate(found.paths) if len(path.arcs)]
    flow = found.equilibrium.flow[served]
    for name, column in (("mean_h", TIME), ("mean_cost_usd_per_teu", COST)):
        values = found.path_costs(column)[served]
        assert summary[name] == pytest.approx(np.average(values, weights=flow))


def test_flows_of_nothing_have_no_mean() -> None:
    row = {"commodity_id": "containers", **BOXES_WEST, "flow_teu_per_year": 0}
    found = tables_of(fork(flows=[row]))
    summary = found["assignment"].row(0, named=True)
    assert summary["teu"] == 0.0
    assert summary["mean_h"] is None
    assert summary["converged"]


def fact(**columns: str) -> dict[str, str | None]:
    names = ("subject_id", "origin", "destination", "via", "market", "commodity_ids")
    return {**dict.fromkeys(names), "quantity": "flow_teu", **columns}


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ({"subject_id": "by-x"}, {"alternative_id": "by-x"}),
        ({"subject_id": "ay"}, {"alternative_id": "by-y"}),
        ({"via": "z"}, {"alternative_id": "by-z"}),
        ({"via": "a;z"}, {"alternative_id": "by-z"}),
        ({"via": "b;z"}, {"alternative_id": "by-z"}),
        (
            {"subject_id": "by-x", "commodity_ids": "grain"},
            {"alternative_id": "by-x", "commodity_id": "grain"},
        ),
        ({"subject_id": "by-y", "market": "bread"}, {"alternative_id": "by-y", "market": "bread"}),
    ],
)
def test_modelled_flows_are_the_sums_of_the_table(
    mixed: dict[str, pl.DataFrame], row: dict[str, str], where: dict[str, str]
) -> None:
    case = fork(**MIXED)
    value, detail = flow_value(case, fact(**row))
    assert value == pytest.approx(teu(mixed["alternative_flows"], **where))
    assert detail.startswith("flows of 2024: ")


def test_modelled_tonnes_pairs_and_shares(mixed: dict[str, pl.DataFrame]) -> None:
    case, flows = fork(**MIXED), mixed["alternative_flows"]
    served = flows.filter(pl.col("alternative_id") != UNSERVED)
    tonnes, _ = flow_value(case, fact(quantity="flow_t", subject_id="by-x"))
    assert tonnes == pytest.approx(served.filter(pl.col("alternative_id") == "by-x")["t"].sum())
    pair, _ = flow_value(case, fact(origin="a", destination="b"))
    assert pair == pytest.approx(teu(served))
    assert flow_value(case, fact(origin="b", destination="a"))[0] == 0.0
    share, _ = flow_value(case, fact(quantity="flow_share", subject_id="by-x"))
    assert share == pytest.approx(100.0 * teu(served, alternative_id="by-x") / teu(served))
    nothing, _ = flow_value(case, fact(quantity="flow_share", market="none", subject_id="by-x"))
    assert nothing is None


def test_shares_are_among_what_goes_by_land() -> None:
    sea = [
        {"id": "by-ship", "gateways": "x", "by": "sea"},
        {"id": "by-y", "gateways": "y"},
        {"id": "by-z", "gateways": "z"},
    ]
    case = fork(**{**MIXED, "alternatives": sea})
    flows = tables_of(case)["alternative_flows"]
    share, _ = flow_value(case, fact(quantity="flow_share", subject_id="by-y"))
    by_land = teu(flows, alternative_id="by-y") + teu(flows, alternative_id="by-z")
    assert share == pytest.approx(100.0 * teu(flows, alternative_id="by-y") / by_land)


def test_modelled_trains_divide_by_the_load_of_a_train(mixed: dict[str, pl.DataFrame]) -> None:
    rail = {"id": "rail-kz", "mode": "rail", "teu_per_train": 40}
    case = fork(**MIXED, rates=[RAIL, rail])
    counted = fact(quantity="trains", subject_id="by-y", rate_id="rail-kz")
    trains, _ = flow_value(case, counted)
    assert trains == pytest.approx(teu(mixed["alternative_flows"], alternative_id="by-y") / 40.0)
    assert flow_value(fork(**MIXED), counted)[0] is None
