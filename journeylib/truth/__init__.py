"""The truth beside the estimate, where the customers are drawn from a known model.

``source`` rebuilds the model from the file beside the data, ``chain`` solves it, ``kinds``
says what is true of what a finding estimates, ``beside`` puts both into one table.
"""

from journeylib.truth.beside import BesideTruth, beside_truth
from journeylib.truth.kinds import KINDS, true_value
from journeylib.truth.source import truth

__all__ = ["KINDS", "BesideTruth", "beside_truth", "true_value", "truth"]
