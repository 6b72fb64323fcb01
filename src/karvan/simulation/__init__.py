"""Discrete-event simulation: models that are tables, statistics of results, closed formulas."""

from karvan.simulation.batches import BatchMeans, batch_means
from karvan.simulation.comparison import (
    Bottleneck,
    PairedComparison,
    paired_comparison,
    paired_comparisons,
    rank_bottlenecks,
)
from karvan.simulation.critical_path import critical_path, critical_shares
from karvan.simulation.laws import LawCheck, conservation, littles_law, littles_law_of_means
from karvan.simulation.model import Model
from karvan.simulation.one_more import bottlenecks
from karvan.simulation.precision import Decision, PrecisionRule, decide, run_until_precise
from karvan.simulation.quantiles import (
    QuantileInterval,
    quantile_interval,
    quantile_over_replications,
)
from karvan.simulation.reader import model_from, read_model
from karvan.simulation.simulate import SimulationResult, simulate
from karvan.simulation.statistics import Caution, Interval, replication_interval, setting_cautions
from karvan.simulation.waits import Wait, WaitSummary, wait_summary
from karvan.simulation.warmup import Warmup, mser, welch

__all__ = [
    "BatchMeans",
    "Bottleneck",
    "Caution",
    "Decision",
    "Interval",
    "LawCheck",
    "Model",
    "PairedComparison",
    "PrecisionRule",
    "QuantileInterval",
    "SimulationResult",
    "Wait",
    "WaitSummary",
    "Warmup",
    "batch_means",
    "bottlenecks",
    "conservation",
    "critical_path",
    "critical_shares",
    "decide",
    "littles_law",
    "littles_law_of_means",
    "model_from",
    "mser",
    "paired_comparison",
    "paired_comparisons",
    "quantile_interval",
    "quantile_over_replications",
    "rank_bottlenecks",
    "read_model",
    "replication_interval",
    "run_until_precise",
    "setting_cautions",
    "simulate",
    "wait_summary",
    "welch",
]
