"""Regression on the share that ends in one of several ways (Fine and Gray 1999)."""

from journeylib.estimate.finegray.beside import SideBySide, side_by_side
from journeylib.estimate.finegray.model import FineGray, fine_gray

__all__ = ["FineGray", "SideBySide", "fine_gray", "side_by_side"]
