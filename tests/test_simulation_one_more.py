"""What one more of each brings, by running a model again with it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from karvan.cli.simulate import simulate_command
from karvan.errors import SimulationError
from karvan.simulation import bottlenecks, model_from, simulate
from karvan.simulation.formulas_markov import mmc

PORT: dict[str, Any] = {
    "horizon_h": 20_000,
    "warmup_h": 500,
    "stages": [
        {"id": "gate", "servers": "unlimited", "service_h": 0.5},
        {"id": "berth", "servers": 2, "service_h": "exponential(1)"},
        {"id": "yard", "servers": 9, "service_h": "exponential(1)", "takes": {"crane": 1}},
    ],
    "pools": [{"id": "crane", "units": 3}],
    "classes": [{"id": "ship", "route": ["gate", "berth", "yard"]}],
    "sources": [{"id": "sea", "class": "ship", "every_h": "exponential(0.6)"}],
}
WITHOUT_LIMITS = [{"id": i, "servers": "unlimited"} for i in ("gate", "berth", "yard")]


def test_gains_are_those_of_the_formula_and_nothing_comes_of_what_nobody_waits_for() -> None:
    found = {row.stage: row for row in bottlenecks(model_from(PORT), "ship", seed=4)}
    assert list(found) == ["berth", "pool crane", "yard"]
    rate = 1 / 0.6
    for name, few in (("berth", 2), ("pool crane", 3)):
        saved = mmc(few, rate, 1.0).wait_h - mmc(few + 1, rate, 1.0).wait_h
        gain = found[name].gain
        error = gain.half_width / 2.0
        assert gain.estimate == pytest.approx(saved, abs=3.5 * error)
        assert found[name].significant
    # Three cranes never let a fourth in nine places be used.
    assert found["yard"].gain.estimate == 0.0
    assert not found["yard"].significant


def test_gain_of_a_stage_is_the_difference_of_two_runs() -> None:
    model = model_from({**PORT, "horizon_h": 2_000})
    stages = [{**s, "servers": 3} if s["id"] == "berth" else s for s in PORT["stages"]]
    more = model_from({**PORT, "horizon_h": 2_000, "stages": stages})
    one, other = (
        simulate(m, replications=4, seed=1).classes["time_mean_h"].to_numpy() for m in (model, more)
    )
    found = bottlenecks(model, "ship", replications=4, seed=1, threads=2)
    assert found[0].stage == "berth"
    assert found[0].gain.estimate == pytest.approx(float(np.mean(one - other)))


@pytest.mark.parametrize(
    ("changes", "of_class", "words"),
    [
        ({}, "shp", "bottlenecks: the model has no class 'shp'; did you mean 'ship'"),
        ({"stages": WITHOUT_LIMITS, "pools": []}, "ship", "no stage has a number of servers"),
        ({"horizon_h": 501}, "ship", "at least 2"),
    ],
    ids=["class", "nothing", "nobody left"],
)  # fmt: skip
def test_what_cannot_be_ranked_is_named(changes: dict[str, Any], of_class: str, words: str) -> None:
    if changes.get("horizon_h"):
        changes = {**changes, "sources": [{**PORT["sources"][0], "every_h": 400, "count": 1}]}
    with pytest.raises(SimulationError, match=words):
        bottlenecks(model_from({**PORT, **changes}), of_class, replications=3)


TABLE = """
horizon_h = 2000
stages = [{ id = "desk", service_h = "exponential(1)" }, { id = "gate", service_h = 0.1 }]
classes = [{ id = "c", route = ["desk", "gate"] }]
sources = [{ id = "s", class = "c", every_h = "exponential(1.2)" }]
"""


@pytest.mark.parametrize(
    ("lang", "title"),
    [
        ("en", "What one more of each saves class c"),
        ("ru", "Что сберегает классу c ещё одна единица каждого"),
        ("az", "Hər birindən əlavə bir vahid c sinfinə nə qədər qənaət edir"),
        ("zh", "各增加一个单位为类别c的节省"),
    ],
)
def test_command_shows_what_one_more_saves(lang: str, title: str, tmp_path: Path) -> None:
    file = tmp_path / "m.toml"
    file.write_text(TABLE, "utf-8")
    options = [str(file), "--bottlenecks", "c", "--replications", "3"]
    runner = CliRunner()
    shown = runner.invoke(simulate_command, [*options, "--lang", lang])
    assert shown.exit_code == 0
    assert title in " ".join(shown.stdout.split())
    rows = json.loads(runner.invoke(simulate_command, [*options, "--json"]).stdout)["bottlenecks"]
    assert [row["stage"] for row in rows] == ["desk", "gate"]
    assert rows[0]["saved_h"] > 1.0


def test_after_ctrl_c_the_results_are_kept_and_the_bottlenecks_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("karvan.cli.simulate.bottlenecks", stopped)
    file = tmp_path / "m.toml"
    file.write_text(TABLE, "utf-8")
    done = CliRunner().invoke(
        simulate_command, [str(file), "--bottlenecks", "c", "--json"], standalone_mode=False
    )
    assert done.return_value == 130
    assert "bottlenecks are left out" in done.stderr
    assert len(json.loads(done.stdout)["replications"]) == 10
