"""From events to spells: when the clock starts, what stops it, what censors it."""

from journeylib.spells.churn import churn
from journeylib.spells.core import Clock, Spells, spells_from_frame
from journeylib.spells.time_to import time_to

__all__ = ["Clock", "Spells", "churn", "spells_from_frame", "time_to"]
