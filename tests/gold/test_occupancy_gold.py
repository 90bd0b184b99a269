"""Shares in the stages of a loan application (BPIC 2012) against R's multi-state survfit."""

from __future__ import annotations

import numpy as np
import pytest

from journeylib.estimate.occupancy import occupancy
from validation.stages import CAUSES, stays


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
