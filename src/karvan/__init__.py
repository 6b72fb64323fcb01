"""Karvan: open decision support for cooperation along the Middle Corridor."""

__version__ = "0.1.0"
