"""Karvan: open decision support for cooperation along the Middle Corridor.

``karvan.read_case("middle-corridor")`` reads a case, ``karvan.freight.itineraries(...)`` asks it a
question.  Packages are imported when they are used, so that ``import karvan`` stays quick.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

PACKAGES = ("case", "evidence", "freight", "network", "report", "runs", "schema")


def __getattr__(name: str) -> Any:  # noqa: ANN401 - packages and one function
    if name in PACKAGES:
        return import_module(f"karvan.{name}")
    if name == "read_case":
        return import_module("karvan.case").read_case
    message = f"module 'karvan' has no attribute '{name}'"
    raise AttributeError(message)
