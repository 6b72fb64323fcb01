"""What a configuration of a scoreboard may say; read from TOML or given as a model.

Unknown keys and other types are refused, so a misspelt method is named instead of ignored.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from karvan.scoreboard.statistics import TIE

Step = Literal["denominate", "screen", "impute", "treat"]
ImputeMethod = Literal["mean", "median", "linear", "latest", "latest_then_next", "regression"]
Attempt = Literal["winsorise", "log", "box_cox", "signed_log"]
NormaliseMethod = Literal[
    "min_max",
    "z_score",
    "rank",
    "borda",
    "percentile_rank",
    "distance_to_maximum",
    "distance_to_target",
    "goalposts",
]
AggregateMethod = Literal[
    "arithmetic",
    "geometric",
    "harmonic",
    "generalised",
    "median",
    "copeland",
    "mazziotta_pareto",
    "benefit_of_the_doubt",
]
WeighMethod = Literal["given", "equal", "pca", "equal_importance", "budget"]
Over = Literal["all_years", "each_year"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Model(BaseModel):
    """A frozen model that refuses keys it does not know, other types, NaN and infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Screen(Model):
    """Which rows and indicators stay.

    A row is a unit, or a unit in a year; `min_data_share` counts its indicators with data.
    """

    min_data_share: Share = 0.0
    min_nonzero_share: Share = 0.0
    constant_indicators: Literal["refuse", "drop"] = "refuse"
    empty_indicators: Literal["refuse", "drop"] = "refuse"


class Impute(Model):
    """One way to fill holes; what it cannot fill is left to the next in the list.

    `by` names a group of the data (or "" for all units), for mean and median.  Linear, latest and
    latest_then_next go over the years of a unit; regression is on the other indicators with data.
    """

    method: ImputeMethod
    by: str = ""
    over: Over = "each_year"
    predictors: Annotated[int, Field(ge=1)] = 1


class Treat(Model):
    """Outliers: where both |skewness| and kurtosis are above the thresholds, tries in order.

    Each attempt starts from the data before treatment; the first that passes is taken, else the
    last.  No attempts, no treatment.
    """

    attempts: list[Attempt] = ["winsorise", "log"]
    skewness: Annotated[float, Field(gt=0)] = 2.0
    kurtosis: float = 3.5
    max_winsorised: Annotated[int, Field(ge=1)] = 5
    box_cox_lambda: float = 0.5
    log_offset: Annotated[float, Field(gt=0)] = 0.01
    over: Over = "all_years"


class Normalise(Model):
    """How indicators become comparable.

    `range` is of min-max and goalposts; `mean` and `sd` of z-scores.  Posts of goalposts come from
    the framework, from quantiles or from the range of the data; `over` says whether years share
    one scale (fixed goalposts) or have one each, `year` names one whose scale all years use.
    """

    method: NormaliseMethod = "min_max"
    range: Annotated[list[float], Field(min_length=2, max_length=2)] = [0.0, 100.0]
    mean: float = 0.0
    sd: Annotated[float, Field(gt=0)] = 1.0
    posts: Literal["framework", "quantiles", "range"] = "framework"
    quantiles: Annotated[list[float], Field(min_length=2, max_length=2)] = [0.05, 0.95]
    clip: bool = True
    over: Over = "all_years"
    year: int | None = None


class Weigh(Model):
    """Where weights come from.

    PCA and equal importance set the weights of the children of the elements of `levels` (2 is the
    level above the indicators; empty: all).  `budget` are the points of each expert by element.
    """

    method: WeighMethod = "given"
    levels: list[int] = []
    budget: dict[str, dict[str, float]] = {}


class Aggregate(Model):
    """How children become one score; several methods go from the lowest level upwards."""

    method: AggregateMethod | list[AggregateMethod] = "arithmetic"
    power: float = 0.5
    penalty: Literal["negative", "positive"] = "negative"
    min_share: Share = 0.0


class Uncertainty(Model):
    """What may have been otherwise.

    Of each list one entry is drawn with equal chances; without a list the configuration's own
    method and a usual alternative are used (of imputation its own), with an empty list its own
    only.  `weight_spread` is
    the coefficient of variation of an average weight among its siblings.
    """

    draws: Annotated[int, Field(ge=0, le=10_000_000)] = 1000
    seed: Annotated[int, Field(ge=0)] = 0
    interval: Annotated[float, Field(gt=0, lt=1)] = 0.9
    weights: Literal["dirichlet", "sets", "fixed"] = "dirichlet"
    weight_spread: Annotated[float, Field(gt=0, le=2)] = 0.25
    weight_sets: list[dict[str, float]] = []
    impute: list[list[Impute]] | None = None
    treat: list[Treat] | None = None
    normalise: list[Normalise] | None = None
    aggregate: list[Aggregate] | None = None
    imputation_draws: bool = True
    measurement_error: bool = True
    relative_error: Annotated[float, Field(ge=0)] = 0.0


class Sensitivity(Model):
    """Sobol' indices: exact up to `most_exact` combinations, else by 2**`log2_base` base points."""

    enabled: bool = True
    most_exact: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    log2_base: Annotated[int, Field(ge=4, le=20)] = 10
    bootstrap: Annotated[int, Field(ge=20, le=100_000)] = 500
    interval: Annotated[float, Field(gt=0, lt=1)] = 0.95


class Config(Model):
    """All of a configuration; every table and key may be left out.

    Scores closer than `tie` times the largest have one rank; 0 compares floating-point numbers as
    they are, by which equal scores may be told apart by rounding.
    """

    steps: list[Step] = ["denominate", "screen", "impute", "treat"]
    screen: Screen = Screen()
    impute: list[Impute] = []
    treat: Treat = Treat()
    normalise: Normalise = Normalise()
    weigh: Weigh = Weigh()
    aggregate: Aggregate = Aggregate()
    uncertainty: Uncertainty = Uncertainty()
    sensitivity: Sensitivity = Sensitivity()
    tie: Annotated[float, Field(ge=0.0, lt=1.0)] = TIE
