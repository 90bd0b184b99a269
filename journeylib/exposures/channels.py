"""One channel or several: how many ways a customer has been met through so far, and switches.

Whoever stays longer meets more channels, so "customers of several channels buy more often"
may say no more than that they stayed. Here a second channel counts from the moment at which it
appears, never before.
"""

from __future__ import annotations

import pandas as pd

from journeylib.exposures.switches import Changes, split_at
from journeylib.exposures.touches import Touches
from journeylib.spells.core import Spells

SEVERAL, SWITCHES, NUMBER = "several_channels", "channel_switches", "channels"


def with_channels(touches: Touches) -> Spells | None:
    """Spells split wherever a further channel appears or the channel changes.

    Parameters
    ----------
    touches
        Result of :func:`journeylib.exposures.touches`, by whatever is taken for a channel.

    Returns
    -------
    Spells or None
        None where nobody meets a second one while at risk: then there is nothing to compare.
        Else the spells before they were split at touches, with three columns of their own:
        ``channels``, how many different ones so far, that of the origin included;
        ``several_channels``, 1 from the second on; ``channel_switches``, how often a
        touch came through another channel than the one before it.

    Notes
    -----
    Touches before the origin count as known at the origin; touches of one instant count in
    the order of their names.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import time_to
    >>> from journeylib.exposures.touches import touches
    >>> log = small_log()
    >>> spells = time_to(log, "purchase", origin="ad")
    >>> met = touches(spells, log, "event", ["ad", "visit"], start="count", minimum=1)
    >>> with_channels(met).frame.loc[1:2, ["id", "start", "stop", "channels", "several_channels"]]
        id  start  stop  channels  several_channels
    1  bob    0.0   1.0         1                 0
    2  bob    1.0  29.0         2                 1
    """
    table = touches.table.sort_values(["key", "time", "touchpoint"], kind="stable")
    new = table[~table.duplicated(["key", "touchpoint"])]
    second = new[new.groupby("key").cumcount() == 1]
    same = table["key"].eq(table["key"].shift())
    moved = table[same & table["touchpoint"].ne(table["touchpoint"].shift())]
    frame = split_at(
        touches.whole.frame,
        touches.key,
        {SEVERAL: _changes(second)},
        {NUMBER: _changes(new), SWITCHES: _changes(moved)},
    )
    if frame[SEVERAL].nunique() < 2:
        return None
    return touches.whole.with_table(frame, single=False)


def _changes(rows: pd.DataFrame) -> Changes:
    return Changes(rows["key"].to_numpy(), rows["time"].to_numpy())
