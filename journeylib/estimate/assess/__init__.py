"""How good the predictions of a model are for customers it has never seen."""

from journeylib.estimate.assess.calibration import Calibration
from journeylib.estimate.assess.model import Assessment, assess

__all__ = ["Assessment", "Calibration", "assess"]
