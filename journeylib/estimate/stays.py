"""From spells with a stage to stays: near ties made equal, splits joined, all checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.multistate import Stays
from journeylib.estimate.risktable import tie


def order_of_stages(stage: pd.Series, causes: tuple[str, ...]) -> tuple[str, ...]:
    """States in the order of the journey: where one only starts, then what is entered."""
    if stage.isna().any():
        raise DataError(f"{int(stage.isna().sum()):,} rows have no stage", where="column 'stage'")
    if isinstance(stage.dtype, pd.CategoricalDtype):
        seen = set(stage.astype(str)) | set(causes)
        known = [str(c) for c in stage.cat.categories if str(c) in seen]
    else:
        known = [s for s in dict.fromkeys(stage.astype(str)) if s not in causes]
    return (*known, *(c for c in causes if c not in known))


def read_stays(
    frame: pd.DataFrame,
    state: np.ndarray,
    code: np.ndarray,
    stages: tuple[str, ...],
    causes: tuple[str, ...],
) -> tuple[Stays, np.ndarray]:
    """Stays with near ties made equal, splits of one stay joined; checked."""
    person = pd.factorize(frame["person"])[0]
    start, stop = (frame[c].to_numpy(dtype=float) for c in ("start", "stop"))
    values = np.unique(np.concatenate([start, stop]))
    tied = tie(values)
    start, stop = (tied[np.searchsorted(values, t)] for t in (start, stop))
    cause = frame["cause"].to_numpy()
    goes = np.append(-1, [stages.index(c) for c in causes])[cause]
    same = person[1:] == person[:-1]
    _check(frame, same, state, code, goes, start, stop, stages)
    joined = same & (start[1:] == stop[:-1]) & (goes[:-1] < 0)
    head, tail = ~np.append(False, joined), ~np.append(joined, False)
    begins = np.append(True, ~same)[head] & (start[head] == 0)
    stays = Stays(
        person[head], start[head], stop[tail], begins, state[head], goes[tail], len(stages)
    )
    return stays, code[head]


def _check(
    frame: pd.DataFrame,
    same: np.ndarray,
    state: np.ndarray,
    code: np.ndarray,
    goes: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    stages: tuple[str, ...],
) -> None:
    def first(bad: np.ndarray) -> tuple[Any, int]:
        row = int(np.flatnonzero(bad)[0])
        return frame["id"].iloc[row], row

    if (bad := same & (start[1:] < stop[:-1])).any():
        raise DataError(f"rows of id {first(bad)[0]!r} overlap: one is in one stage at a time")
    if (bad := same & (code[1:] != code[:-1])).any():
        raise DataError(
            f"id {first(bad)[0]!r} changes its group on the way",
            fix="group by what is known at the origin",
        )
    entered = np.where(goes[:-1] >= 0, goes[:-1], state[:-1])
    if (bad := same & (state[1:] != entered)).any():
        who, row = first(bad)
        raise DataError(
            f"id {who!r} is in {stages[entered[row]]!r} at {stop[row]:g}, but the next row says "
            f"{stages[state[row + 1]]!r}",
            fix="cause must name the stage of the next row",
        )


def of_group(stays: Stays, chosen: np.ndarray) -> Stays:
    """Some of the stays, their customers numbered anew."""
    person = pd.factorize(stays.person[chosen])[0]
    return Stays(
        person,
        start=stays.start[chosen],
        stop=stays.stop[chosen],
        at_origin=stays.at_origin[chosen],
        state=stays.state[chosen],
        goes=stays.goes[chosen],
        states=stays.states,
    )
