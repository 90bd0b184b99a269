"""Where customers go next: the share that makes each move of the journey within a horizon.

A Sankey of those who finished shows survivors. Here each move is an outcome of
its own, competing with every way of never making it, and whoever is still
undecided when watching ends is censored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.audit import Audit
from journeylib.errors import DataError
from journeylib.estimate.incidence import cumulative_incidence
from journeylib.estimate.occupancy import STAGE
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
        Aalen-Johansen incidence of each move that occurs, all ways of passing it by
        taken as competing; intervals as :func:`journeylib.cumulative_incidence`.

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
        one = _one_move(stays, frame, str(stage), int(cause), order)
        at = cumulative_incidence(one).at([horizon]).iloc[0]
        seen = one.frame
        moved = int(((seen["cause"] == 1) & (seen["stop"] <= horizon)).sum())
        share = (at["incidence"], at["std_err"], at["low"], at["high"])
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


def _one_move(
    stays: Spells, frame: pd.DataFrame, stage: str, cause: int, order: dict[str, int]
) -> Spells:
    """One row a customer: 1 made the move, 2 can no longer make it, 0 still may."""
    at_stage = (frame[STAGE].astype(str) == stage).to_numpy()
    code = frame["cause"].to_numpy()
    beyond = np.zeros(len(stays.causes) + 1, dtype=bool)
    beyond[1:] = np.arange(len(stays.causes)) > order.get(stage, -1)
    made = at_stage & (code == cause)
    past = ~made & (code > 0) & (at_stage | beyond[code])
    decided = frame.assign(outcome=np.where(made, 1, np.where(past, 2, 0)))
    first = decided[decided["outcome"] > 0].groupby("id", sort=False)[["stop", "outcome"]].first()
    whole = frame.groupby("id", sort=False).agg(start=("start", "min"), stop=("stop", "max"))
    whole.loc[first.index, "stop"] = first["stop"]
    whole["cause"] = first["outcome"].reindex(whole.index).fillna(0).astype("int64")
    table = whole.reset_index()
    audit = Audit("customers", len(table), {"counted": len(table)})
    names = (stays.causes[cause - 1], "passed by")
    return Spells(table, stays.unit, names, audit, stays.clock, single=True)
