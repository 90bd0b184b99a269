"""Do groups differ? The log-rank family on the risk table, and Gray's test of incidences."""

from journeylib.estimate.compare.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
