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
from journeylib.estimate.occupancy import STAGE, occupancy
from journeylib.results import Result
from journeylib.spells.core import Spells

MOVED = "(moved)"


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
    order = {name: k for k, name in enumerate(stays.causes)}
    made = frame[frame["cause"] > 0].groupby([STAGE, "cause"], sort=False).size()
    moves = sorted(made.index, key=lambda move: (order.get(str(move[0]), -1), move[1]))
    rows = []
    for stage, cause in moves:
        one = _one_move(stays, frame, str(stage), int(cause))
        there = occupancy(one).at(horizon).set_index(STAGE).loc[MOVED]
        here = (frame[STAGE].astype(str) == stage) & (frame["cause"] == cause)
        moved = int((here & (frame["stop"] <= horizon)).sum())
        share = (there["probability"], there["std_err"], there["low"], there["high"])
        rows.append((str(stage), stays.causes[int(cause) - 1], *share, moved))
    table = pd.DataFrame(rows, columns=["from", "to", "share", "std_err", "low", "high", "moved"])
    table = table[table["moved"] > 0].reset_index(drop=True)
    if table.empty:
        raise DataError(
            f"nobody moves between stages within {horizon:g} {stays.unit}",
            fix="choose a longer horizon, or look at the stages of the journey file",
        )
    about = {
        "horizon": float(horizon),
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


def _one_move(stays: Spells, frame: pd.DataFrame, stage: str, cause: int) -> Spells:
    """The same stays, where whoever makes the move goes to a place of their own for good."""
    made = ((frame[STAGE].astype(str) == stage) & (frame["cause"] == cause)).to_numpy()
    after = pd.Series(made).groupby(frame["id"].to_numpy(), sort=False).cumsum().to_numpy() - made
    until = frame.assign(cause=np.where(made, len(stays.causes) + 1, frame["cause"]))
    return stays.with_table(until[after == 0], causes=(*stays.causes, MOVED))
