"""Which kinds of customers there are, told by what they did before the clock starts, and no later.

``landmark`` starts the clock a while after the first contact, so that there is a before;
``history`` reads it; ``rfm`` and ``clusters`` make groups of it; ``individual`` predicts each
customer's curve and writes the scores beside the run, never into it.
"""

from journeylib.personas.clusters import clusters
from journeylib.personas.history import History, history
from journeylib.personas.individual import Fifths, Scores, fifths, hold_out, write_scores
from journeylib.personas.landmark import landmark
from journeylib.personas.rfm import Personas, rfm

__all__ = [
    "Fifths",
    "History",
    "Personas",
    "Scores",
    "clusters",
    "fifths",
    "history",
    "hold_out",
    "landmark",
    "rfm",
    "write_scores",
]
