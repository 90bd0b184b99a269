"""What the next experiment would take: events, customers, and time at the present pace."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
import pandas as pd

from journeylib.errors import ModelError
from journeylib.estimate.curves import survival_curve
from journeylib.estimate.lookplan import plan_looks
from journeylib.estimate.looks import STARTED
from journeylib.estimate.rmst import checked_horizon
from journeylib.spells.core import Spells

RATIOS = (1.1, 1.2, 1.3, 1.5, 2.0)


def next_test(
    spells: Spells,
    horizon: float,
    ratios: Sequence[float] = RATIOS,
    *,
    information: Sequence[float] = (0.2, 0.4, 0.6, 0.8, 1.0),
    power: float = 0.8,
    alpha: float = 0.05,
    share: float = 0.5,
) -> pd.DataFrame:
    """How large an experiment has to be to find an effect of each size.

    Parameters
    ----------
    spells
        One row a customer, with ``started`` (see :func:`journeylib.with_start`): whoever
        arrived lately stands for who will.
    horizon
        How long each new customer would be followed, in the unit of the spells.
    ratios
        Hazard ratios to be found.
    information, power, alpha, share
        As for :func:`journeylib.plan_looks`.

    Returns
    -------
    DataFrame
        ``hazard_ratio, events, customers, duration``: events of both arms with these looks;
        the customers who have that many within the horizon, of whom ``share`` get the new
        treatment; and how long that many take to arrive, the last one's horizon included.

    Raises
    ------
    ModelError
        When nobody has the event within the horizon, so that no number of customers helps.

    Examples
    --------
    >>> import journeylib as jl
    >>> df = pd.DataFrame({"time": [5.0, 50.0] * 50, "event": [1, 0] * 50,
    ...                    "started": np.arange(100.0)})
    >>> next_test(jl.spells_from_frame(df, unit="days"), 30, [1.5])
       hazard_ratio  events  customers  duration
    0           1.5     196        342    368.58
    """
    horizon = checked_horizon(horizon)
    reached = 1 - float(survival_curve(spells).at([horizon])["survival"].iloc[0])
    if not reached > 0:
        raise ModelError(
            f"nobody has {' or '.join(spells.causes)} within {horizon:g} {spells.unit}",
            where="horizon",
            fix="use a longer horizon, or an event that happens",
        )
    started = spells.frame[spells.column(STARTED)].to_numpy(dtype=float)
    pace = len(started) / max(float(np.ptp(started)), 1e-9)
    rows = []
    for ratio in ratios:
        planned = plan_looks(ratio, information, power=power, alpha=alpha, share=share)
        # half of the customers have the event at the changed pace
        changed = 1 - (1 - reached) ** ratio
        mixed = (1 - share) * reached + share * changed
        customers = ceil(planned.planned_events / mixed)
        rows.append((ratio, planned.planned_events, customers, customers / pace + horizon))
    return pd.DataFrame(rows, columns=["hazard_ratio", "events", "customers", "duration"])
