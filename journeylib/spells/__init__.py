"""From events to spells: when the clock starts, what stops it, what censors it."""

from journeylib.spells.churn import churn
from journeylib.spells.core import Clock, Spells
from journeylib.spells.exits import exits
from journeylib.spells.given import spells_from_frame
from journeylib.spells.repeats import repeats
from journeylib.spells.silence import silence
from journeylib.spells.stages import stages
from journeylib.spells.time_to import time_to

__all__ = [
    "Clock",
    "Spells",
    "churn",
    "exits",
    "repeats",
    "silence",
    "spells_from_frame",
    "stages",
    "time_to",
]
