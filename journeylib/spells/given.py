"""Spells from durations that exist already, in a pandas frame: checked, and nothing repaired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from journeylib.audit import Audit
from journeylib.errors import DataError, nearest
from journeylib.spells.core import CORE, Clock, Spells


def spells_from_frame(
    df: pd.DataFrame,
    stop: str = "time",
    cause: str = "event",
    start: str | None = None,
    id: str | None = None,
    *,
    causes: str | Sequence[str] | Mapping[Any, str] | None = None,
    unit: str = "time units",
) -> Spells:
    """Make spells from a pandas frame that already holds durations.

    Parameters
    ----------
    df
        One row a spell. Columns not named below become covariates.
    stop
        Column of the time at which the row ends, ``>= 0``, in ``unit``.
    cause
        Column of what happened then: 0 or False censored, 1…k or True the
        cause. Any other coding needs ``causes`` as a mapping.
    start
        Column of the time at which the row begins (delayed entry, several rows
        an id). Then ``start < stop`` in every row, and the rows of one id may
        not overlap. Without it every row begins at its origin and ``stop = 0``
        is allowed.
    id
        Column of the customer. Without it every row is a customer of its own.
    causes
        Names of causes 1…k in order; or a mapping from the values of ``cause``
        to names, where whatever is not in it is censored.
    unit
        Unit of the durations.

    Returns
    -------
    Spells

    Raises
    ------
    DataError
        For an empty frame, a missing column, NaN, infinite or negative times,
        ``stop <= start``, overlapping rows of one id, ids of mixed type, or a
        cause that cannot be read.

    Notes
    -----
    The interval is ``(start, stop]``, as in R's ``Surv(start, stop, event)``.

    Examples
    --------
    >>> import pandas as pd
    >>> spells = spells_from_frame(pd.DataFrame({"time": [3, 5], "event": [1, 0]}), unit="days")
    >>> spells.frame[["start", "stop", "cause"]].values.tolist()
    [[0.0, 3.0, 1.0], [0.0, 5.0, 0.0]]
    """
    _need_columns(df, [c for c in (stop, cause, start, id) if c is not None])
    begins = np.zeros(len(df)) if start is None else _times(df[start], start).copy()
    ends = _times(df[stop], stop).copy()
    codes, names = _codes(df[cause], cause, causes)
    ids = None if id is None else _ids(df[id], id)
    if start is not None:
        _need_positive_length(begins, ends, start, stop)
    person = np.arange(len(df)) if ids is None else ids.array.copy()
    columns: dict[str, Any] = {"id": person, "start": begins, "stop": ends, "cause": codes}
    single = ids is None or not bool(ids.duplicated().any())
    if not single:
        _need_disjoint(pd.DataFrame(columns, index=df.index), start)
    for name in df.columns:
        if name not in (stop, cause, start, id):
            if name in CORE:
                raise DataError(
                    f"a covariate may not be called {name!r}, a name that spells use themselves",
                    fix=f"pass {name}={name!r} if that is what it holds, or rename it first",
                )
            columns[name] = df[name].array.copy()
    # every column is a copy of its own already
    table = pd.DataFrame(columns, copy=False)
    audit = Audit("rows", len(df), kept={"rows given": len(df)})
    zero = len(df) - int(np.count_nonzero(ends))  # with a given start nobody stops at 0
    clock = Clock(
        starts="where the given durations start",
        stops=" or ".join(names),
        censors=f"rows with {cause} = 0",
        enters=f"at {start}" if start else "every row is watched from its origin",
    )
    own = {} if id is None else {id: "id"}
    note = audit.note("zero duration, at risk at 0", zero)
    return Spells(table, unit, names, note, clock, own, single=single)


def _need_columns(df: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in df.columns:
            raise DataError(f"there is no column {name!r}", fix=nearest(name, df.columns))
    if not df.columns.is_unique:
        twice = df.columns[df.columns.duplicated()][0]
        raise DataError(f"two columns are called {twice!r}", fix="rename or drop one of them first")
    if len(df) == 0:
        raise DataError("the frame is empty: there is nobody to follow", fix="check the filter")


def plain_numbers(values: pd.Series) -> pd.Series:
    """Exact decimals and Python's own numbers among objects as floats; all else as it is.

    Examples
    --------
    >>> from decimal import Decimal
    >>> plain_numbers(pd.Series([Decimal("1.5"), None])).tolist()
    [1.5, nan]
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype != object:
        return values
    return values.astype(float) if pd.api.types.infer_dtype(values) in _NUMBERS else values


_NUMBERS = ("decimal", "integer", "floating", "mixed-integer-float")


def _times(values: pd.Series, name: str) -> np.ndarray:
    values = plain_numbers(values)
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_complex_dtype(values):
        length = pd.api.types.is_timedelta64_dtype(values)
        raise DataError(
            f"column {name!r} must hold numbers, not {values.dtype}",
            fix=f"divide it by the unit, for instance df[{name!r}] / pd.Timedelta(days=1)"
            if length
            else "subtract the dates first, or open the events with open_log",
        )
    times = values.to_numpy(dtype=float, na_value=np.nan)
    if np.isfinite(times).all() and times.min() >= 0:
        return times
    for bad, word in (
        (np.isnan(times), "missing"),
        (np.isinf(times), "infinite"),
        (times < 0, "negative"),
    ):
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"column {name!r} has {int(bad.sum()):,} {word} time(s), first in row {row}",
                fix="decide what these rows mean before you estimate: drop or repair them",
            )
    return times


def _codes(
    values: pd.Series, name: str, causes: Sequence[str] | Mapping[Any, str] | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    if isinstance(causes, Mapping):
        if not causes:
            raise DataError("causes is an empty mapping", fix="name at least one cause")
        names = _named(tuple(dict.fromkeys(causes.values())))
        number = {value: names.index(label) + 1 for value, label in causes.items()}
        return values.map(number).fillna(0).to_numpy(dtype=np.int64), names
    if values.isna().any():
        raise DataError(
            f"column {name!r} has {int(values.isna().sum()):,} missing value(s)",
            fix="code censored as 0, or pass causes={value: name}, where the rest is censored",
        )
    values = plain_numbers(values)
    if not (pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values)):
        raise DataError(
            f"column {name!r} holds text ({values.iloc[0]!r}, …) and not 0, 1, …, k",
            fix="pass causes={value: name}; every value not named there is censored",
        )
    codes = values.to_numpy()
    if codes.dtype.kind not in "iu":
        codes = codes.astype(float)
    odd = codes.dtype.kind == "f" and not (np.isfinite(codes) & (codes == np.round(codes))).all()
    if odd or codes.min() < 0:
        raise DataError(f"column {name!r} must hold 0 for censored and 1, 2, … for causes")
    highest = max(int(codes.max()), 1)
    if causes is None:
        names = (name,) if highest == 1 else tuple(f"cause {k}" for k in range(1, highest + 1))
    else:
        names = _named((causes,) if isinstance(causes, str) else tuple(causes))
    if highest > len(names):
        raise DataError(
            f"column {name!r} goes up to {highest}, but {len(names)} cause(s) are named",
            fix="name one cause for each number from 1 up",
        )
    return codes.astype(np.int64), names


def _named(names: tuple[Any, ...]) -> tuple[str, ...]:
    """Names of causes, if they are names."""
    bad = [name for name in names if not isinstance(name, str) or not name.strip()]
    if bad or not names:
        raise DataError(
            f"a cause cannot be called {bad[0]!r}" if bad else "no cause is named",
            where="causes",
            fix='give names in the order of their numbers, or {value of the column: "name"}',
        )
    return names


def _ids(values: pd.Series, name: str) -> pd.Series:
    if values.isna().any():
        raise DataError(
            f"column {name!r} has {int(values.isna().sum()):,} missing id(s)",
            fix="drop these rows or give them ids; a missing id is nobody",
        )
    if values.dtype == object:
        kinds = sorted({type(v).__name__ for v in values})
        if len(kinds) > 1:
            raise DataError(
                f"column {name!r} mixes ids of type {' and '.join(kinds)}: "
                "1 and '1' may or may not be the same customer",
                fix=f"convert them first, for instance df[{name!r}].astype(str)",
            )
    return values


def _need_positive_length(begins: np.ndarray, ends: np.ndarray, start: str, stop: str) -> None:
    bad = np.flatnonzero(ends <= begins)
    if len(bad):
        raise DataError(
            f"{len(bad):,} row(s) have {stop} <= {start}, first row {bad[0]} "
            f"({begins[bad[0]]:g} to {ends[bad[0]]:g})",
            fix="an interval (start, stop] with a given start needs start < stop",
        )


def _need_disjoint(table: pd.DataFrame, start: str | None) -> None:
    if start is None:
        raise DataError(
            "several rows have the same id, but no start column is given",
            fix="pass start=..., or leave id out if each row is a spell of its own",
        )
    rows = table.sort_values(["id", "start"], kind="stable")
    same = rows["id"].eq(rows["id"].shift())
    bad = rows[same & (rows["start"] < rows["stop"].shift())]
    if len(bad):
        raise DataError(
            f"{len(bad):,} row(s) overlap an earlier row of the same id, first row {bad.index[0]}",
            fix="the rows of one id must follow each other: each starts at or after the last stop",
        )
