"""Recency, frequency and value: groups of customers by what they did before the clock starts.

Hughes (1994), Strategic Database Marketing. Cuts are quantiles among the customers at hand;
equal values always fall into the same part, so parts need not be equally large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.personas.history import FREQUENCY, MONETARY, RECENCY, History
from journeylib.privacy import pool_small
from journeylib.results import Result
from journeylib.spells.core import Spells

WORDS = {
    RECENCY: ("long ago", "recent"),
    FREQUENCY: ("rarely", "often"),
    MONETARY: ("small", "large"),
}


@dataclass(frozen=True, repr=False, eq=False)
class Personas(Result):
    """Groups of customers made before the clock starts: the columns of ``.frame`` are

    ``group, n, share`` and the mean of each feature.

    Parameters
    ----------
    spells
        One row a customer, with the group in the column ``column``.
    column
        Name of that column.
    evidence
        Whether there are groups at all, where that was tested: ``statistic, null, p``.
    """

    spells: Spells = field(kw_only=True, repr=False)
    column: str = field(kw_only=True)
    evidence: Mapping[str, float] = field(kw_only=True, default_factory=dict)

    title: ClassVar[str] = "Kinds of customers, by what they did before the clock starts"

    def _headline(self) -> str:
        return f"{self.title}: {len(self.table)} of {self.about['n']:,} customers"


def rfm(known: History, parts: int = 2, *, minimum: int = 20) -> Personas:
    """Group customers by recency, frequency and (where there is one) value.

    Parameters
    ----------
    known
        Result of :func:`journeylib.history`.
    parts
        Of each of the three, from 2 to 5.
    minimum
        Groups with fewer customers are pooled.

    Returns
    -------
    Personas
        Column ``rfm``: with two parts in words, for instance ``"recent, often, large"``; with
        more as ``"R3 F1 M2"``, where the highest part is the most recent, frequent, valuable.

    Raises
    ------
    DataError
        For another number of parts, or when all customers are alike.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.personas import history, landmark
    >>> log = small_log()
    >>> known = history(landmark(log, "purchase", 7, origin="purchase"), log, "purchase")
    >>> rfm(known, minimum=1).spells.frame[["id", "rfm"]]
        id                      rfm
    0  ann     recent, often, large
    1  cat  long ago, rarely, small
    2  dan  long ago, rarely, large
    """
    if parts not in (2, 3, 4, 5):
        raise DataError(f"rfm cannot make {parts!r} parts", fix="2, 3, 4 or 5")
    features = [f for f in (RECENCY, FREQUENCY, MONETARY) if f in known.features]
    values = known.values(features)
    codes = {f: quantile_part(values[f] * (-1 if f == RECENCY else 1), parts) for f in features}
    if all(len(np.unique(code)) == 1 for code in codes.values()):
        raise DataError("all customers are alike in recency, frequency and value")
    used = [f for f in features if len(np.unique(codes[f])) > 1]
    labels = [_label(f, codes[f], parts) for f in used]
    joiner = ", " if parts == 2 else " "
    group = pd.Series([joiner.join(row) for row in zip(*labels, strict=True)])
    return profiled(known, "rfm", group, features, minimum)


def _label(feature: str, code: np.ndarray, parts: int) -> list[str]:
    if parts == 2:
        return [WORDS[feature][int(c)] for c in code]
    return [f"{feature[0].upper()}{int(c) + 1}" for c in code]


def quantile_part(values: pd.Series, parts: int) -> np.ndarray:
    """Number (from 0) of the quantile part of each value; equal values are never parted.

    A value belongs to the part in which the middle of its ties lies.

    Examples
    --------
    >>> quantile_part(pd.Series([1, 1, 1, 2, 9, 9]), 2).tolist()
    [0, 0, 0, 1, 1, 1]
    >>> quantile_part(pd.Series([1, 1, 1, 1, 1, 7]), 2).tolist()
    [0, 0, 0, 0, 0, 1]
    """
    middle = (values.rank(method="average").to_numpy() - 0.5) / max(len(values), 1)
    return np.minimum((middle * parts).astype(np.int64), parts - 1)


def profiled(
    known: History,
    column: str,
    group: pd.Series,
    features: Sequence[str],
    minimum: int,
    evidence: Mapping[str, float] | None = None,
) -> Personas:
    """Groups as a result: pooled where small, with the means of the features."""
    spells = pool_small(known.with_column(column, group), column, minimum)
    frame = spells.frame
    means = frame.groupby(column, sort=True, observed=True)[list(features)].mean()
    sizes = frame[column].value_counts()
    n = sizes.reindex(means.index)
    table = means.rename_axis("group").reset_index()
    table.insert(1, "n", n.to_numpy())
    table.insert(2, "share", n.to_numpy() / len(frame))
    table = table.sort_values("n", ascending=False, ignore_index=True)
    about: dict[str, Any] = {
        "n": len(frame),
        "features": tuple(features),
        "activity": known.activity,
        "clock": spells.clock,
        "audit": spells.audit,
    }
    return Personas(
        table, spells.unit, (column,), about, spells=spells, column=column, evidence=evidence or {}
    )
