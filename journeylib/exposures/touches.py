"""Touchpoints: who was touched through what and when, as covariates that change on the way.

A touch counts strictly after its moment, as every exposure does. Touches at the very instant
at which the clock starts are how the journey began, not something that happened on it: they
belong into the model as what the customer came with, and are left out here unless asked for.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from journeylib import labels
from journeylib.errors import DataError, nearest
from journeylib.events import EventLog, any_of
from journeylib.events.times import in_units, instant, ticks
from journeylib.exposures.moments import ends_of
from journeylib.exposures.switches import Changes, split_at
from journeylib.privacy import OTHER, small_groups
from journeylib.spells.core import CORE, Spells

EXCLUDE, COUNT = "exclude", "count"
MISSING = "(missing)"


@dataclass(frozen=True, eq=False)
class Touches:
    """Touches on the clock of spells; made by :func:`touches`.

    Parameters
    ----------
    spells
        Split wherever a touch changes something, with one 0/1 column a touchpoint.
    columns
        Touchpoint -> its column in ``spells``; empty where nobody at risk was touched on the
        way, or everybody always had been.
    whole
        The spells before they were split.
    key
        Number of the spell that each row of ``whole`` belongs to.
    table
        Every touch of these customers, before the origin and after the end too: ``key``,
        ``time`` on the spell's clock and ``touchpoint``, sorted by key and time.
    by
        Column of the log that tells touchpoints apart.
    within
        How long a touch counts; None for ever after.
    """

    spells: Spells
    columns: Mapping[str, str]
    whole: Spells = field(repr=False)
    key: np.ndarray = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    by: str
    within: float | None = None

    def formula(self, adjust: str = "") -> str:
        """Right-hand side of a model with every touchpoint, before whatever else is adjusted for.

        Parameters
        ----------
        adjust
            Further terms, as :func:`journeylib.cox` takes them.
        """
        return " + ".join([*self.columns.values(), *([adjust.strip()] if adjust.strip() else [])])

    @property
    def counts(self) -> pd.DataFrame:
        """Touches on the way: ``touchpoint, touches, customers, after``, customers at risk after.

        Only touches that count, up to the end of each spell.
        """
        frame = self.whole._fetched
        stop = pd.Series(frame["stop"].to_numpy()).groupby(self.key).max()
        table = self.table[self.table["counts"] & self.table["touchpoint"].isin(self.columns)]
        table = table[table["time"].to_numpy() <= stop.loc[table["key"]].to_numpy()]
        groups = table.groupby("touchpoint")["key"]
        found = pd.DataFrame({"touches": groups.size(), "customers": groups.nunique()})
        split = self.spells._fetched
        after = {n: int(split.loc[split[c] == 1, "id"].nunique()) for n, c in self.columns.items()}
        found = found.reindex(list(self.columns)).reset_index()
        return found.assign(after=list(after.values()))

    def changes(self, touchpoint: str) -> Changes:
        """When a touchpoint touched, on each spell's clock."""
        mine = self.table[self.table["counts"] & (self.table["touchpoint"] == touchpoint)]
        return Changes(mine["key"].to_numpy(), mine["time"].to_numpy(), self.within)

    def with_also(self, more: Mapping[str, Changes]) -> Spells:
        """The spells split at further changes too, with a 0/1 column for each."""
        switches = {column: self.changes(name) for name, column in self.columns.items()}
        frame = split_at(self.whole.frame, self.key, {**switches, **more})
        return self.whole.with_table(frame, audit=self.spells.audit, single=False)

    def __repr__(self) -> str:
        return f"Touches by {self.by} ({', '.join(self.columns)}) on {self.spells!r}"

    def _repr_html_(self) -> str:
        return self.spells._repr_html_()


def touches(
    spells: Spells,
    log: EventLog,
    by: str = "channel",
    events: str | Sequence[str] = (),
    *,
    within: float | None = None,
    start: str = EXCLUDE,
    missing: bool = True,
    minimum: int = 20,
) -> Touches:
    """Find the touches on each spell's way, one 0/1 covariate a touchpoint.

    Parameters
    ----------
    spells
        Made from ``log`` by any of its builders.
    log
        The event log.
    by
        Column of the log that tells touchpoints apart: ``"channel"``, ``"touchpoint"``,
        ``"content"``, ``"event"`` or any other.
    events
        Which rows are touches: events, derived events or stages. Unless given, every row with
        a value in ``by`` that is not what the spells end with.
    within
        A touch counts for so long after it, in the unit of the spells; for ever unless given.
    start
        Touches at the very instant at which the clock starts: ``"exclude"`` or ``"count"``.
    missing
        Whether touches without a value in ``by`` are a touchpoint of their own, ``(missing)``;
        else they are no touches.
    minimum
        Touchpoints that fewer customers at risk were exposed to are pooled.

    Returns
    -------
    Touches

    Raises
    ------
    DataError
        For a name that means nothing, or spells whose origin is not known.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import time_to
    >>> log = small_log()
    >>> found = touches(time_to(log, "purchase", origin="ad"), log, "event", "visit", minimum=1)
    >>> found.spells.frame
        id  start  stop  cause  visit
    0  ann    0.0   3.0      1      0
    1  bob    0.0   1.0      0      0
    2  bob    1.0  29.0      0      1
    3  cat    0.0   0.0      1      0
    """
    if start not in (EXCLUDE, COUNT):
        raise DataError(f"start cannot be {start!r}", fix=nearest(start, (EXCLUDE, COUNT)))
    if within is not None and not within > 0:
        raise DataError(f"within cannot be {within!r}", fix="a length above 0, or None")
    frame = spells.frame
    keys = ["id", *([spells.per] if spells.per else [])]
    key = frame.groupby(keys, sort=False).ngroup().to_numpy()
    table = _on_the_clock(spells, log, by, events)
    table = table[missing | (table["touchpoint"] != MISSING)]
    whose = frame[keys].assign(key=key).drop_duplicates()
    table = table.merge(whose, on=keys)[["key", "time", "touchpoint"]]
    table = table.sort_values(["key", "time", "touchpoint"], ignore_index=True)
    table["counts"] = (table["time"] != 0) | (start == COUNT)
    table = _pooled(table, frame, key, minimum)
    columns = _columns(_exposed(table, frame, key), spells, by)
    whole = spells.with_table(frame)
    made = Touches(whole, columns, whole, key, table, by, within)
    split = made.with_also({})
    rows = split._fetched
    touched = int(rows.loc[rows[list(columns.values())].any(axis=1), "id"].nunique())
    noted = split.with_table(rows, audit=spells.audit.note(f"touched on the way, by {by}", touched))
    return replace(made, spells=noted)


def has_column(log: EventLog, name: str) -> bool:
    """Whether a log has a column, and a value in it anywhere.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> has_column(small_log(), "channel"), has_column(small_log(), "content")
    (True, False)
    """
    if not name or not (name in log.table.columns or name in log.own_names):
        return False
    column = log.rows[log.column(name)]
    return bool(log.rows.filter(column.notnull()).limit(1).count().to_pandas())


def _on_the_clock(
    spells: Spells, log: EventLog, by: str, events: str | Sequence[str]
) -> pd.DataFrame:
    """The keys, ``time`` on the spell's clock and ``touchpoint`` of every touch."""
    if spells.origins is None:
        raise DataError(
            "at which moment these spells have time 0 is not known",
            fix="make the spells from the log, with time_to, exits, repeats or stages",
        )
    rows, column = log.table, log.column(by)
    names = (events,) if isinstance(events, str) else tuple(events)
    if names:
        rows = rows.filter(any_of([log.meaning(name) for name in names]).holds(rows))
    else:
        rows = rows.filter(rows[column].notnull() & ~_ends(spells, log, rows))
    resolution = log.window.resolution
    seen = rows.select(
        "id",
        _tick=ticks(instant(rows["at"], resolution), resolution),
        touchpoint=rows[column].cast("string").fill_null(MISSING),
    ).distinct()
    met = seen.inner_join(spells.origins, "id")
    keys = ["id", *([spells.per] if spells.per else [])]
    since = in_units(met["_tick"] - met["_origin"], resolution, spells.unit)
    return met.select(*keys, "touchpoint", time=since).to_pandas()


def _ends(spells: Spells, log: EventLog, rows: ir.Table) -> ir.BooleanValue:
    """Rows that are what the spells end with."""
    meant = list(ends_of(spells, log).values())
    return any_of(meant).holds(rows).fill_null(False) if meant else ibis.literal(False)


def _exposed(table: pd.DataFrame, frame: pd.DataFrame, key: np.ndarray) -> dict[str, int]:
    """Touchpoint -> customers at risk after it, of those that not everybody always had."""
    last = pd.Series(frame["stop"].to_numpy()).groupby(key).max()
    counted = table[table["counts"]]
    first = counted.groupby(["touchpoint", "key"])["time"].min().reset_index()
    first = first[first["time"].to_numpy() < last.loc[first["key"]].to_numpy()]
    begin = pd.Series(frame["start"].to_numpy()).groupby(key).min()
    on_the_way = first["time"].to_numpy() > begin.loc[first["key"]].to_numpy()
    sizes = first.groupby("touchpoint")["key"].nunique()
    changing = first.assign(way=on_the_way).groupby("touchpoint")["way"].any()
    everybody = sizes == len(last)
    return {str(name): int(n) for name, n in sizes[changing | ~everybody].items()}


def _pooled(
    table: pd.DataFrame, frame: pd.DataFrame, key: np.ndarray, minimum: int
) -> pd.DataFrame:
    """Touchpoints with fewer than ``minimum`` customers exposed become one."""
    sizes = _exposed(table, frame, key)
    if minimum <= 1 or not sizes:
        return table
    small = small_groups(sizes, minimum)
    if not small or len(sizes) == 1:
        return table
    pooled = table["touchpoint"].where(~table["touchpoint"].isin(small), OTHER)
    return table.assign(touchpoint=pooled)


def _columns(sizes: Mapping[str, int], spells: Spells, by: str) -> dict[str, str]:
    """Touchpoint -> a column's name that formulas can read and that is free."""
    found: dict[str, str] = {}
    prefix = re.sub(r"\W+", "_", by)
    for name in sorted(sizes, key=lambda n: (n == OTHER, n)):
        slug = re.sub(r"\W+", "_", name).strip("_").lower() or "other"
        plain = by == "event" and slug.isidentifier() and slug != OTHER
        column = base = slug if plain else f"{prefix}_{slug}"
        number = 2
        taken = {*found.values(), *spells.table.columns, *spells.own_names, *CORE}
        while column in taken or keyword.iskeyword(column):
            column, number = f"{base}_{number}", number + 1
        found[name] = column
        if not plain:
            labels.also(column, f"{labels.label(by)}: {name}")
    return found
