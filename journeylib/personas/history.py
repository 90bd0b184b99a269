"""What is known of each customer when the clock starts: recency, frequency, value, what they did.

Only events up to the origin count, its instant included. Spells whose clock starts with the
first contact are refused: nobody has a history then, and whatever told customers apart would
have to come from later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from journeylib import labels
from journeylib.errors import DataError, nearest
from journeylib.events import EventLog, any_of
from journeylib.events.times import in_units, instant, ticks
from journeylib.spells.core import Spells

RECENCY, FREQUENCY, MONETARY, TENURE = "recency", "frequency", "monetary", "tenure"
LEAST = 0.05  # share of customers that must have a history


@dataclass(frozen=True, eq=False)
class History:
    """Spells with what was known of each customer at time 0; made by :func:`history`.

    Parameters
    ----------
    spells
        One row a spell, with the features as columns.
    features
        Names of the columns made from events before the origin.
    activity
        What counts as activity.
    """

    spells: Spells
    features: tuple[str, ...]
    activity: tuple[str, ...] = field(default=())

    def column(self, name: str) -> str:
        """A feature's name, if it was known when the clock started.

        Raises
        ------
        DataError
            For any other column: nothing says that it was known then.
        """
        if name in self.features:
            return name
        if name in self.spells.table.columns or name in self.spells.own_names:
            raise DataError(
                f"{name!r} was not made from events before the clock starts, so it may hold the "
                "future",
                where="features",
                fix=f"personas are made of: {', '.join(self.features)}",
            )
        raise DataError(f"there is no feature {name!r}", fix=nearest(name, self.features))

    def values(self, names: Sequence[str] = ()) -> pd.DataFrame:
        """The features asked for, all unless given, one row a spell."""
        chosen = [self.column(n) for n in names] if names else list(self.features)
        return self.spells.frame[chosen]

    def with_column(self, name: str, values: pd.Series) -> Spells:
        """The spells with one more column."""
        frame = self.spells.frame
        frame[name] = values.to_numpy()
        return self.spells.with_table(frame)

    def __repr__(self) -> str:
        return f"History ({', '.join(self.features)}) of {self.spells!r}"

    def _repr_html_(self) -> str:
        return self.spells._repr_html_()


def history(
    spells: Spells,
    log: EventLog,
    activity: str | Sequence[str],
    *,
    value: str = "value",
    events: Sequence[str] = (),
) -> History:
    """Read each customer's history from the events up to the start of the clock.

    Parameters
    ----------
    spells
        Made from ``log``, one row a customer, whose clock starts later than the first
        contact, for instance by :func:`journeylib.landmark`.
    log
        The event log.
    activity
        Event(s) or stage(s) whose recency, frequency and value are taken.
    value
        Column of the log that is summed over the activity; left out where the log has none.
    events
        Further events whose number so far becomes a feature ``n_<event>``.

    Returns
    -------
    History
        Features ``recency`` (time since the latest activity, since the first event of any
        kind where there was none), ``frequency`` (activities so far, in distinct instants),
        ``monetary`` (mean value of an activity; 0 without one), ``tenure`` (time since the
        first event of any kind) and ``n_<event>``.

    Raises
    ------
    DataError
        When the clock starts with the first contact, so that nothing is known; for several
        rows a customer; for a name that means nothing.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.personas import landmark
    >>> log = small_log()
    >>> known = history(landmark(log, "purchase", 7, origin="purchase"), log, "purchase")
    >>> known.spells.frame[["id", "recency", "frequency", "monetary", "tenure"]]
        id  recency  frequency  monetary  tenure
    0  ann      1.0          2      27.5    10.0
    1  cat      7.0          1      12.0     7.0
    2  dan      7.0          1      50.0     7.0
    """
    if spells.origins is None:
        raise DataError(
            "at which moment these spells have time 0 is not known",
            fix="make the spells from the log, with landmark or time_to",
        )
    if not spells.single or spells.per is not None:
        raise DataError("a history needs one spell a customer", fix="use landmark or time_to")
    names = (activity,) if isinstance(activity, str) else tuple(activity)
    met = _before(spells, log, names, events)
    made = _summed(met, log, value, len(events))
    frame = spells.frame.merge(made, on="id", how="left")
    nobody = frame[TENURE].fillna(0).eq(0)
    if nobody.mean() > 1 - LEAST:
        raise DataError(
            "the clock starts with the first contact: nobody has a history yet, and to tell "
            "customers apart by what they do later would use the future",
            where="the origin of the spells",
            fix="start the clock later, with landmark(log, event, after=…)",
        )
    counted = {f"_n{k}": _feature(name, frame) for k, name in enumerate(events)}
    frame = frame.rename(columns=counted)
    features = [RECENCY, FREQUENCY, *([MONETARY] if MONETARY in frame else []), TENURE]
    features += list(counted.values())
    frame[RECENCY] = frame[RECENCY].fillna(frame[TENURE])
    frame[features] = frame[features].fillna(0)
    _call(dict(zip(counted.values(), events)), spells.unit)
    whole = [FREQUENCY, *counted.values()]
    frame[whole] = frame[whole].astype(np.int64)
    table = frame[[*spells.table.columns, *features]]
    known = f"{' or '.join(names)} before the clock starts"
    audit = spells.audit.note(known, int((frame[FREQUENCY] > 0).sum()))
    return History(replace(spells, table=table, audit=audit), tuple(features), names)


def _feature(event: str, frame: pd.DataFrame) -> str:
    name = "n_" + re.sub(r"\W+", "_", event)
    return name if name not in frame.columns else f"{name}_before"


def _call(counted: Mapping[str, str], unit: str) -> None:
    """Features in the words of a reader."""
    labels.also(RECENCY, f"{unit} since the latest")
    labels.also(FREQUENCY, "how often so far")
    labels.also(MONETARY, "mean value")
    labels.also(TENURE, f"{unit} since the first")
    for column, event in counted.items():
        labels.also(column, f"{labels.label(event)}, how often")


def _before(
    spells: Spells, log: EventLog, activity: Sequence[str], events: Sequence[str]
) -> ir.Table:
    """Rows up to the origin: ``id``, how long before it, whether activity, whether each event."""
    rows, resolution = log.table, log.window.resolution
    acts = any_of([log.meaning(name) for name in activity])
    marks = {f"_e{k}": log.meaning(name).holds(rows) for k, name in enumerate(events)}
    seen = rows.mutate(
        _tick=ticks(instant(rows["at"], resolution), resolution),
        _act=acts.holds(rows).fill_null(False),
        **{name: mark.fill_null(False) for name, mark in marks.items()},
    )
    met = seen.inner_join(spells.origins, "id")
    met = met.filter(met["_tick"] <= met["_origin"])
    return met.mutate(_ago=in_units(met["_origin"] - met["_tick"], resolution, spells.unit))


def _summed(met: ir.Table, log: EventLog, value: str, events: int) -> pd.DataFrame:
    """One row a customer with any event up to the origin."""
    act = met["_act"]
    columns = {
        TENURE: met["_ago"].max(),
        RECENCY: met["_ago"].min(where=act),
        FREQUENCY: met["_tick"].nunique(where=act),
    }
    columns |= {f"_n{k}": met[f"_e{k}"].ifelse(1, 0).sum() for k in range(events)}
    found = value in log.table.columns or value in log.own_names
    if found:
        amount = met[log.column(value)].cast("float64")
        columns["_sum"] = amount.sum(where=act)
    frame = met.group_by("id").aggregate(**columns).to_pandas()
    if found:
        total = frame.pop("_sum").fillna(0.0)
        frame[MONETARY] = total / frame[FREQUENCY].clip(lower=1)
        if not (total != 0).any():
            frame = frame.drop(columns=MONETARY)
    return frame
