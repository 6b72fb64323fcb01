"""Outputs of COINr 1.1.14 on the ASEM example data, and its 1,000 uncertainty draws replayed.

The data are for tests only and do not ship: the tests skip without them.
"""

import importlib.util
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from karvan.scoreboard import Config, build, read_data, read_framework
from karvan.scoreboard.chain import run_chain
from karvan.scoreboard.read_config import read_config
from karvan.scoreboard.removal import removal
from karvan.scoreboard.sensitivity import sensitivity
from karvan.scoreboard.settings import Aggregate, Sensitivity
from karvan.scoreboard.space import space_of
from karvan.scoreboard.statistics import TIE, describe, score_ranks
from karvan.scoreboard.uncertainty import uncertainty

pytestmark = pytest.mark.published

RELATIVE = 1e-9
ZERO = 1e-12
"""Differences of values that are zero but for rounding."""

BASE = {
    "steps": ["denominate", "impute", "screen", "treat"],
    "screen": {"min_data_share": 0.9},
    "impute": [{"method": "mean", "by": "EurAsia_group"}],
}
BARE = {"steps": ["denominate", "impute"], "impute": []}
ONE_TO_100 = {"method": "min_max", "range": [1.0, 100.0]}
NONE = {"attempts": []}
STAGES = ("denominated", "imputed", "screened", "treated", "normalised")

CONFIGURATIONS = {
    "C00_default": BASE,
    "N01_minmax_1_100": BASE | {"normalise": ONE_TO_100},
    "N02_zscore_0_1": BASE | {"normalise": {"method": "z_score"}},
    "N04_rank": BASE | {"normalise": {"method": "rank"}},
    "N10_goalposts": BASE
    | {"treat": NONE, "normalise": {"method": "goalposts", "posts": "quantiles"}},
    "A01_gmean": BASE | {"normalise": ONE_TO_100, "aggregate": {"method": "geometric"}},
    "A02_hmean": BASE | {"normalise": ONE_TO_100, "aggregate": {"method": "harmonic"}},
    "T00_no_treatment": BASE | {"treat": NONE},
    "T01_winmax10": BASE | {"treat": {"max_winsorised": 10}},
    "T02_winmax1_then_logCT": BASE | {"treat": {"max_winsorised": 1}},
    "I00_none_available_mean": BARE,
    "I01_i_mean": BARE | {"impute": [{"method": "mean"}]},
    "I03_i_mean_grp_EurAsia": BARE | {"impute": [{"method": "mean", "by": "EurAsia_group"}]},
}


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    found = shared / "reference" / "scoreboard" / "asem"
    if not found.is_dir():
        pytest.skip(f"{found} is not here: it holds outputs of COINr, which do not ship")
    return found


@pytest.fixture(scope="module")
def sheet(folder):
    return read_framework(folder / "iMeta.csv")


@pytest.fixture(scope="module")
def panel(folder, sheet):
    return read_data(folder / "iData.csv", sheet)[0]


def reference(folder, name, what, units, columns):
    """A reference table with rows in our order, shape (n_units, n_columns)."""
    table = pl.read_csv(folder / f"{name}__{what}.csv", infer_schema_length=0)
    found = table["uCode"].to_list()
    order = [found.index(u) for u in units]
    cast = [table[c].cast(pl.Float64).fill_null(np.nan).to_numpy() for c in columns]
    return np.stack(cast, axis=1)[order]


def assert_close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=RELATIVE, atol=ZERO)


def assert_ranks(ours, theirs, scores):
    """Ranks are equal but where the reference tells apart scores that differ by rounding."""
    for column in range(ours.shape[1]):
        apart = np.flatnonzero(ours[:, column] != theirs[:, column])
        for row in apart:
            others = np.abs(scores[:, column] - scores[row, column]) <= TIE * scores.max()
            assert others.sum() > 1
            assert ours[row, column] == theirs[others, column].min()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_scores_and_ranks(folder, sheet, panel, name):
    chain = run_chain(panel, sheet.framework, read_config(CONFIGURATIONS[name]))
    framework, units = chain.framework, chain.panel.unit
    above = list(framework.aggregate)
    scores = reference(folder, name, "scores_ranks", units, above)
    ranks = reference(folder, name, "scores_ranks", units, [f"rank_{a}" for a in above])
    assert_close(chain.score[:, framework.n_indicators :], scores)
    assert_ranks(chain.rank[:, framework.n_indicators :], ranks, scores)
    for stage in STAGES:
        if (folder / f"{name}__{stage}.csv").is_file() and stage in chain.stages:
            table = reference(folder, name, stage, units, framework.indicator)
            assert_close(chain.stages[stage].value, table)
    if (folder / f"{name}__aggregated.csv").is_file():
        table = reference(folder, name, "aggregated", units, framework.element)
        assert_close(chain.score, table)


def test_ranks_that_the_reference_splits_are_ties_of_whole_numbers(folder, sheet, panel):
    """In N04 scores are means of whole ranks, so exact fractions decide."""
    chain = run_chain(panel, sheet.framework, read_config(CONFIGURATIONS["N04_rank"]))
    framework = chain.framework
    for node in framework.aggregates:
        if framework.level[node] != 2:
            continue
        kids = framework.children(node)
        exact = [
            sum(Fraction(int(v)) for v in row) / len(kids) for row in chain.panel.value[:, kids]
        ]
        ranks = [1 + sum(other > own for other in exact) for own in exact]
        assert chain.rank[:, node].tolist() == ranks


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_without_a_tolerance_all_ranks_are_those_of_the_reference(folder, sheet, panel, name):
    """With `tie` = 0 rounding decides, as there: sums that are rounded once round alike."""
    chain = run_chain(panel, sheet.framework, read_config(CONFIGURATIONS[name] | {"tie": 0.0}))
    above = list(chain.framework.aggregate)
    columns = [f"rank_{a}" for a in above]
    theirs = reference(folder, name, "scores_ranks", chain.panel.unit, columns)
    np.testing.assert_array_equal(chain.rank[:, chain.framework.n_indicators :], theirs)


def test_every_stage_of_the_default_is_compared(folder, sheet, panel):
    chain = run_chain(panel, sheet.framework, read_config(BASE))
    assert list(chain.stages) == ["raw", *STAGES]
    raw = reference(folder, "C00_default", "raw", chain.panel.unit, sheet.framework.indicator)
    np.testing.assert_array_equal(chain.stages["raw"].value, raw)


def test_effective_weights(folder, sheet):
    table = pl.read_csv(folder / "C00_default__eff_weights.csv")
    ours = sheet.framework.effective_weights(sheet.framework.weight)
    for element, weight in table.select("iCode", "EffWeight").iter_rows():
        assert ours[sheet.framework.position(element)] == pytest.approx(weight, rel=RELATIVE)


@pytest.mark.parametrize(
    ("name", "most"), [("C00_default", 5), ("T01_winmax10", 10), ("T02_winmax1_then_logCT", 1)]
)
def test_treatment_tells_what_it_did(folder, sheet, panel, name, most):
    table = pl.read_csv(folder / f"{name}__treatment_table.csv", infer_schema_length=0)
    chain = run_chain(
        panel, sheet.framework, read_config(BASE | {"treat": {"max_winsorised": most}})
    )
    notes = next(log.notes for log in chain.logs if log.step == "treat")
    told = {note.split(":")[0]: note for note in notes}
    for row in table.iter_rows(named=True):
        if row["check_SkewKurt0.Pass"] == "TRUE":
            assert row["iCode"] not in told
        elif row["check_SkewKurt1.Pass"] == "TRUE":
            assert f"winsorise {row['winsorise.nwin']} point" in told[row["iCode"]]
        else:
            assert ": log" in told[row["iCode"]]


def test_custom_weights(folder, sheet, panel):
    name = "W05_custom"
    weights = pl.read_csv(folder / f"{name}__weights.csv")
    meta = pl.read_csv(folder / "iMeta.csv", infer_schema_length=0).drop("Weight")
    own = read_framework(
        meta.join(weights.select("iCode", "Weight"), on="iCode", how="left", maintain_order="left")
    )
    chain = run_chain(panel, own.framework, read_config(BASE))
    above = list(own.framework.aggregate)
    scores = reference(folder, name, "scores_ranks", chain.panel.unit, above)
    assert_close(chain.score[:, own.framework.n_indicators :], scores)
    ranks = [f"rank_{a}" for a in above]
    ranks = reference(folder, name, "scores_ranks", chain.panel.unit, ranks)
    np.testing.assert_array_equal(chain.rank[:, own.framework.n_indicators :], ranks)


def test_years_each_with_their_own_scale(folder, sheet):
    panel, _ = read_data(folder / "iData_panel.csv", sheet)
    each = {"over": "each_year"}
    config = BASE | {"steps": ["screen", "treat"], "treat": each, "normalise": each}
    chain = run_chain(panel, sheet.framework, read_config(config))
    table = pl.read_csv(folder / "P02_panel_norm_by_year__scores.csv")
    theirs = {(u, y): s for u, y, s in table.iter_rows()}
    ours = dict(
        zip(zip(chain.panel.unit, chain.panel.year.tolist(), strict=True), chain.score[:, -1],
            strict=True)
    )  # fmt: skip
    assert ours.keys() == theirs.keys()
    assert_close([ours[k] for k in theirs], list(theirs.values()))


def test_removal_of_each_pillar(folder, sheet, panel):
    chain = run_chain(panel, sheet.framework, read_config(BASE))
    found = removal(chain, Aggregate(), 2)
    name, units = "R01_remove_pillars", chain.panel.unit
    assert_close(found.score, reference(folder, name, "scores", units, found.element))
    np.testing.assert_array_equal(
        found.rank, reference(folder, name, "ranks", units, found.element)
    )
    table = dict(pl.read_csv(folder / f"{name}__meanabsdiff.csv").iter_rows())
    assert_close(found.mean_shift, [table[e] for e in found.element])


def test_descriptive_statistics_to_the_three_digits_that_are_printed(folder, panel):
    table = pl.read_csv(folder / "S01_stats_raw.csv")
    ours = {row["indicator"]: row for row in describe(panel).iter_rows(named=True)}
    names = {
        "Min": "minimum", "Max": "maximum", "Mean": "mean", "Median": "median", "Std": "sd",
        "Skew": "skewness", "Kurt": "kurtosis", "N.Avail": "n_available", "N.NonZero": "n_nonzero",
        "N.Unique": "n_unique", "N.Same": "n_same", "Frc.Avail": "available_share",
        "Frc.Unique": "unique_share", "Frc.Same": "same_share",
    }  # fmt: skip
    for row in table.iter_rows(named=True):
        own = ours[row["iCode"]]
        for theirs, name in names.items():
            assert own[name] == pytest.approx(row[theirs], rel=6e-3, abs=1e-9), (row["iCode"], name)
        assert ("outliers" in own["flags"]) == (row["Flag.SkewKurt"] == "OUT")


# Uncertainty: every draw of the reference is given by its parameters, no random number is needed.


@pytest.fixture(scope="module")
def bench():
    path = Path(__file__).parents[1] / "benchmarks" / "scoreboard.py"
    spec = importlib.util.spec_from_file_location("scoreboard_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def replay(folder, bench):
    chain, sets, choice = bench.asem(folder)
    space = space_of(chain, read_config(bench.CONFIG), pool=1000, seed=0, weight_sets=sets)
    return chain, sets, choice, space


def remembered(treatment):
    known = {}

    def treat(x, most):
        key = (x.tobytes(), most)
        if key not in known:
            known[key] = treatment(x, most)
        return known[key]

    return treat


def test_the_thousand_draws_are_those_of_a_plain_loop(replay, bench, monkeypatch):
    chain, sets, choice, space = replay
    # The loop treats each column of each draw anew; five answers for each column are enough here.
    monkeypatch.setattr(bench, "plain_treatment", remembered(bench.plain_treatment))
    assert [f.name for f in space.factors] == [
        "treatment", "normalisation", "aggregation", "weights",
    ]  # fmt: skip
    values = chain.stages["screened"].value
    scores, ranks = bench.plain_loop(chain.framework, values, sets, choice)
    ours = np.empty_like(scores)
    for draws, part in space.pathways.scores(space.design(choice), space.weight):
        ours[draws] = part
    assert_close(ours, scores)
    draws = uncertainty(space, chain, choice)[0]
    assert draws.n_draws == 1000
    for k in range(len(chain.panel.unit)):
        counted = np.repeat(np.arange(1, 52), draws.count[k])
        assert counted.tolist() == sorted(ranks[:, k].tolist())
    for share in (0.05, 0.5, 0.95):
        assert_close(draws.quantile(share), np.quantile(ranks, share, axis=0))
    assert_close(draws.mean(), ranks.mean(axis=0))
    assert draws.beats[3, 7] == (ranks[:, 3] < ranks[:, 7]).sum()


def test_exact_indices_by_the_definition(replay):
    """Conditional means over all 2,000 combinations, written out."""
    chain, _, _, space = replay
    found = sensitivity(space, chain, Sensitivity(), 0)
    assert found.exact
    assert found.n_runs == 2000
    shift = np.empty(2000)
    levels = tuple(f.levels for f in space.factors)
    choice = np.array(list(np.ndindex(*levels)))
    for draws, score in space.pathways.scores(space.design(choice), space.weight):
        shift[draws] = np.abs(score_ranks(score) - chain.rank[:, -1]).mean(axis=1)
    for k in range(len(levels)):
        means = [shift[choice[:, k] == level].mean() for level in range(levels[k])]
        assert found.indices.first[k, 0] == pytest.approx(np.var(means) / shift.var(), rel=RELATIVE)
        rest = np.delete(choice, k, axis=1)
        _, group = np.unique(rest, axis=0, return_inverse=True)
        within = [shift[group.ravel() == g].var() for g in range(group.max() + 1)]
        total = np.mean(within) / shift.var()
        assert found.indices.total[k, 0] == pytest.approx(total, rel=RELATIVE)


def test_estimates_hold_the_exact_indices(replay):
    chain, _, _, space = replay
    exact = sensitivity(space, chain, Sensitivity(), 0).indices
    rough = sensitivity(space, chain, Sensitivity(most_exact=1, log2_base=11, interval=0.999), 0)
    assert not rough.exact
    assert (rough.indices.first_low[:, 0] <= exact.first[:, 0]).all()
    assert (rough.indices.first_high[:, 0] >= exact.first[:, 0]).all()
    assert (rough.indices.total_low[:, 0] <= exact.total[:, 0]).all()
    assert (rough.indices.total_high[:, 0] >= exact.total[:, 0]).all()


def test_the_whole_board_in_one_call(folder):
    config = Config.model_validate(
        BASE | {"uncertainty": {"draws": 200}, "sensitivity": {"log2_base": 6, "bootstrap": 50}}
    )
    board = build(folder / "iData.csv", folder / "iMeta.csv", config)
    assert board.ranking()["unit"][0] == "CHE"
    cells = board.trace("KAZ", "Physical")
    assert cells.filter(pl.col("indicator") == "ConSpeed")["status"].item() == "imputed"
    assert any("LAO" in note for log in board.chain.logs for note in log.notes)
