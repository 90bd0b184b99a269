"""The proportional-hazards model on ``(start, stop]`` rows, and what may be asked of it."""

from journeylib.estimate.cox.model import Effects, cox

__all__ = ["Effects", "cox"]
