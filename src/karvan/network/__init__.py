"""Nodes, links, transfers and services, compiled to arrays; places and skims."""

from karvan.network.compile import compile_network
from karvan.network.geo import great_circle_km
from karvan.network.model import Network
from karvan.network.places import resolve_place
from karvan.network.skims import Skims, skims

__all__ = [
    "Network",
    "Skims",
    "compile_network",
    "great_circle_km",
    "resolve_place",
    "skims",
]
