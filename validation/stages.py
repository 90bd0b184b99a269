"""The stages of a loan application (BPIC 2012) as rows, as R got them."""

from __future__ import annotations

import pandas as pd

from journeylib.spells import Spells, spells_from_frame

CAUSES = ("preaccepted", "accepted", "approved", "declined", "cancelled")
ENDS = {0: 0, 1: 3, 2: 4, 3: 5}


def stays(cases: pd.DataFrame) -> Spells:
    """Rows between the steps of each case, without those of no length, as R got them."""
    rows = []
    names = ["case_id", "t_preaccepted", "t_accepted", "time", "cause"]
    for case, preaccepted, accepted, end, cause in zip(*(cases[n].tolist() for n in names)):
        steps = sorted((t, k) for k, t in ((1, preaccepted), (2, accepted)) if pd.notna(t))
        at, stage = 0.0, "submitted"
        for time, goes in [*steps, (end, ENDS[cause])]:
            if time > at:
                rows.append((case, at, time, goes, stage))
                if goes:
                    stage = CAUSES[goes - 1]
            at = time
    frame = pd.DataFrame(rows, columns=["case", "start", "stop", "next", "stage"])
    return spells_from_frame(
        frame, start="start", stop="stop", cause="next", id="case", causes=CAUSES, unit="days"
    )
