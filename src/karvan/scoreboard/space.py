"""The choices that uncertainty draws from, without those that exclude each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from karvan.errors import Problem, ScoreboardError, did_you_mean
from karvan.scoreboard import compatibility
from karvan.scoreboard.aggregate import ImpossiblePairError, element_scores
from karvan.scoreboard.chain import Chain
from karvan.scoreboard.model import FloatArray, Framework, IntArray
from karvan.scoreboard.pathways import Pathways
from karvan.scoreboard.settings import Aggregate, Config, Impute, Normalise, Treat

M = TypeVar("M")

PROBES = 16
"""Weight sets that a pair of methods is tried with before it is drawn."""

MOST_NAMED = 20
"""Cells of weight sets that one message names."""

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that may have been otherwise.

    Attributes
    ----------
    name : str
    levels : int
        Number of choices, all as likely.
    labels : tuple of str
        Names of the choices; empty for weights and errors, whose choices are random draws.
    """

    name: str
    levels: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """All combinations that can be computed.

    Attributes
    ----------
    pathways : Pathways
        Treats and scales the data by any choice.
    weight : ndarray, shape (n_sets, n_elements)
    pairs : tuple of (int, int)
        Normalisations and aggregations that go together.
    factors : tuple of Factor
        Those with more than one choice, in the order of :meth:`design`.
    excluded : tuple of str
        Pairs that are sampled around, each with the reason.
    random : bool
        Whether the weights are random draws, not a list.
    """

    pathways: Pathways
    weight: FloatArray
    pairs: tuple[Pair, ...]
    factors: tuple[Factor, ...]
    excluded: tuple[str, ...]
    random: bool

    def design(self, choice: IntArray) -> IntArray:
        """Return indices for `Pathways.scores` from choices of the factors.

        Parameters
        ----------
        choice : ndarray of int, shape (n_draws, n_factors)

        Returns
        -------
        ndarray of int, shape (n_draws, 7)
            Imputation, treatment, normalisation, aggregation, weights, measurement error and
            imputation draw; the last two 0 without error.
        """
        result = np.zeros((len(choice), 7), dtype=np.int64)
        result[:, 2], result[:, 3] = self.pairs[0]
        place = {"imputation": 0, "treatment": 1, "normalisation": 2, "aggregation": 3}
        place |= {"weights": 4, "measurement error": 5, "imputation draws": 6}
        for k, factor in enumerate(self.factors):
            if factor.name == JOINT:
                both = np.array(self.pairs)[choice[:, k]]
                result[:, 2:4] = both
            else:
                # Error 0 is no error, which only the nominal scores are without.
                result[:, place[factor.name]] = choice[:, k] + (place[factor.name] > 4)
        return result


JOINT = "normalisation with aggregation"
"""One factor where some pairs exclude each other: Sobol' indices need independent factors."""


def space_of(
    chain: Chain, config: Config, *, pool: int, seed: int, weight_sets: FloatArray | None = None
) -> Space:
    """Return the space of a configuration.

    Parameters
    ----------
    chain : Chain
        The nominal scores.
    config : Config
    pool : int
        Number of weight sets and error draws where these are random.
    seed : int
    weight_sets : ndarray, shape (n_sets, n_elements), optional
        Instead of the sets of the configuration.
    """
    wanted = config.uncertainty
    framework = chain.framework
    choices = _Choices.of(config)
    weight = _weights(chain, config, pool, seed, weight_sets)
    pathways = Pathways(
        chain, choices.impute, choices.treat, choices.normalise, choices.aggregate, config, seed
    )
    pairs, excluded = _possible(framework, pathways, weight, choices)
    factors = [
        Factor("imputation", len(choices.impute), tuple(_impute_label(m) for m in choices.impute)),
        Factor("treatment", len(choices.treat), _labels(choices.treat)),
        *_method_factors(pairs, choices),
        Factor("weights", len(weight), ()),
        Factor(
            "measurement error", pool if pathways.measured and wanted.measurement_error else 1, ()
        ),
        Factor("imputation draws", pool if pathways.imputed and wanted.imputation_draws else 1, ()),
    ]
    random = weight_sets is None and wanted.weights == "dirichlet"
    kept = tuple(f for f in factors if f.levels > 1)
    return Space(pathways, weight, pairs, kept, excluded, random)


@dataclass(frozen=True, slots=True)
class _Choices:
    impute: list[list[Impute]]
    treat: list[Treat]
    normalise: list[Normalise]
    aggregate: list[Aggregate]

    @classmethod
    def of(cls, config: Config) -> "_Choices":
        """Lists of the configuration; what it leaves out has its own method and an alternative."""
        own, wanted = config, config.uncertainty
        treat = Treat(attempts=[]) if "treat" not in own.steps else own.treat
        impute = [] if "impute" not in own.steps else own.impute
        return cls(
            impute=wanted.impute or [impute],
            treat=_with_own(treat, wanted.treat, [Treat(attempts=[])]),
            normalise=_with_own(
                own.normalise, wanted.normalise, [Normalise(method="percentile_rank")]
            ),
            aggregate=_with_own(
                own.aggregate,
                wanted.aggregate,
                [Aggregate(method="generalised", power=0.5, min_share=own.aggregate.min_share)],
            ),
        )


def _with_own(own: M, given: list[M] | None, usual: list[M]) -> list[M]:
    if given is None:
        return [own, *(m for m in usual if m != own)]
    return given or [own]


def _labels(methods: Sequence[Treat | Normalise | Aggregate]) -> tuple[str, ...]:
    return tuple(compatibility.label(m) for m in methods)


def _impute_label(methods: list[Impute]) -> str:
    words = [f"{m.method} by {m.by}" if m.by else m.method for m in methods]
    return ", then ".join(words) or "none"


def _method_factors(pairs: tuple[Pair, ...], choices: _Choices) -> list[Factor]:
    if len(pairs) == len(choices.normalise) * len(choices.aggregate):
        return [
            Factor("normalisation", len(choices.normalise), _labels(choices.normalise)),
            Factor("aggregation", len(choices.aggregate), _labels(choices.aggregate)),
        ]
    first, second = _labels(choices.normalise), _labels(choices.aggregate)
    return [Factor(JOINT, len(pairs), tuple(f"{first[n]}, {second[a]}" for n, a in pairs))]


def _possible(
    framework: Framework, pathways: Pathways, weight: FloatArray, choices: _Choices
) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    pairs, excluded = [], []
    for n, scale in enumerate(choices.normalise):
        for a, mean in enumerate(choices.aggregate):
            reason = compatibility.impossible(framework, scale, mean) or _tried(
                pathways, weight, n, a
            )
            if reason:
                names = f"{compatibility.label(scale)} with {compatibility.label(mean)}"
                excluded.append(f"{names}: {reason}")
            else:
                pairs.append((n, a))
    if not pairs:
        found = "; ".join(excluded)
        raise ScoreboardError(
            [
                Problem(
                    "scoreboard.methods.none", "uncertainty", found, "one pair that goes together"
                )
            ]
        )
    return tuple(pairs), tuple(excluded)


def _tried(pathways: Pathways, weight: FloatArray, n: int, a: int) -> str:
    """Why the data exclude a pair under some imputation or treatment, or nothing."""
    for i in range(len(pathways.impute)):
        for t in range(len(pathways.treat)):
            try:
                values = pathways.scaled(i, t, n)
                element_scores(
                    pathways.framework,
                    values[None],
                    weight[:PROBES],
                    pathways.aggregate[a],
                    pathways.blocks,
                )
            except ImpossiblePairError as error:
                first = error.problems[0]
                return f"{first.found} in {first.where}, expected {first.expected}"
            except ScoreboardError as error:
                first = error.problems[0]
                return f"{first.where}: {first.found}, expected {first.expected}"
    return ""


def _weights(
    chain: Chain, config: Config, pool: int, seed: int, given: FloatArray | None
) -> FloatArray:
    wanted, framework = config.uncertainty, chain.framework
    if given is not None:
        return framework.shares(_sound_sets(framework, given))
    if wanted.weights == "fixed":
        return chain.weight[None].copy()
    if wanted.weights == "sets":
        return framework.shares(_sound_sets(framework, _sets(chain, wanted.weight_sets)))
    return dirichlet_weights(framework, chain.weight, pool, wanted.weight_spread, seed)


def _sound_sets(framework: Framework, given: object) -> FloatArray:
    """Return sets of weights as an array; one that is not of use is refused by its number."""
    where = "weight_sets"
    try:
        weight = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        found = f"a {type(given).__name__} of other things than numbers"
        raise ScoreboardError([_bad_sets(where, found, "an array of numbers")]) from None
    expected = f"shape (sets, {len(framework.element)}), in the order of the framework's `element`"
    if weight.ndim != 2 or weight.shape[1] != len(framework.element) or not len(weight):
        raise ScoreboardError([_bad_sets(where, f"shape {weight.shape}", expected)])
    problems = []
    for row, column in zip(*np.nonzero(~np.isfinite(weight) | (weight < 0.0)), strict=True):
        at = f"{where} set {row + 1} {framework.element[column]}"
        problems.append(_bad_sets(at, f"{weight[row, column]:g}", "a number >= 0"))
    for node in framework.aggregates if not problems else ():
        for row in np.flatnonzero(weight[:, framework.children(node)].sum(axis=1) == 0.0):
            at = f"{where} set {row + 1}, children of {framework.element[node]}"
            problems.append(_bad_sets(at, "weights that are all zero", "one above zero"))
    if problems:
        raise ScoreboardError(problems[:MOST_NAMED])
    return weight


def _bad_sets(where: str, found: str, expected: str) -> Problem:
    return Problem("scoreboard.weights.set", where, found, expected)


def _sets(chain: Chain, given: list[dict[str, float]]) -> FloatArray:
    known = chain.framework.element
    problems = []
    if not given:
        where, expected = "uncertainty.weight_sets", "one set or more with weights = 'sets'"
        problems.append(Problem("scoreboard.weights.sets", where, "no sets", expected))
    weight = np.tile(chain.weight, (len(given), 1))
    for k, one in enumerate(given):
        for element, value in one.items():
            where = f"uncertainty.weight_sets set {k + 1} {element}"
            if element not in known:
                hint = did_you_mean(element, known)
                problems.append(
                    Problem("scoreboard.weights.element", where, f"'{element}'", "an element", hint)
                )
            elif value < 0:
                problems.append(
                    Problem("scoreboard.weights.negative", where, f"{value:g}", "a number >= 0")
                )
            else:
                weight[k, known.index(element)] = value
    if problems:
        raise ScoreboardError(problems)
    return weight


def dirichlet_weights(
    framework: Framework, share: FloatArray, n: int, spread: float, seed: int
) -> FloatArray:
    """Return random weights around the nominal ones, shape (n, n_elements).

    Parameters
    ----------
    framework : Framework
    share : ndarray, shape (n_elements,)
        Nominal shares among siblings, the means of the draws.
    n : int
    spread : float
        Coefficient of variation of a sibling of average share: with k siblings the concentration is
        (k - 1) / spread**2 - 1, from the variance m (1 - m) / (concentration + 1) at m = 1 / k.
    seed : int
    """
    random = np.random.default_rng([seed, 1])
    weight = np.tile(share, (n, 1))
    for node in framework.aggregates:
        kids = framework.children(node)
        kids = kids[share[kids] > 0]
        if len(kids) > 1:
            concentration = max((len(kids) - 1) / spread**2 - 1.0, 1e-3)
            weight[:, kids] = random.dirichlet(concentration * share[kids], size=n)
    return weight
