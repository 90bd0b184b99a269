"""Spells: the one currency between events and estimates.

A spell is an interval ``(start, stop]`` on one customer's clock with the cause
that ended it. Cause 0 is censored: we stopped looking before anything happened.
Causes 1…k are what happened, named in ``Spells.causes``. A spell that begins at
its origin includes it, so that a zero duration is at risk at 0, as R's
``Surv(time, event)`` has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.formats.pandas import PandasData

from journeylib.audit import Audit
from journeylib.errors import DataError, nearest

CORE = ("id", "start", "stop", "cause")


@dataclass(frozen=True)
class Clock:
    """In words: when the clock starts, what stops it, what censors it, who enters late.

    ``origin`` is the name of what starts it, empty where it has none.
    """

    starts: str
    stops: str
    censors: str
    enters: str = "every spell is watched from its origin"
    origin: str = ""

    @property
    def frame(self) -> pd.DataFrame:
        """Two columns, ``rule`` and ``text``."""
        names = ("the clock starts", "it stops", "it is censored", "who enters late")
        texts = (self.starts, self.stops, self.censors, self.enters)
        return pd.DataFrame({"rule": names, "text": texts})

    def _repr_html_(self) -> str:
        from journeylib.results import html_table

        return html_table(self.frame, "The clock")


@dataclass(frozen=True, eq=False)
class Spells:
    """Intervals at risk, one or several rows a customer.

    Parameters
    ----------
    table
        Columns ``id, start, stop, cause`` and covariates; a pandas frame or a
        lazy ibis table. ``start`` and ``stop`` in ``unit``; ``cause`` 0 for
        censored, 1…k as numbered by ``causes``.
    unit
        Of every duration, for instance ``"days"``.
    causes
        Names of causes 1…k, in this order.
    audit
        Who was left out, and why.
    clock
        The rules of the clock in words.
    own_names
        A column's own name in the source -> its name in ``table`` (``household_id`` -> ``id``).
    per
        Column that, with ``id``, tells one spell from another (episodes); None where
        a customer has one spell at most. Episodes of one customer may overlap.
    single
        Whether every spell is one row; set by whoever builds the spells.
    origins
        Lazy, one row an id (and episode): ``_origin``, the tick of the log's clock at
        which its spell has time 0; None where that is not known.
    """

    table: pd.DataFrame | ir.Table
    unit: str
    causes: tuple[str, ...]
    audit: Audit
    clock: Clock
    own_names: Mapping[str, str] = field(default_factory=dict)
    per: str | None = None
    single: bool = True
    origins: ir.Table | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        missing = [c for c in CORE if c not in self.table.columns]
        if missing:
            raise DataError(f"spells lack the column(s) {', '.join(missing)}")
        if not self.causes:
            raise DataError("spells need at least one named cause", fix="pass causes=(...)")

    @property
    def lazy(self) -> bool:
        """Whether the rows still live in the database."""
        return isinstance(self.table, ir.Table)

    @cached_property
    def _fetched(self) -> pd.DataFrame:
        return _rows(self.table) if isinstance(self.table, ir.Table) else self.table

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a pandas frame, fetched once, as a copy that may be changed freely."""
        return self._fetched.copy()

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the columns beyond ``id, start, stop, cause``."""
        return tuple(c for c in self.table.columns if c not in CORE)

    def column(self, name: str) -> str:
        """The table's name of a column that may be given by its own name in the source.

        Raises
        ------
        DataError
            When there is no such column; names the nearest one.
        """
        if name in self.table.columns:
            return name
        if name in self.own_names and self.own_names[name] in self.table.columns:
            return self.own_names[name]
        known = [*self.table.columns, *self.own_names]
        raise DataError(f"the spells have no column {name!r}", fix=nearest(name, known))

    def columns(self, by: str | Sequence[str] | None) -> tuple[str, ...]:
        """``by`` as a tuple of the table's column names."""
        names = () if by is None else (by,) if isinstance(by, str) else tuple(by)
        return tuple(self.column(n) for n in names)

    def with_table(self, table: pd.DataFrame | ir.Table, **changes: Any) -> Spells:
        """The same spells over another table; anything else may be changed too."""
        return replace(self, table=table, **changes)

    def __repr__(self) -> str:
        return f"Spells in {self.unit}, causes {', '.join(self.causes)}: {self.audit}"

    def _repr_html_(self) -> str:
        return self.clock._repr_html_() + self.audit._repr_html_()


def _rows(table: ir.Table) -> pd.DataFrame:
    """All rows of a lazy table, as ibis makes a frame of them.

    But ids are not compared with one another to share their texts: that takes longer than
    the query, and hardly any are alike.
    """
    arrow = table.to_pyarrow()
    columns = {}
    for name, column in zip(arrow.column_names, arrow.columns, strict=True):
        if column.null_count or pa.types.is_nested(column.type):
            columns[name] = pd.Series(column.to_pylist(), dtype=object)
        else:
            columns[name] = column.to_pandas(deduplicate_objects=name != "id")
    return PandasData.convert_table(pd.DataFrame(columns), table.schema())


def spells_from_frame(
    df: pd.DataFrame,
    stop: str = "time",
    cause: str = "event",
    start: str | None = None,
    id: str | None = None,
    *,
    causes: Sequence[str] | Mapping[Any, str] | None = None,
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
                    fix=f"rename the column {name!r} first",
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
    if len(df) == 0:
        raise DataError("the frame is empty: there is nobody to follow", fix="check the filter")


def _times(values: pd.Series, name: str) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(values):
        raise DataError(
            f"column {name!r} must hold numbers, not {values.dtype}",
            fix="subtract the dates first, or open the events with open_log",
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
        names = tuple(dict.fromkeys(causes.values()))
        if not names:
            raise DataError("causes is an empty mapping", fix="name at least one cause")
        number = {value: names.index(label) + 1 for value, label in causes.items()}
        return values.map(number).fillna(0).to_numpy(dtype=np.int64), names
    if values.isna().any():
        raise DataError(
            f"column {name!r} has {int(values.isna().sum()):,} missing value(s)",
            fix="code censored as 0, or pass causes={value: name}, where the rest is censored",
        )
    if not (pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values)):
        raise DataError(
            f"column {name!r} holds text ({values.iloc[0]!r}, …) and not 0, 1, …, k",
            fix="pass causes={value: name}; every value not named there is censored",
        )
    codes = values.to_numpy()
    if codes.dtype.kind not in "iu":
        codes = codes.astype(float)
    if (codes.dtype.kind == "f" and (codes != np.round(codes)).any()) or codes.min() < 0:
        raise DataError(f"column {name!r} must hold 0 for censored and 1, 2, … for causes")
    highest = max(int(codes.max()), 1)
    if causes is None:
        names = (name,) if highest == 1 else tuple(f"cause {k}" for k in range(1, highest + 1))
    else:
        names = tuple(causes)
    if highest > len(names):
        raise DataError(
            f"column {name!r} goes up to {highest}, but {len(names)} cause(s) are named",
            fix="name one cause for each number from 1 up",
        )
    return codes.astype(np.int64), names


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
