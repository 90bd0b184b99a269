"""Credit by the rules in common use: first, last, linear, Markov removal. Rules, not effects.

Each hands out the events seen among the touches that went before them. None asks whether the
event would have come without the touch: a touchpoint that is merely frequent, late or early
gets credit. They stand beside the credit by the hazard for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.attribution.markov import removal, transitions
from journeylib.estimate.design import cause_number
from journeylib.exposures.touches import Touches
from journeylib.results import Result

UNTOUCHED = "(no touch)"
RULES = ("first_touch", "last_touch", "linear", "markov")


@dataclass(frozen=True, repr=False, eq=False)
class TouchRules(Result):
    """Shares of the events by rule: the columns of ``.frame`` are

    ``touchpoint, journeys, touches, first_touch, last_touch, linear, markov, removal``.

    Each rule's shares add up to 1 with the row ``(no touch)``, the events that nothing went
    before. ``removal`` is the removal effect before it was scaled. ``journeys`` met the
    touchpoint, ``touches`` is how often.
    """

    title: ClassVar[str] = "Credit by rules, which are not effects"

    def _headline(self) -> str:
        return f"{self.title}: {self.about['events']:,} events of {self.about['n']:,} journeys"


def touch_rules(touches: Touches, *, cause: str | int | None = None) -> TouchRules:
    """Hand out the events by first touch, last touch, linear and Markov removal.

    Parameters
    ----------
    touches
        Result of :func:`journeylib.exposures.touches`.
    cause
        Which end is the event, where the spells have several.

    Returns
    -------
    TouchRules

    Raises
    ------
    DataError
        When a customer has several events: these rules know one journey with one end. When
        nobody had the event.

    Notes
    -----
    A journey holds the touches from the origin on, that of the origin's own instant
    included, up to the end, and strictly before the event. First, last and linear look at
    journeys with the event only; Markov removal at all of them.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import time_to
    >>> from journeylib.exposures.touches import touches
    >>> log = small_log()
    >>> spells = time_to(log, "purchase", origin="ad")
    >>> found = touches(spells, log, "event", ["ad", "visit"], start="count", minimum=1)
    >>> touch_rules(found).frame[["touchpoint", "journeys", "last_touch", "markov"]]
       touchpoint  journeys  last_touch  markov
    0          ad         3         1.0     1.0
    1       visit         1         0.0     0.0
    2  (no touch)         0         0.0     0.0
    """
    frame = touches.whole.frame
    happened = frame["cause"].to_numpy() == cause_number(touches.whole, cause)
    events = pd.Series(happened).groupby(touches.key).sum()
    if not happened.any():
        raise DataError("nobody had the event: there is nothing to hand out")
    if (events > 1).any():
        raise DataError(
            "a customer has several events, and these rules know journeys with one end",
            fix="ask for the first event, with time_to or exits",
        )
    stop = pd.Series(frame["stop"].to_numpy()).groupby(touches.key).max()
    reached = (events > 0).to_numpy()
    table = _journeys(touches.table, stop.to_numpy(), reached)
    names = sorted(table["touchpoint"].unique())
    level = pd.Index(names).get_indexer(table["touchpoint"])
    shares = credit_by_rules(table["key"].to_numpy(), level, reached, len(names))
    sizes = table.groupby("touchpoint")["key"].agg(["nunique", "size"]).reindex(names)
    rows = pd.DataFrame(
        {
            "touchpoint": [*names, UNTOUCHED],
            "journeys": [*sizes["nunique"], len(stop) - table["key"].nunique()],
            "touches": [*sizes["size"], 0],
        }
    )
    about = {
        "event": touches.whole.causes[cause_number(touches.whole, cause) - 1],
        "n": len(stop),
        "events": int(reached.sum()),
        "by": touches.by,
    }
    return TouchRules(pd.concat([rows, shares], axis=1), touches.spells.unit, (), about)


def _journeys(table: pd.DataFrame, stop: np.ndarray, reached: np.ndarray) -> pd.DataFrame:
    """Touches that belong to the journeys, by journey and time."""
    key, time = table["key"].to_numpy(), table["time"].to_numpy()
    before = np.where(reached[key], (time < stop[key]) | (time == 0), time <= stop[key])
    return table[(time >= 0) & before].sort_values(["key", "time", "touchpoint"])


def credit_by_rules(
    journey: np.ndarray, level: np.ndarray, reached: np.ndarray, levels: int
) -> pd.DataFrame:
    """Shares of the events by each rule; the last row is what nothing went before.

    Parameters
    ----------
    journey, level
        Of each touch, by journey and time: number of its journey and of its touchpoint.
    reached
        Of each journey, those without a touch too: whether it ends with the event.
    levels
        How many touchpoints there are.

    Returns
    -------
    DataFrame
        ``first_touch, last_touch, linear, markov, removal``, shape (levels + 1, 5).
    """
    total = int(reached.sum())
    mine = reached[journey]
    whose, what = journey[mine], level[mine]
    change = whose[1:] != whose[:-1]
    first, last = np.append(True, change)[: len(whose)], np.append(change, True)[: len(whose)]
    length = np.bincount(whose, minlength=len(reached))
    touched = int((length > 0).sum())
    each = np.zeros(0) if not len(whose) else 1 / length[whose]
    lost = removal(transitions(*_numbered(journey, level, reached), levels))
    scaled = lost / lost.sum() if touched and lost.sum() > 0 else np.zeros(levels)
    shares = {
        "first_touch": np.bincount(what[first], minlength=levels) / total,
        "last_touch": np.bincount(what[last], minlength=levels) / total,
        "linear": np.bincount(what, each, minlength=levels) / total,
        "markov": scaled * touched / total,
    }
    rest = (total - touched) / total
    frame = pd.DataFrame({name: np.append(share, rest) for name, share in shares.items()})
    frame["removal"] = np.append(lost, np.nan)
    return frame


def _numbered(
    journey: np.ndarray, level: np.ndarray, reached: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Journeys that were touched at all, numbered anew."""
    known, number = np.unique(journey, return_inverse=True)
    return number, level, reached[known]
