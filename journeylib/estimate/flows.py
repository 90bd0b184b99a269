"""Where customers go next: the share that makes each move of the journey within a horizon.

A Sankey of those who finished shows survivors. Here each move is counted where it is made,
among those in the stage just then, so that whoever is no longer watched is neither taken to
stay nor to leave, and what comes into a stage is what leaves it and what is still there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.intervals import incidence_limits
from journeylib.estimate.multistate import Steps
from journeylib.estimate.occupancy import STAGE, occupancy
from journeylib.estimate.rmst import checked_horizon
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class Flows(Result):
    """Share that makes each move: ``from, to, share, std_err, low, high, moved``.

    ``moved`` counts the customers seen to make the move by the horizon.
    """

    title: ClassVar[str] = "Moves between stages"


def flows(stays: Spells, horizon: float) -> Flows:
    """The share of customers that makes each move between stages within a horizon.

    Parameters
    ----------
    stays
        As :func:`journeylib.stages` makes them, with forward movement: a customer
        who has left a stage does not come back to it.
    horizon
        Time since the clock started, in the unit of the stays.

    Returns
    -------
    Flows
        Each move that occurs: its hazard among those in the stage, times the share in
        the stage just before, summed up to the horizon, that is, the Aalen-Johansen share
        of a place entered by that move alone. Errors and intervals as those of
        :func:`journeylib.occupancy`.

    Raises
    ------
    DataError
        Without a column ``stage``, when somebody comes back to a stage, or when
        nobody moves by the horizon.

    Examples
    --------
    >>> from journeylib import stages
    >>> from journeylib.example import small_log
    >>> moves = flows(stages(small_log(), terminal="purchase"), 20).frame
    >>> moves[["from", "to", "moved"]].values.tolist()
    [['awareness', 'purchase', 2]]
    """
    if STAGE not in stays.table.columns:
        raise DataError("these spells have no column 'stage'", fix="make them with stages(log)")
    frame = stays.frame.sort_values(["id", "start", "stop"], kind="stable", ignore_index=True)
    if frame.duplicated(["id", STAGE]).any():
        raise DataError(
            "a customer comes back to a stage that was left",
            fix="make the stays with movement='forward'",
        )
    horizon = checked_horizon(horizon)
    where = occupancy(stays)
    steps, names = where.steps[0], where.stages
    inside = int(np.searchsorted(steps.time, horizon, side="right"))
    seen = steps.moves[:inside].sum(axis=0)
    order = {name: k for k, name in enumerate(stays.causes)}
    made = [(int(g), int(h)) for g, h in np.argwhere(seen)]
    made.sort(key=lambda move: (order.get(names[move[0]], -1), order[names[move[1]]]))
    share, error = _moved(steps, made, inside)
    low, high = incidence_limits(share, error, where.about["level"])
    rows = [
        (names[g], names[h], *numbers, int(seen[g, h]))
        for (g, h), numbers in zip(made, zip(share, error, low, high), strict=True)
    ]
    table = pd.DataFrame(rows, columns=["from", "to", "share", "std_err", "low", "high", "moved"])
    if table.empty:
        raise DataError(
            f"nobody moves between stages within {horizon:g} {stays.unit}",
            fix="choose a longer horizon, or look at the stages of the journey file",
        )
    about = {
        "horizon": horizon,
        "n": int(frame["id"].nunique()),
        "ids": int(frame["id"].nunique()),
        "events": int(table["moved"].sum()),
        "stages": tuple(dict.fromkeys([*frame[STAGE].astype(str), *stays.causes])),
        "order": order,
        "clock": stays.clock,
        "audit": stays.audit,
        "level": 0.95,
    }
    return Flows(table=table, unit=stays.unit, about=about)


def _moved(steps: Steps, made: list[tuple[int, int]], inside: int) -> tuple[np.ndarray, np.ndarray]:
    """Share that makes each move at the first ``inside`` times, and its standard error.

    ``ahead[i]`` is how many of each move are to come for whoever is in a stage before time i;
    what watching a customer adds to it, at each time at risk and at the move, is the
    influence of the customer (see :mod:`journeylib.estimate.multistate`).
    """
    stays, size = steps.stays, steps.stays.states
    own = np.zeros((size, size, len(made)))  # of a move, for itself
    for k, move in enumerate(made):
        own[move][k] = 1
    ahead = np.zeros((inside + 1, size, len(made)))
    now = np.einsum("tgh,ghk->tgk", steps.hazard[:inside], own * (1 - np.eye(size))[:, :, None])
    for i in range(inside - 1, -1, -1):
        ahead[i] = now[i] + steps.transition[i] @ ahead[i + 1]
    taken = np.zeros_like(ahead)
    gained = steps.drift[:inside] @ ahead[1:] + steps.share[:inside, :, None] * now
    np.cumsum(gained, axis=0, out=taken[1:])
    first, last = np.minimum(steps.first, inside), np.minimum(steps.last, inside)
    influence = steps.begun @ ahead[0] + taken[first, stays.state] - taken[last, stays.state]
    rows = np.flatnonzero((stays.goes >= 0) & (steps.last <= inside))
    came, went, at = stays.state[rows], stays.goes[rows], steps.last[rows]
    jump = ahead[at, went] - ahead[at, came] + own[came, went]
    influence[rows] += steps.share[at - 1, came][:, None] * jump
    person = np.zeros((int(stays.person[-1]) + 1, len(made)))
    np.add.at(person, stays.person, influence)
    return steps.initial @ ahead[0], np.sqrt((person**2).sum(axis=0))
