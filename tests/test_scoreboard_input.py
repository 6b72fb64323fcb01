"""Bad input is named: where, what, expected, what to do."""

import json

import numpy as np
import polars as pl
import pytest

from karvan.cli import main
from karvan.errors import ScoreboardError
from karvan.scoreboard import build, read_config, read_data, read_framework, to_document
from karvan.scoreboard.chain import run_chain
from karvan.scoreboard.settings import Config
from scoreboard_tables import PLAIN, chain_of, data, framework, random_values


def problems(call):
    with pytest.raises(ScoreboardError) as raised:
        call()
    assert all(p.check.startswith("scoreboard.") for p in raised.value.problems)
    return {p.check: p for p in reversed(raised.value.problems)}


def of_framework(**changes):
    return problems(lambda: read_framework(framework(**changes)))


def of_chain(values, config=PLAIN, sheet=None, **given):
    return problems(lambda: chain_of(values, config, sheet, **given))


FRAMEWORK_FAULTS = [
    ({"a1_direction": "up"}, "scoreboard.framework.direction", "'up'"),
    ({"a1_direction": "0"}, "scoreboard.framework.direction", "'0'"),
    ({"a1_weight": "-1"}, "scoreboard.framework.weight", "-1"),
    ({"a1_weight": "much"}, "scoreboard.value.number", "'much'"),
    ({"a1_weight": "inf"}, "scoreboard.value.infinite", "inf"),
    ({"a1_parent": ""}, "scoreboard.framework.orphan", "no parent"),
    ({"a1_parent": "C"}, "scoreboard.framework.parent", "'C'"),
    ({"a1_type": "indicater"}, "scoreboard.framework.type", "'indicater'"),
    ({"A_parent": "B", "B_parent": "A"}, "scoreboard.framework.loop", "a loop: "),
    ({"A_parent": ""}, "scoreboard.framework.root", "2 elements without parent: A, I"),
    ({"a1_low": "1", "a1_high": "1"}, "scoreboard.framework.goalposts", "low 1, high 1"),
    ({"a1_low": "2", "a1_high": "1"}, "scoreboard.framework.goalposts", "low 2, high 1"),
    ({"a1_denominator": "GDP"}, "scoreboard.framework.denominator", "'GDP'"),
    ({"a1_weight": "0", "a2_weight": "0"}, "scoreboard.framework.weights", "all zero"),
]


@pytest.mark.parametrize(("changes", "check", "found"), FRAMEWORK_FAULTS)
def test_faults_of_a_framework(changes, check, found):
    assert found in of_framework(**changes)[check].found


def test_an_indicator_in_two_pillars_is_named_with_both():
    twice = pl.concat([framework(), framework().head(1).with_columns(parent=pl.lit("B"))])
    found = problems(lambda: read_framework(twice))["scoreboard.framework.twice"]
    assert "'a1' again, below 'B'; first below 'A'" in found.found


def test_a_pillar_without_indicators_is_named():
    more = (
        framework()
        .vstack(
            pl.DataFrame({"element": ["C"], "parent": ["I"], "weight": ["1"], "direction": ["1"]})
        )
        .with_columns(type=pl.when(pl.col("element") == "C").then(pl.lit("aggregate")))
    )
    assert "scoreboard.framework.empty" in problems(lambda: read_framework(more))


def test_several_faults_come_together():
    found = of_framework(a1_direction="up", a2_parent="X", b1_weight="-2")
    assert {"scoreboard.framework.direction", "scoreboard.framework.parent"} <= found.keys()
    assert "scoreboard.framework.weight" in found


def test_shares_that_do_not_sum_to_one_are_told():
    sheet = read_framework(framework(a1_weight="0.5", a2_weight="0.4"))
    assert sheet.notes == ("weights of the children of A sum to 0.9, not 1: they are scaled to 1",)
    assert read_framework(framework(a1_weight="0.5", a2_weight="0.5")).notes == ()


def test_a_missing_column_is_named():
    found = problems(lambda: read_framework(framework().drop("parent")))
    assert "no column 'parent'" in found["scoreboard.framework.column"].found
    sheet = read_framework(framework())
    table = data(random_values()).rename({"b3": "b33"})
    found = problems(lambda: read_data(table, sheet))["scoreboard.data.column"]
    assert found.found == "no column 'b3'"
    assert "b33" in found.hint


def test_a_unit_twice_in_a_year_is_named():
    found = of_chain(random_values(), units=[f"u{min(k, 6)}" for k in range(8)])
    assert "'u6' again (also row 8)" in found["scoreboard.data.twice"].found


@pytest.mark.parametrize(
    ("cell", "check"),
    [("lots", "scoreboard.value.number"), ("inf", "scoreboard.value.infinite"),
     ("-inf", "scoreboard.value.infinite"), ("1e999", "scoreboard.value.infinite"),
     ("1e200", "scoreboard.value.huge")],
)  # fmt: skip
def test_a_cell_that_is_no_number_is_named(cell, check):
    table = data(random_values()).cast(pl.String)
    table = table.with_columns(
        a2=pl.when(pl.col("unit") == "u3").then(pl.lit(cell)).otherwise("a2")
    )
    found = problems(lambda: read_data(table, read_framework(framework())))[check]
    assert found.where == "data row 5 (u3) a2"


@pytest.mark.parametrize("hole", ["", "NA", "NaN", None])
def test_holes_of_other_programs_are_no_data(hole):
    table = data(random_values()).cast(pl.String)
    table = table.with_columns(
        a2=pl.when(pl.col("unit") == "u3").then(pl.lit(hole)).otherwise("a2")
    )
    panel, _ = read_data(table, read_framework(framework()))
    assert np.isnan(panel.value[3, 1])
    assert panel.status[3, 1] == 0


def test_a_loop_is_named_and_nothing_that_follows_from_it():
    found = problems(lambda: read_framework(framework(A_parent="B", B_parent="A")))
    assert set(found) == {"scoreboard.framework.loop"}
    assert found["scoreboard.framework.loop"].found == "a loop: A -> B -> A"


def test_an_empty_line_of_a_framework_is_no_loop(tmp_path):
    path = tmp_path / "framework.csv"
    path.write_text("element,parent\na,T\n,\nT,\n")
    found = problems(lambda: read_framework(path))
    assert found["scoreboard.framework.element"].found == "no element"
    assert "scoreboard.framework.loop" not in found


@pytest.mark.parametrize("line", [b"unit,a\xff\n1,2\n", b"\x9d\xfe\x00\xc1"])
def test_bytes_that_are_no_text_are_named(tmp_path, line):
    path = tmp_path / "data.csv"
    path.write_bytes(line)
    found = problems(lambda: read_data(path, read_framework(framework())))
    assert found.keys() == {"scoreboard.data.file"}
    assert found["scoreboard.data.file"].found == "bytes that are no UTF-8"


@pytest.mark.parametrize(
    ("text", "found"),
    [("unit;a1\nx;1\ny;2\n", "cells that are separated by semicolons"),
     ("unit\ta1\nx\t1\n", "cells that are separated by tabs"),
     ("unit;a1\nx;1,5,3\n", "a row with more cells than the first line has columns"),
     (None, "no such file")],
)  # fmt: skip
def test_a_file_of_another_kind_is_named(tmp_path, text, found):
    path = tmp_path / "data.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    problem = problems(lambda: read_data(path, read_framework(framework())))["scoreboard.data.file"]
    assert problem.found == found
    assert "commas" in problem.expected


def test_an_id_may_be_the_code_of_namibia():
    values = random_values(3)
    panel, _ = read_data(data(values, units=["NA", "ZA", "BW"]), read_framework(framework()))
    assert panel.unit == ("NA", "ZA", "BW")


def test_a_constant_indicator_is_refused_or_dropped():
    values = random_values()
    values[:, 2] = 7.0
    found = of_chain(values)["scoreboard.indicator.constant"]
    assert found.where == "indicator b1"
    assert found.found == "one value only: 7"
    config = PLAIN | {"steps": ["screen"], "screen": {"constant_indicators": "drop"}}
    chain = chain_of(values, config)
    assert "b1" not in chain.framework.element
    assert any("b1" in note for log in chain.logs for note in log.notes)


def test_an_indicator_with_one_value_only_is_refused():
    values = random_values()
    values[1:, 2] = np.nan
    assert "scoreboard.indicator.constant" in of_chain(values)


def test_a_year_whose_scale_all_use_needs_values_that_differ():
    values = random_values(8)
    years = [2000] * 4 + [2001] * 4
    units = [f"u{n}" for n in range(4)] * 2
    config = PLAIN | {"normalise": {"method": "z_score", "year": 2000}}
    for held, said in ((np.nan, "no data in 2000"), (3.0, "one value only in 2000: 3")):
        values[:4, 2] = held
        found = problems(lambda: chain_of(values, config, years=years, units=units))
        assert said in found["scoreboard.indicator.constant"].found


def test_an_indicator_without_data_is_refused_or_dropped():
    values = random_values()
    values[:, 2] = np.nan
    assert of_chain(values)["scoreboard.indicator.empty"].where == "indicator b1"
    chain = chain_of(values, PLAIN | {"screen": {"empty_indicators": "drop"}})
    assert "b1" not in chain.framework.element
    assert "scoreboard.data.empty" in of_chain(
        np.full((3, 5), np.nan), PLAIN | {"screen": {"empty_indicators": "drop"}}
    )


def test_a_unit_without_data_gets_no_score_and_is_named():
    values = random_values()
    values[4] = np.nan
    chain = chain_of(values, PLAIN)
    assert np.isnan(chain.score[4]).all()
    assert np.isnan(chain.rank[4]).all()
    notes = [note for log in chain.logs for note in log.notes]
    assert "u4: no score of A, B, I, no data at all" in notes
    board = build(data(values), framework(), {"steps": [], "uncertainty": {"draws": 50}})
    row = board.ranking().row(-1, named=True)
    assert row["unit"] == "u4"
    assert row["rank"] is None
    assert row["rank_low"] is None
    assert json.dumps(board.ranking().to_dicts(), allow_nan=False)


def test_one_unit_alone_cannot_be_compared_but_measured_against_posts():
    one = random_values(1)
    assert "one unit only" in of_chain(one)["scoreboard.indicator.constant"].found
    names = ("a1", "a2", "b1", "b2", "b3")
    sheet = framework(**{f"{n}_low": 0 for n in names}, **{f"{n}_high": 100 for n in names})
    chain = chain_of(one, PLAIN | {"normalise": {"method": "goalposts"}}, sheet)
    assert chain.score[0, :5] == pytest.approx(one[0])


def test_values_below_zero_before_a_geometric_mean_are_named():
    posts = {"method": "goalposts", "clip": False}
    names = ("a1", "a2", "b1", "b2", "b3")
    sheet = framework(**{f"{n}_low": 0 for n in names}, **{f"{n}_high": 100 for n in names})
    values = random_values()
    values[2, 3] = -5.0
    config = PLAIN | {"normalise": posts, "aggregate": {"method": "geometric"}}
    found = of_chain(values, config, sheet)["scoreboard.aggregate.impossible"]
    assert found.where == "b2 below B"
    assert "values down to -5" in found.found


def test_a_logarithm_of_values_below_zero_is_shifted_not_lost():
    values = random_values(40)
    values[:, 0] = -np.exp(np.linspace(0.0, 9.0, 40))
    config = {"steps": ["treat"], "treat": {"attempts": ["log", "signed_log"]}}
    chain = chain_of(values, config | {"uncertainty": {"draws": 0}})
    assert np.isfinite(chain.stages["treated"].value).all()


def test_posts_that_are_missing_or_of_no_use_are_named():
    found = of_chain(random_values(), PLAIN | {"normalise": {"method": "goalposts"}})
    assert found["scoreboard.normalise.posts"].where.startswith("framework ")
    config = PLAIN | {"normalise": {"method": "min_max", "range": [100.0, 1.0]}}
    assert "scoreboard.normalise.range" in of_chain(random_values(), config)
    config = {"method": "goalposts", "posts": "quantiles", "quantiles": [0.9, 0.1]}
    assert "scoreboard.normalise.quantiles" in of_chain(
        random_values(), PLAIN | {"normalise": config}
    )
    config = PLAIN | {"normalise": {"year": 1999}}
    assert "scoreboard.normalise.year" in of_chain(random_values(), config)


def test_targets_after_a_change_of_unit_are_refused():
    values = random_values(40)
    values[:, 0] = np.exp(np.linspace(0.0, 12.0, 40))
    names = ("a1", "a2", "b1", "b2", "b3")
    sheet = framework(**{f"{n}_target": 1e7 for n in names})
    config = {"steps": ["treat"], "treat": {"attempts": ["log"]}}
    config |= {"normalise": {"method": "distance_to_target"}}
    found = of_chain(values, config, sheet)["scoreboard.normalise.transformed"]
    assert found.where == "indicator a1"


def test_a_denominator_of_zero_is_named():
    rows = framework(a1_denominator="d").with_columns(type=pl.lit(None, dtype=pl.String))
    rows = rows.vstack(
        pl.DataFrame({c: [{"element": "d", "type": "denominator"}.get(c)] for c in rows.columns},
                     schema=rows.schema)
    )  # fmt: skip
    sheet = read_framework(rows)
    panel, _ = read_data(data(random_values()).with_columns(d=pl.lit(0.0)), sheet)
    found = problems(lambda: run_chain(panel, sheet.framework, Config()))
    assert found["scoreboard.denominator.zero"].where == "u0 d"


CONFIG_FAULTS = [
    ({"normalize": {}}, "scoreboard.config.key", "normalise"),
    ({"normalise": {"method": "minmax"}}, "scoreboard.config.value", ""),
    ({"screen": {"min_data_share": 2.0}}, "scoreboard.config.value", ""),
    ({"uncertainty": {"draws": "many"}}, "scoreboard.config.value", ""),
    ({"treat": {"skewness": float("nan")}}, "scoreboard.config.value", ""),
]


@pytest.mark.parametrize(("given", "check", "hint"), CONFIG_FAULTS)
def test_faults_of_a_configuration(given, check, hint):
    found = problems(lambda: read_config(given))[check]
    assert hint in found.hint


CHAIN_FAULTS = [
    ({"aggregate": {"method": ["arithmetic"]}}, "scoreboard.aggregate.levels"),
    ({"steps": ["treat", "impute"]}, "scoreboard.steps.order"),
    ({"steps": ["treat", "treat"]}, "scoreboard.steps.twice"),
    ({"weigh": {"method": "pca", "levels": [9]}}, "scoreboard.weigh.levels"),
    ({"weigh": {"method": "equal_importance", "levels": [1]}}, "scoreboard.weigh.levels"),
    ({"weigh": {"method": "budget"}}, "scoreboard.weigh.budget"),
    ({"weigh": {"method": "budget", "budget": {"e": {"x": 1.0}}}}, "scoreboard.weigh.element"),
    ({"weigh": {"method": "budget", "budget": {"e": {"a1": -1.0}}}}, "scoreboard.weigh.negative"),
]


@pytest.mark.parametrize(("given", "check"), CHAIN_FAULTS)
def test_faults_of_methods(given, check):
    assert check in of_chain(random_values(), PLAIN | given)


def test_things_of_another_kind_are_named():
    found = problems(lambda: build([1, 2], framework()))["scoreboard.data.type"]
    assert found.found == "a list"
    assert "scoreboard.framework.type" in problems(lambda: build(data(random_values()), {}))
    found = problems(lambda: build(data(random_values()), framework(), [1]))
    assert "scoreboard.config.type" in found


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e140])
def test_scores_are_the_same_for_values_of_any_size(scale):
    values = np.exp(np.random.default_rng(1).normal(0.0, 1.5, (30, 5)))
    config = {"steps": ["treat"]}
    one, other = chain_of(values, config), chain_of(values * scale, config)
    np.testing.assert_allclose(other.score, one.score, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("min_share", [0.0, 1.0])
def test_documents_hold_no_nan_also_where_nobody_has_a_score(min_share):
    values = random_values()
    values[np.arange(8), np.arange(8) % 5] = np.nan
    mean = {"method": "arithmetic", "min_share": min_share}
    config = {"steps": [], "aggregate": mean, "uncertainty": {"draws": 20}}
    board = build(data(values), framework(), config | {"sensitivity": {"log2_base": 4}})
    document = json.loads(json.dumps(to_document(board), allow_nan=False))
    scored = [row["rank"] for row in document["ranking"] if row["rank"] is not None]
    assert len(scored) == (8 if min_share == 0.0 else 0)


def test_an_unknown_group_is_named():
    values = random_values()
    values[0, 0] = np.nan
    config = PLAIN | {"steps": ["impute"], "impute": [{"method": "mean", "by": "region"}]}
    assert "'region'" in of_chain(values, config)["scoreboard.impute.group"].found


@pytest.mark.parametrize(
    ("sets", "where"),
    [(np.ones((3, 2)), "weight_sets"), (np.ones(8), "weight_sets"),
     (np.full((2, 8), np.nan), "weight_sets set 1 a1"), (-np.ones((1, 8)), "weight_sets set 1 a1"),
     (np.zeros((1, 8)), "weight_sets set 1, children of A"), ([["a"] * 8], "weight_sets"),
     (np.empty((0, 8)), "weight_sets")],
)  # fmt: skip
def test_arrays_of_weight_sets_are_checked(sets, where):
    def made():
        return build(
            data(random_values()), framework(), {"uncertainty": {"draws": 9}}, weight_sets=sets
        )

    assert problems(made)["scoreboard.weights.set"].where == where


def test_a_set_of_the_configuration_that_leaves_a_pillar_nothing_is_named():
    sets = [{"a1": 0.0, "a2": 0.0}]
    config = {"uncertainty": {"draws": 9, "weights": "sets", "weight_sets": sets}}
    found = problems(lambda: build(data(random_values()), framework(), config))
    assert found["scoreboard.weights.set"].where == "weight_sets set 1, children of A"


def test_a_framework_of_indicators_and_an_index_alone_has_a_document():
    sheet = pl.DataFrame({"element": ["x", "a1", "a2"], "parent": ["", "x", "x"]})
    board = build(data(random_values()), sheet, {"uncertainty": {"draws": 20}})
    document = to_document(board)
    assert json.dumps(document, allow_nan=False)
    assert {(row["level"], row["element"]) for row in document["without"]} == {(1, "a1"), (1, "a2")}
    assert document["correlations"] == []


def test_questions_about_what_is_not_there_are_named():
    board = build(data(random_values()), framework(), {"uncertainty": {"draws": 9}})
    asked = {
        "scoreboard.weigh.levels": lambda: board.adjusted_weights(7),
        "scoreboard.weigh.target": lambda: board.adjusted_weights(2, np.ones(2)),
        "scoreboard.removal.level": lambda: board.without(9),
        "scoreboard.chance.unit": lambda: board.chance_above("u1", "nobody"),
        "scoreboard.decompose.element": lambda: board.rank_draws("nothing"),
        "scoreboard.trace.unknown": lambda: board.trace("nobody"),
    }
    for check, question in asked.items():
        assert check in problems(question)
    assert "scoreboard.weigh.target" in problems(lambda: board.adjusted_weights(2, -np.ones(8)))


def test_cells_that_hold_lists_and_folders_are_named(tmp_path):
    lists = data(random_values(3)).with_columns(a1=pl.Series([[1], [2], [3]]))
    found = problems(lambda: read_data(lists, read_framework(framework())))
    assert found["scoreboard.data.column"].found == "lists or structures in a1"
    found = problems(lambda: read_data(tmp_path, read_framework(framework())))
    assert found["scoreboard.data.file"].found == "a folder"


def test_weight_sets_are_checked():
    for one, check in (({"x": 1.0}, "element"), ({"a1": -1.0}, "negative")):
        config = {"steps": [], "uncertainty": {"weights": "sets", "weight_sets": [one]}}
        found = problems(lambda c=config: build(data(random_values()), framework(), c))
        assert f"scoreboard.weights.{check}" in found
    config = {"steps": [], "uncertainty": {"weights": "sets"}}
    found = problems(lambda: build(data(random_values()), framework(), config))
    assert "scoreboard.weights.sets" in found


# The command line, as a user types it.


def run(capsys, *args):
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in args])
    out, err = capsys.readouterr()
    return end.value.code, out, err


@pytest.fixture
def files(tmp_path):
    random = random_values(12)
    random[3, 2] = np.nan
    data(random).write_csv(tmp_path / "data.csv")
    framework().write_csv(tmp_path / "framework.csv")
    (tmp_path / "score.toml").write_text(
        '[[impute]]\nmethod = "median"\n[uncertainty]\ndraws = 60\n[sensitivity]\nlog2_base = 5\n'
    )
    return tmp_path


def test_score_in_the_terminal_names_what_was_done(capsys, files, monkeypatch):
    monkeypatch.chdir(files)
    code, out, _ = run(capsys, "score", "data.csv", "framework.csv", "--config", "score.toml")
    assert code == 0
    for word in ("Ranking", "What moves the ranks", "1 of 1 cells filled", "skipped"):
        assert word in out


@pytest.mark.parametrize("language", ["ru", "az", "zh"])
def test_score_speaks_four_languages(capsys, files, monkeypatch, language):
    monkeypatch.chdir(files)
    args = ("score", "data.csv", "framework.csv", "--lang", language, "--draws", "20", "--quiet")
    code, out, _ = run(capsys, *args)
    assert code == 0
    assert "What moves the ranks" not in out


def test_score_writes_json_and_csv(capsys, files, monkeypatch):
    monkeypatch.chdir(files)
    args = ("score", "data.csv", "framework.csv", "--config", "score.toml", "--quiet")
    code, out, err = run(capsys, *args, "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert len(document["ranking"]) == 12
    assert document["uncertainty"]["draws"] == 60
    assert document["sensitivity"]["exact"] is False
    assert {s["step"] for s in document["steps"]} >= {"impute", "normalise", "aggregate"}
    assert run(capsys, *args, "-o", "out.csv")[0] == 0
    assert pl.read_csv(files / "out.csv")["unit"].len() == 12
    again = json.loads(run(capsys, *args, "--json")[1])
    assert again == document


def test_score_shows_the_cells_of_a_unit(capsys, files, monkeypatch):
    monkeypatch.chdir(files)
    args = ("score", "data.csv", "framework.csv", "--config", "score.toml", "--unit")
    assert "imputed" in run(capsys, *args, "u3")[1]
    code, _, err = run(capsys, *args, "u33")
    assert code == 2
    assert "did you mean 'u3'" in err


def test_score_names_what_is_wrong_with_a_file(capsys, files, monkeypatch):
    monkeypatch.chdir(files)
    code, _, err = run(capsys, "score", "nowhere.csv", "framework.csv")
    assert code == 2
    assert "nowhere.csv" in err
    (files / "bad.csv").write_bytes(b"\xff\xfe\x00\x81")
    code, _, err = run(capsys, "score", "bad.csv", "framework.csv")
    assert code == 2
    assert "bad.csv" in err
    (files / "empty.csv").write_text("")
    assert run(capsys, "score", "empty.csv", "framework.csv")[0] == 2
    (files / "bad.toml").write_text("x = ")
    code, _, err = run(capsys, "score", "data.csv", "framework.csv", "--config", "bad.toml")
    assert code == 2
    assert "bad.toml" in err
    code, _, err = run(capsys, "score", "data.csv", "framework.csv", "--year", "2020")
    assert code == 2
    assert "no years" in err
