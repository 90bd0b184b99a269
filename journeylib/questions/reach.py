"""How many get there, whether or not something else can take them out first.

Where only one thing can happen, the share that got there is one minus Kaplan-Meier. Where
customers can also be lost, it is the cumulative incidence: whoever is lost stays in the
count and never gets there. Both are handed out as the same kind of curve, so that a notebook
asks one question and not two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from journeylib.errors import DataError, nearest
from journeylib.estimate.cure import Cure, cure
from journeylib.estimate.curves import Curve, survival_curve
from journeylib.estimate.incidence import cumulative_incidence
from journeylib.estimate.risktable import risk_table
from journeylib.spells.core import Spells


def reached(spells: Spells, by: str | Sequence[str] | None = None, *, level: float = 0.95) -> Curve:
    """The share still without the first cause, while all others compete with it.

    Parameters
    ----------
    spells
        With one cause or several; the first one is asked about.
    by
        Column or columns that make the groups.
    level
        Of the intervals.

    Returns
    -------
    Curve
        With one cause :func:`journeylib.survival_curve`. With several, ``survival`` is one
        minus the Aalen-Johansen incidence of the first, with its interval on the log scale;
        ``events`` are those of the first cause.

    Examples
    --------
    >>> import pandas as pd
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 2, 3, 4], "event": [1, 2, 0, 1]})
    >>> reached(spells_from_frame(df)).at(2)[["survival"]]
       survival
    0      0.75
    """
    if len(spells.causes) == 1:
        return survival_curve(spells, by, level=level)
    found = cumulative_incidence(spells, by, level=level)
    own = found.table[found.table["cause"] == 1].reset_index(drop=True)
    counts = risk_table(spells, by).frame
    share = own["incidence"].to_numpy()
    none = share == 0
    frame = counts.drop(columns=[c for c in counts if str(c).startswith("cause_")]).assign(
        events=counts["cause_1"],
        survival=1 - share,
        std_err=own["std_err"].to_numpy(),
        low=np.where(none, 1.0, 1 - own["high"].to_numpy()),
        high=np.where(none, 1.0, 1 - own["low"].to_numpy()),
    )
    events = frame.groupby("group", sort=False)["events"].sum()
    sizes = {
        group: {**size, "events": int(events[group])}
        for group, size in found.about["sizes"].items()
    }
    event = spells.causes[0]
    changes = {"event": event, "causes": (event,), "sizes": sizes, "events": int(events.sum())}
    return Curve(frame, found.unit, found.by, {**found.about, **changes})


def alone(spells: Spells, cause: str | None = None) -> Spells:
    """The same spells with one cause, all others taken for censoring: for hazards of that cause.

    Parameters
    ----------
    spells
        With one cause or several.
    cause
        The one to keep; the first unless given.

    Returns
    -------
    Spells
        Fit for a test or a model of the hazard, not for a share: of that, one minus
        Kaplan-Meier would say too much.

    Raises
    ------
    DataError
        For a cause that the spells do not have.
    """
    name = cause or spells.causes[0]
    if name not in spells.causes:
        raise DataError(f"no cause is called {name!r}", fix=nearest(name, spells.causes))
    if len(spells.causes) == 1:
        return spells
    frame = spells.frame
    kept = (frame["cause"] == spells.causes.index(name) + 1).astype("int64")
    return replace(spells, table=frame.assign(cause=kept), causes=(name,))


def never_reached(spells: Spells, least: int = 20) -> Cure | None:
    """The share of customers who never get there, by :func:`journeylib.cure` without covariates.

    Parameters
    ----------
    spells
        With one cause.
    least
        Fewest events from which a plateau may be told.

    Returns
    -------
    Cure or None
        None where there are fewer events than that: then a notebook says so.

    Examples
    --------
    >>> import pandas as pd
    >>> from journeylib import spells_from_frame
    >>> never_reached(spells_from_frame(pd.DataFrame({"time": [1, 2], "event": [1, 0]}))) is None
    True
    """
    events = int((spells.frame["cause"] > 0).sum())
    return cure(spells, "1") if events >= least else None
