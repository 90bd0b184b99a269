"""Weights of rows: frequencies where they are whole numbers, otherwise probabilities.

A frequency says that a row stands for so many customers: the usual variance
holds. Any other weight (inverse probability of treatment or sampling) does not
add information, and needs the robust variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.subset import leave_out
from journeylib.spells.core import Spells


@dataclass(frozen=True, eq=False)
class Weighted:
    """Spells with one positive weight a row, in memory.

    ``value`` is None without weights; ``frequency`` says that all are whole numbers.
    """

    spells: Spells
    value: np.ndarray | None
    frequency: bool


def weighted(spells: Spells, weights: str | None) -> Weighted:
    """Spells and their weights; rows of weight 0 are left out, audited.

    Raises
    ------
    DataError
        When the column is missing or holds anything but finite numbers >= 0.
    """
    if weights is None:
        return Weighted(spells, None, True)
    column = spells.column(weights)
    frame = spells._fetched
    if not pd.api.types.is_numeric_dtype(frame[column]):
        raise DataError(f"the weights {weights!r} must be numbers, not {frame[column].dtype}")
    value = frame[column].to_numpy(dtype=float, na_value=np.nan)
    bad = ~(np.isfinite(value) & (value >= 0))
    if bad.any():
        raise DataError(
            f"the weights {weights!r} hold {int(bad.sum()):,} missing, infinite or negative "
            f"value(s), first in row {int(np.flatnonzero(bad)[0])}",
            fix="a weight is a number of at least 0; leave rows without one out before",
        )
    zero = value == 0
    if zero.any() or spells.lazy:
        spells = leave_out(spells.with_table(frame), zero, "weight 0")
        value = value[~zero]
    return Weighted(spells, value, bool((value == np.floor(value)).all()))
