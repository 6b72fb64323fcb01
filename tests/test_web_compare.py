"""What the app's comparison says of pillars and simulations: it is that of the command line."""

from dataclasses import asdict
from pathlib import Path

import pytest

from indicator_tables import write_scoreboard
from karvan.case import read_case
from karvan.case.model import resolve
from karvan.runs import run
from karvan.runs.compare_scores import compare_scores
from karvan.runs.compare_simulation import compare_simulation
from karvan.runs.stages import Effort
from karvan.web.jobs import Desk
from karvan.web.models import JourneyDiff, ScoreDiff


def desk(case: Path, results: Path) -> Desk:
    return Desk(case, results, lambda _: None)


def test_a_pillar_that_moved_is_there_with_interval_parts_and_verdict(
    two_port: Path, tmp_path: Path
) -> None:
    write_scoreboard(two_port)
    path = two_port / "scoreboard" / "indicators.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    low, high = (head.split(",").index(f"goalpost_{end}") for end in ("low", "high"))
    for n, row in enumerate(rows):
        cells = row.split(",")
        if cells[0] == "days":
            cells[low], cells[high] = "0", "2000"
            rows[n] = ",".join(cells)
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    units = two_port / "scoreboard" / "units.csv"
    head, first, *rest = units.read_text(encoding="utf-8").splitlines()
    pair = read_case(two_port).table("pairs")["id"][0]
    lines = [f"{head},pair_id", f"{first},{pair}", *(f"{line}," for line in rest)]
    units.write_text("\n".join(lines) + "\n", encoding="utf-8")
    case = read_case(two_port)
    results = [
        run(resolve(case, scenario=scenario), tmp_path / name)
        for name, scenario in (("a", ""), ("b", "daily-2030"))
    ]
    expected = {(c.unit_id, c.element_id): c for c in compare_scores(*results)}
    assert expected
    found = [
        ScoreDiff.model_validate(s) for s in desk(two_port, tmp_path).compare("a", "b")["scores"]
    ]
    assert {(s.unit_id, s.element_id) for s in found} == expected.keys()
    for one in found:
        change = expected[one.unit_id, one.element_id]
        assert one.after is not None
        assert one.before is not None
        assert one.after - one.before == pytest.approx(change.points)
        assert (one.change_low, one.beyond_noise) == (
            change.low,
            change.beyond_noise,
        )
        assert sum(part.points for part in one.parts) == pytest.approx(change.points)


def test_runs_without_a_scoreboard_move_no_pillar(two_port: Path, tmp_path: Path) -> None:
    case = read_case(two_port)
    for name, scenario in (("a", ""), ("b", "daily-2030")):
        run(resolve(case, scenario=scenario), tmp_path / name)
    assert desk(two_port, tmp_path).compare("a", "b")["scores"] == []


def test_every_simulated_journey_of_both_runs_is_there_with_its_paired_interval(
    two_port: Path, tmp_path: Path
) -> None:
    case = read_case(two_port)
    results = [
        run(resolve(case, scenario=scenario), tmp_path / name, effort=Effort(replications=2))
        for name, scenario in (("a", ""), ("b", "daily-2030"))
    ]
    expected = compare_simulation(*results)
    sent = desk(two_port, tmp_path).compare("a", "b")["journeys"]
    found = [JourneyDiff.model_validate(one) for one in sent]
    assert [one.model_dump() for one in found] == [asdict(change) for change in expected]
    ids = [set(one.table("simulated_journeys")["journey_id"]) for one in results]
    own = [one for one in found if one.journey_id]
    assert own
    assert {one.journey_id for one in own} <= ids[0]
    assert {one.later_id for one in own} <= ids[1]
    assert all(one.mean_h.low is not None for one in own)
