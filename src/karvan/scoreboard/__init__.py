"""Composite indicators: scores of units by a hierarchy of indicators, with honest uncertainty."""

from karvan.scoreboard.board import Scoreboard, build
from karvan.scoreboard.document import to_document
from karvan.scoreboard.model import Framework, Panel
from karvan.scoreboard.read_config import read_config
from karvan.scoreboard.read_data import read_data
from karvan.scoreboard.read_framework import read_framework
from karvan.scoreboard.settings import Config

__all__ = [
    "Config",
    "Framework",
    "Panel",
    "Scoreboard",
    "build",
    "read_config",
    "read_data",
    "read_framework",
    "to_document",
]
