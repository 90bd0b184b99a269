"""Planning the looks at an experiment: how many events it takes, how high the bar is at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm

from journeylib.errors import DataError
from journeylib.estimate.boundaries import boundaries, crossing, spent
from journeylib.estimate.power import events_needed
from journeylib.results import Result


@dataclass(frozen=True, repr=False, eq=False)
class Looks(Result):
    """A plan of looks: the columns of ``.frame`` are

    ``look, information, events, boundary, p_nominal, alpha_spent, power``.

    ``boundary`` is of \\|z\\|, ``p_nominal`` its two-sided p; ``alpha_spent`` and ``power``
    add up over the looks so far.

    Parameters
    ----------
    planned_events
        At information 1.
    """

    planned_events: int = field(kw_only=True)

    title: ClassVar[str] = "Planned looks"


def plan_looks(
    hazard_ratio: float,
    information: Sequence[float] = (0.2, 0.4, 0.6, 0.8, 1.0),
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    spending: str = "obrien-fleming",
    share: float = 0.5,
) -> Looks:
    """Plan the looks at an experiment: how many events, and how high the bar at each.

    Parameters
    ----------
    hazard_ratio
        To be found.
    information
        When to look: shares of the planned events, rising, the last 1.
    power
        Probability of finding it at any of the looks.
    alpha
        Two-sided error over all looks.
    spending
        ``"obrien-fleming"`` or ``"pocock"``.
    share
        Share of the treated.

    Returns
    -------
    Looks
        Its ``planned_events`` go to ``sequential``.

    Raises
    ------
    DataError
        For a number outside its range.

    Examples
    --------
    >>> plan_looks(1.25).planned_events  # a single look would need 631
    647
    """
    one = events_needed(hazard_ratio, power, alpha=alpha, share=share)
    t = np.asarray(information, dtype=float)
    bounds = boundaries(information, alpha, spending)
    if t[-1] != 1:
        raise DataError(f"the last look is at information 1, not {t[-1]:g}", where="information")

    def found(drift: float) -> float:
        return float(crossing(t, bounds, drift).sum()) - power

    single = norm.isf(alpha / 2) + norm.ppf(power)
    drift = brentq(found, 0.5 * single, 3 * single)
    effect = abs(np.log(hazard_ratio)) * np.sqrt(share * (1 - share))
    planned = max(one, ceil((drift / effect) ** 2))
    table = pd.DataFrame(
        {
            "look": np.arange(1, len(t) + 1),
            "information": t,
            "events": np.ceil(t * planned - 1e-9).astype(int),
            "boundary": bounds,
            "p_nominal": 2 * norm.sf(bounds),
            "alpha_spent": spent(information, alpha, spending),
            "power": np.cumsum(crossing(t, bounds, effect * np.sqrt(planned))),
        }
    )
    facts = {"hazard_ratio": hazard_ratio, "alpha": alpha, "spending": spending, "share": share}
    return Looks(table, "events", (), {**facts, "n": 0, "events": planned}, planned_events=planned)
