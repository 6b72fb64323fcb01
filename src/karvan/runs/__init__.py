"""Stages, runs, comparisons and validation: the only place where engines meet."""

from karvan.runs.execute import Event, run
from karvan.runs.stages import STAGES, Stage

__all__ = ["STAGES", "Event", "Stage", "run"]
