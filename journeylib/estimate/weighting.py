"""Weights of rows: frequencies where they are whole numbers, otherwise probabilities.

A frequency says that a row stands for so many customers: the usual variance
holds. Any other weight (inverse probability of treatment or sampling) does not
add information, and needs the robust variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.subset import leave_out
from journeylib.spells.core import Spells
from journeylib.spells.given import plain_numbers

Weights = str | Sequence[float] | np.ndarray | pd.Series  # a column, or one number a row


@dataclass(frozen=True, eq=False)
class Weighted:
    """Spells with one positive weight a row, in memory.

    ``value`` is None without weights; ``frequency`` says that all are whole numbers.
    """

    spells: Spells
    value: np.ndarray | None
    frequency: bool


def weighted(spells: Spells, weights: Weights | None) -> Weighted:
    """Spells and their weights, a column or one number a row; rows of weight 0 leave, audited.

    Raises
    ------
    DataError
        When the column is missing or holds anything but finite numbers >= 0.
    """
    if weights is None:
        return Weighted(spells, None, True)
    name, given = _given(spells, weights)
    if not pd.api.types.is_numeric_dtype(given):
        raise DataError(f"{name} must be numbers, not {given.dtype}")
    frame = spells._fetched
    value = given.to_numpy(dtype=float, na_value=np.nan)
    bad = ~(np.isfinite(value) & (value >= 0))
    if bad.any():
        raise DataError(
            f"{name} hold {int(bad.sum()):,} missing, infinite or negative "
            f"value(s), first in row {int(np.flatnonzero(bad)[0])}",
            fix="a weight is a number of at least 0; leave rows without one out before",
        )
    zero = value == 0
    if zero.any() or spells.lazy:
        spells = leave_out(spells.with_table(frame), zero, "weight 0")
        value = value[~zero]
    return Weighted(spells, value, bool((value == np.floor(value)).all()))


def _given(spells: Spells, weights: Weights) -> tuple[str, pd.Series]:
    """What to call the weights, and their values in the order of the rows."""
    if isinstance(weights, str):
        return f"the weights {weights!r}", plain_numbers(spells._fetched[spells.column(weights)])
    if spells.lazy:
        raise DataError(
            "weights is a list of numbers, but rows in a database have no order",
            fix="pass the name of a column as weights",
        )
    values = plain_numbers(pd.Series(np.asarray(weights)))
    if len(values) != len(spells._fetched):
        raise DataError(
            f"there are {len(values):,} weights, but {len(spells._fetched):,} rows of spells",
            fix="pass a column name, or one number a row, as weights",
        )
    return "the weights", values
