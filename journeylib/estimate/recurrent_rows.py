"""Rows of repeated events made ready for the models of Prentice, Williams and Peterson.

Three ways to model what happens again and again to the same customer, all with
``cox(..., cluster="id")``:

* Andersen and Gill: the spells as they are; every event is alike.
* total time: ``cox(event_number(spells), formula, strata="event_number", cluster="id")``;
  the clock runs from the origin, each event has its own baseline.
* gap time: ``cox(gap_time(spells), formula, strata="event_number", cluster="id")``;
  the clock starts anew at each event.

References
----------
Andersen and Gill (1982), Annals of Statistics 10; Prentice, Williams and Peterson
(1981), Biometrika 68.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.spells.core import Spells

NUMBER = "event_number"


def event_number(spells: Spells, at_most: int | None = None) -> Spells:
    """Say of each row which event it waits for: 1 for the first, 2 for the second…

    Parameters
    ----------
    spells
        Rows ``(start, stop]``, several a customer; split rows wait for the same event.
    at_most
        Later events count as this one, so that no stratum gets too small.

    Returns
    -------
    Spells
        With a column ``event_number``; rows in the order they were in.

    Raises
    ------
    DataError
        When there is such a column already, or ``at_most`` is below 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from journeylib.spells import spells_from_frame
    >>> df = pd.DataFrame({"who": [1, 1, 1], "start": [0, 2, 5], "time": [2, 5, 9],
    ...                    "event": [1, 1, 0]})
    >>> spells = spells_from_frame(df, start="start", id="who")
    >>> event_number(spells).frame["event_number"].tolist()
    [1, 2, 3]
    """
    if NUMBER in spells.table.columns:
        raise DataError(f"the spells have a column {NUMBER!r} already", fix="rename it first")
    if at_most is not None and at_most < 1:
        raise DataError(f"at_most={at_most} counts nothing", fix="give 1 or more, or None")
    frame = spells.frame
    number, _ = _waiting_for(frame, _keys(spells))
    frame[NUMBER] = number if at_most is None else np.minimum(number, at_most)
    return spells.with_table(frame)


def gap_time(spells: Spells, at_most: int | None = None) -> Spells:
    """Start the clock anew at each event, and number the events.

    Parameters
    ----------
    spells, at_most
        As in :func:`event_number`.

    Returns
    -------
    Spells
        ``start`` and ``stop`` count from the previous event of the same customer
        (from the origin before the first); a row that begins later than that event
        enters late. Each wait is an episode of its own.

    Examples
    --------
    >>> import pandas as pd
    >>> from journeylib.spells import spells_from_frame
    >>> df = pd.DataFrame({"who": [1, 1, 1], "start": [0, 2, 5], "time": [2, 5, 9],
    ...                    "event": [1, 1, 0]})
    >>> gaps = gap_time(spells_from_frame(df, start="start", id="who"))
    >>> gaps.frame[["start", "stop", "event_number"]].values.tolist()
    [[0.0, 2.0, 1.0], [0.0, 3.0, 2.0], [0.0, 4.0, 3.0]]
    """
    numbered = event_number(spells, at_most)
    frame, keys = numbered.frame, _keys(spells)
    number, previous = _waiting_for(frame, keys)
    frame["start"] = np.maximum(frame["start"] - previous, 0)
    frame["stop"] = frame["stop"] - previous
    frame["episode"] = _episodes(frame, keys[1:], number)
    clock = replace(
        spells.clock, starts=f"{spells.clock.starts}, and anew at each event ({spells.clock.stops})"
    )
    single = not bool(frame.duplicated(["id", "episode"]).any())
    return numbered.with_table(frame, clock=clock, per="episode", single=single)


def _keys(spells: Spells) -> list[str]:
    return ["id"] if spells.per is None else ["id", spells.per]


def _waiting_for(frame: pd.DataFrame, keys: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Number of the event that each row waits for, and when the one before it happened."""
    order = frame.reset_index(drop=True).sort_values([*keys, "start", "stop"], kind="stable").index
    ordered = frame.iloc[order].reset_index(drop=True)
    happened = ordered["cause"].gt(0)
    groups = [ordered[k] for k in keys]
    before = happened.astype(int).groupby(groups, sort=False).cumsum() - happened.astype(int)
    last = ordered["stop"].where(happened).groupby(groups, sort=False).shift()
    last = last.groupby(groups, sort=False).ffill().fillna(0.0)
    number, previous = np.empty(len(frame), dtype=np.int64), np.empty(len(frame))
    number[order], previous[order] = before.to_numpy() + 1, last.to_numpy()
    return number, previous


def _episodes(frame: pd.DataFrame, keys: list[str], number: np.ndarray) -> np.ndarray:
    """One name for each wait of each customer, its earlier episode included."""
    if not keys:
        return number
    return (
        frame[keys[0]].astype(str) + " / " + pd.Series(number, frame.index).astype(str)
    ).to_numpy()
