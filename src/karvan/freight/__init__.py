"""Itineraries between two places: exact Pareto sets, legs, and the spread of their time."""

from karvan.freight.model import Itineraries, Itinerary, Leg
from karvan.freight.routing import itineraries

__all__ = ["Itineraries", "Itinerary", "Leg", "itineraries"]
