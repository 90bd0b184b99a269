"""The stages of a loan application (BPIC 2012) as rows, as R got them."""

from __future__ import annotations

import pandas as pd

from journeylib.spells.core import Spells, spells_from_frame

CAUSES = ("preaccepted", "accepted", "approved", "declined", "cancelled")
ENDS = {0: 0, 1: 3, 2: 4, 3: 5}


def stays(cases: pd.DataFrame) -> Spells:
    """Rows between the steps of each case, without those of no length, as R got them."""
    rows = []
    for case in cases.itertuples():
        steps = [(case.t_preaccepted, 1), (case.t_accepted, 2)]
        steps = sorted((s for s in steps if pd.notna(s[0])), key=lambda s: s[0])
        at, stage = 0.0, "submitted"
        for time, goes in [*steps, (case.time, ENDS[case.cause])]:
            if time > at:
                rows.append((case.case_id, at, time, goes, stage))
                if goes:
                    stage = CAUSES[goes - 1]
            at = time
    frame = pd.DataFrame(rows, columns=["case", "start", "stop", "next", "stage"])
    return spells_from_frame(
        frame, start="start", stop="stop", cause="next", id="case", causes=CAUSES, unit="days"
    )
