"""Shares in the stages of a loan application (BPIC 2012) against R's multi-state survfit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylib.estimate.occupancy import occupancy
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


@pytest.fixture(scope="module")
def result(shared_csv):
    return occupancy(stays(shared_csv("bpic2012_survival.csv.gz")))


def test_shares_and_errors(gold, result):
    r = gold("bpic2012")["multistate"]
    at = result.at(r["time"])
    assert result.stages == ("submitted", *CAUSES) and r["states"] == ["(s0)", *CAUSES]
    for name, column in (("pstate", "probability"), ("std_err", "std_err")):
        mine = at.pivot(index="time", columns="stage", values=column)[list(result.stages)]
        assert np.allclose(mine, r[name], rtol=1e-8, atol=1e-14)


def test_transition_counts(gold, result):
    r = gold("bpic2012")["multistate"]["transitions"]
    to = [*CAUSES, "(censored)"]
    mine = result.transitions.pivot(index="from", columns="to", values="count")
    mine = mine.reindex(index=result.stages, columns=to).fillna(0)
    assert r["to"] == to and r["from"] == ["(s0)", *CAUSES]
    assert np.array_equal(mine.to_numpy(), np.array(r["count"]))
