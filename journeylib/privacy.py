"""Small groups are pooled before anything is estimated, so that no page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from journeylib.audit import Audit
from journeylib.errors import DataError, nearest
from journeylib.spells.core import Spells

OTHER = "other"


def pool_small(
    spells: Spells, by: str | Sequence[str] | None, minimum: int = 20, *, crossed: bool = True
) -> Spells:
    """Pool the groups that hold fewer than ``minimum`` customers.

    Parameters
    ----------
    spells
        Spells with the columns ``by``.
    by
        One column or several; None or empty pools nothing.
    minimum
        Fewest customers that a group may hold. Small ones become "other"; while
        that is itself too small, the next smallest group joins it.
    crossed
        Whether several columns make groups together: then no combination of their values
        holds fewer, either. False for columns that only enter a model, side by side.

    Returns
    -------
    Spells
        With the columns changed, and the pooled customers noted in the audit.

    Raises
    ------
    DataError
        When all groups together hold fewer than ``minimum`` customers, whether or
        not there are groups.

    Examples
    --------
    >>> import pandas as pd, journeylib as jl
    >>> frame = pd.DataFrame({"time": 1.0, "event": 1, "tier": ["a"] * 5 + ["b"] * 2 + ["c"]})
    >>> pooled = pool_small(jl.spells_from_frame(frame), "tier", minimum=3)
    >>> pooled.frame["tier"].value_counts().to_dict()
    {'a': 5, 'other': 3}
    """
    columns = spells.columns(by)
    if minimum <= 1:
        return spells
    frame, audit = spells.frame, spells.audit
    _need(int(frame["id"].nunique()), "are at risk", minimum)
    if not columns:
        return spells
    for column in columns:
        sizes = frame.groupby(column, dropna=False, observed=True)["id"].nunique()
        small = small_groups({key: int(n) for key, n in sizes.items()}, minimum)
        if not small:
            continue
        pooled = frame[column].isin([s for s in small if not pd.isna(s)])
        if any(pd.isna(s) for s in small):
            pooled |= frame[column].isna()
        audit = audit.note(
            f"in {len(small)} group(s) of {column} under {minimum} customers, pooled as '{OTHER}'",
            int(frame.loc[pooled, "id"].nunique()),
        )
        frame[column] = frame[column].astype(object).where(~pooled, OTHER)
    if crossed and len(columns) > 1:
        frame, audit = _crossed(frame, audit, columns, minimum)
    return spells.with_table(frame, audit=audit)


def large_enough(log: Any, minimum: int = 20) -> Any:
    """The log itself, where it holds as many customers as may be shown.

    Parameters
    ----------
    log
        An :class:`EventLog`.
    minimum
        Fewest customers that may be shown.

    Raises
    ------
    DataError
        When there are fewer.
    """
    if minimum > 1:
        _need(log.customers, "are in the log", minimum)
    return log


def _need(customers: int, where: str, minimum: int) -> None:
    if customers < minimum:
        raise DataError(
            f"only {customers} customer(s) {where}, fewer than the {minimum} that may be shown",
            fix="widen the window or the origin, or lower minimum if the readers may see so few",
        )


def _crossed(
    frame: pd.DataFrame, audit: Audit, columns: Sequence[str], minimum: int
) -> tuple[pd.DataFrame, Audit]:
    """The frame with small combinations of several columns pooled in all of them."""
    code = frame.groupby([*columns], dropna=False, observed=True, sort=True).ngroup()
    sizes = frame["id"].groupby(code).nunique()
    small = small_groups({key: int(n) for key, n in sizes.items()}, minimum)
    if not small:
        return frame, audit
    pooled = code.isin(small)
    for column in columns:
        frame[column] = frame[column].astype(object).where(~pooled, OTHER)
    reason = f"in {len(small)} combination(s) of {' and '.join(columns)} under {minimum} customers"
    return frame, audit.note(f"{reason}, pooled", int(frame.loc[pooled, "id"].nunique()))


def neighbours(code: np.ndarray, minimum: int) -> np.ndarray:
    """Groups in an order, each joined with the next until it holds ``minimum`` members.

    Parameters
    ----------
    code
        The group of each member, 0 to the last.
    minimum
        Fewest members; what is left at the end joins the group before.

    Examples
    --------
    >>> neighbours(np.array([0, 0, 1, 2, 2, 2, 3]), 2).tolist()
    [0, 0, 1, 1, 1, 1, 1]
    """
    made, at, held = [], 0, 0
    for size in np.bincount(code):
        made.append(at)
        held += int(size)
        if held >= minimum:
            at, held = at + 1, 0
    joined = np.array(made)
    return np.minimum(joined, max(at - 1, 0))[code]


def small_groups(sizes: Mapping[Any, int], minimum: int) -> list[Any]:
    """The groups to pool: all under ``minimum``, and the next smallest while they are too few.

    Examples
    --------
    >>> small_groups({"a": 30, "b": 25, "c": 4}, minimum=20)
    ['c', 'b']
    >>> small_groups({"a": 30, "b": 25}, minimum=20)
    []
    """
    ordered = sorted(sizes.items(), key=lambda item: (item[1], str(item[0])))
    pool: list[Any] = []
    held = 0
    for key, n in ordered:
        if n >= minimum and (not pool or held >= minimum):
            break
        pool.append(key)
        held += n
    return pool


def hide_small(
    table: pd.DataFrame, column: str, minimum: int = 20, label: str | None = None
) -> pd.DataFrame:
    """Leave out the rows of a shown table that stand for fewer than ``minimum`` customers.

    While those left out stand for too few together, the next smallest row goes too, so that
    no total tells them by subtraction.

    Parameters
    ----------
    table
        Counts, one row a group.
    column
        The column of customers.
    minimum
        Fewest customers that a shown row may hold.
    label
        Column that names a row: those left out become one row called "other", whose numbers
        are their sums, so that a customer with two of them counts twice.

    Returns
    -------
    DataFrame
        The other rows. ``attrs["hidden"]`` says how many were left out.

    Examples
    --------
    >>> import pandas as pd
    >>> hide_small(pd.DataFrame({"event": list("abc"), "customers": [50, 3, 30]}), "customers")
      event  customers
    0     a         50
    """
    for name in (column, *([label] if label is not None else [])):
        if name not in table:
            raise DataError(f"the table has no column {name!r}", fix=nearest(name, table))
    small = small_groups({row: int(n) for row, n in table[column].items() if n > 0}, minimum)
    gone = table.index.isin(small) | (table[column] == 0).to_numpy()
    large = table[~gone].reset_index(drop=True)
    if label is not None and small:
        rest = table.loc[small]
        sums = {c: rest[c].sum() for c in table.select_dtypes("number")}
        spans = {c: getattr(rest[c], c2)() for c, c2 in (("first", "min"), ("last", "max"))
                 if c in table}  # fmt: skip
        others: dict[Any, Any] = {c: OTHER for c in table if c not in sums and c not in spans}
        other = pd.DataFrame([{**others, **sums, **spans}], columns=table.columns)
        large = pd.concat([large, other], ignore_index=True).astype(table.dtypes)
    large.attrs["hidden"] = int(gone.sum())
    return large
