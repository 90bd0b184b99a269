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
import pandas as pd
import pyarrow as pa
from ibis.formats.pandas import PandasData

from journeylib.audit import Audit
from journeylib.errors import DataError, nearest

CORE = ("id", "start", "stop", "cause")


@dataclass(frozen=True)
class Clock:
    """In words: when the clock starts, what stops it, what censors it, who enters late.

    ``origin`` is the name of what starts it, empty where it has none; ``nth`` says which of
    the events stops it.
    """

    starts: str
    stops: str
    censors: str
    enters: str = "every spell is watched from its origin"
    origin: str = ""
    nth: int = 1

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
    meant
        Name of a cause -> the events, derived events and stages of the log that it means;
        none for a silence. A cause that is not in it means what its name does.
    origins
        Lazy, one row an id (and episode): ``_origin``, the tick of the log's clock at
        which its spell has time 0; None where that is not known.
    """

    table: pd.DataFrame | ir.Table
    unit: str
    causes: tuple[str, ...]
    audit: Audit
    clock: Clock = Clock("at 0", "at what ends it", "whoever is still watched at the end")
    own_names: Mapping[str, str] = field(default_factory=dict)
    per: str | None = None
    single: bool = True
    meant: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origins: ir.Table | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        missing = [c for c in CORE if c not in self.table.columns]
        if missing:
            raise DataError(f"spells lack the column(s) {', '.join(missing)}")
        if not self.causes:
            raise DataError("spells need at least one named cause", fix="pass causes=(...)")
        if isinstance(self.table, pd.DataFrame) and len(self.table):
            cause = self.table["cause"].to_numpy()
            if not (cause.min() >= 0 and cause.max() <= len(self.causes)):  # nor if it is missing
                raise DataError(
                    f"cause goes from {cause.min()} to {cause.max()}, but the causes named are "
                    f"{len(self.causes)}",
                    fix="0 is censored, and 1, 2, … are the causes in the order of their names",
                )

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
    for name, dtype in table.schema().items():
        column = arrow[name]
        if column.null_count or pa.types.is_nested(column.type):
            values = pd.Series(column.to_pylist(), dtype=object)
        else:
            values = column.to_pandas(deduplicate_objects=name != "id")
        columns[name] = PandasData.convert_column(values, dtype)
    return pd.DataFrame(columns, copy=False)
