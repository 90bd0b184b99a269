"""From events to spells: when the clock starts, what stops it, what censors it."""

from journeylib.spells.core import Clock, Spells, spells_from_frame

__all__ = ["Clock", "Spells", "spells_from_frame"]
