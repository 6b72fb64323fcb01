"""Defects that the reference names in its peer, one test each."""

import numpy as np
import pytest

from karvan.errors import ScoreboardError
from karvan.scoreboard import build
from karvan.scoreboard.pairwise import copeland
from karvan.scoreboard.read_config import read_config
from karvan.scoreboard.sensitivity import sensitivity
from karvan.scoreboard.settings import Sensitivity, Weigh
from karvan.scoreboard.space import JOINT, space_of
from karvan.scoreboard.uncertainty import draw_choices, uncertainty
from karvan.scoreboard.weigh import weights
from scoreboard_tables import PLAIN, chain_of, data, framework, random_values

CHOICES = {
    "steps": [],
    "normalise": {"range": [1.0, 100.0]},
    "uncertainty": {
        "normalise": [{"range": [1.0, 100.0]}, {"method": "z_score"}],
        "aggregate": [{"method": "arithmetic"}, {"method": "geometric"}],
    },
}


def test_an_impossible_pair_is_named_and_sampled_around():
    chain = chain_of(random_values(), CHOICES)
    space = space_of(chain, read_config(CHOICES), pool=64, seed=0)
    (excluded,) = space.excluded
    assert "z_score" in excluded
    assert "geometric" in excluded
    assert "above zero" in excluded
    (draws,) = uncertainty(space, chain, draw_choices(space, 64, 0))
    assert (draws.ranked() == 64).all()
    # What is left is one factor: indices of factors that exclude each other mean nothing.
    assert [f.name for f in space.factors] == [JOINT, "weights"]
    assert space.factors[0].levels == 3
    found = sensitivity(space, chain, Sensitivity(log2_base=5), 0)
    assert np.isfinite(found.indices.total[:, 0]).all()


def test_an_impossible_configuration_is_refused_by_name():
    config = PLAIN | {"normalise": {"method": "z_score"}, "aggregate": {"method": "geometric"}}
    with pytest.raises(ScoreboardError, match=r"above zero for the method 'geometric'.*impossible"):
        chain_of(random_values(), config)
    with pytest.raises(ScoreboardError, match="values of zero"):
        chain_of(random_values(), PLAIN | {"aggregate": {"method": "geometric"}})


def test_copeland_does_not_depend_on_row_order_when_cells_are_missing():
    random = np.random.default_rng(4)
    values = random.normal(size=(9, 5))
    values[random.random(values.shape) < 0.35] = np.nan
    share = np.array([0.1, 0.3, 0.2, 0.25, 0.15])
    score = copeland(values, share)
    for _ in range(20):
        order = random.permutation(9)
        np.testing.assert_array_equal(copeland(values[order], share), score[order])


def test_copeland_takes_values_that_differ_by_rounding_for_a_tie():
    near = np.array([[1.0, 2.0], [np.nextafter(1.0, 2.0), 3.0], [0.5, 2.0]])
    net = copeland(near, np.array([0.5, 0.5]))
    np.testing.assert_array_equal(net, copeland(np.round(near, 9), np.array([0.5, 0.5])))


def test_pca_weights_of_mixed_sign_are_refused_with_the_reason():
    values = random_values(30)
    values[:, 1] += values[:, 0]
    values[:, 3] += values[:, 2]
    values[:, 4] = -values[:, 2]
    chain = chain_of(values)
    with pytest.raises(ScoreboardError, match=r"children of B.*mixed sign: b3 -0"):
        weights(
            chain.framework, chain.panel.value, Weigh(method="pca", levels=[2]),
            read_config(None).aggregate, chain.blocks,
        )  # fmt: skip


def test_pca_weights_of_one_sign_are_loadings_whichever_way_they_point():
    values = random_values(30)
    values[:, 3] += values[:, 2]
    values[:, 4] += values[:, 2]
    values[:, 1] += values[:, 0]
    chain = chain_of(values, PLAIN | {"weigh": {"method": "pca", "levels": [2]}})
    kids = chain.framework.children(chain.framework.position("B"))
    z = chain.panel.value[:, kids]
    z = (z - z.mean(axis=0)) / z.std(axis=0, ddof=1)
    _, vectors = np.linalg.eigh(np.cov(z.T))
    loading = np.abs(vectors[:, -1])
    np.testing.assert_allclose(chain.weight[kids], loading / loading.sum(), rtol=1e-9)


def test_a_skipped_step_is_named():
    chain = chain_of(random_values())
    logs = {log.step: log for log in chain.logs}
    for step in ("denominate", "screen", "impute", "treat"):
        assert not logs[step].done
        assert logs[step].notes == ("not among the steps of the configuration",)
    config = {"steps": ["denominate", "screen", "impute", "treat"], "treat": {"attempts": []}}
    logs = {log.step: log for log in chain_of(random_values(), config).logs}
    assert "no indicator of the framework has a denominator" in logs["denominate"].notes
    assert "no cell" in logs["impute"].notes[0] or "no method" in logs["impute"].notes[0]
    assert "no attempts" in logs["treat"].notes[0]


def test_first_order_indices_come_with_their_interval_and_warn_when_wide():
    config = CHOICES | {"sensitivity": {"log2_base": 5, "bootstrap": 100}}
    board = build(data(random_values(12)), framework(), config)
    found = board.sensitivity
    assert not found.exact
    low, first, high = (
        getattr(found.indices, n)[:, 0] for n in ("first_low", "first", "first_high")
    )
    assert (low < first).all()
    assert (first < high).all()
    assert (high - low > 0.2).any()
    assert any("intervals wider than 0.2" in w or "known to within" in w for w in found.warnings)


def test_a_share_of_a_maximum_that_is_zero_makes_no_infinite_cell():
    """The trap N08 of the reference: x / max of what has no positive maximum."""
    values = random_values()
    values[:, 0] = np.linspace(-3.0, 0.0, len(values))
    chain = chain_of(values, PLAIN | {"normalise": {"method": "distance_to_maximum"}})
    assert np.isfinite(chain.score).all()
