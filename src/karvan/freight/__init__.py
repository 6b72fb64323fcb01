"""Itineraries between two places: exact Pareto sets, legs, and the spread of their time."""

from karvan.freight.itineraries import itineraries
from karvan.freight.model import Itineraries, Itinerary, Leg

__all__ = ["Itineraries", "Itinerary", "Leg", "itineraries"]
