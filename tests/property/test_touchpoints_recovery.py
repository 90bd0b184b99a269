"""What the simulation puts into touches comes out again; rules hand it to whatever is frequent.

A quick version of ``python -m validation.touchpoints``, with the seeds of its own.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from journeylib.simulation import simulate
from journeylib.simulation.credit import touch_credit, watched
from journeylib.simulation.model import BEFORE
from journeylib.truth import true_value
from validation import touchpoints

SEEDS = 10


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    rows = [touchpoints.replicate(40_000 + s, customers=3_000, draws=60) for s in range(SEEDS)]
    return pd.DataFrame(rows)


def test_intervals_hold_the_truth(found: pd.DataFrame) -> None:
    """Of about 200 intervals, ten journeys of twenty, 95% should; a wrong error would not."""
    shares = touchpoints.coverage(found)
    assert len(shares) >= 18
    assert 0.90 <= np.mean(list(shares.values())) <= 0.995
    assert min(shares.values()) >= 0.6


def test_credit_is_unbiased_and_last_touch_is_not(found: pd.DataFrame) -> None:
    truth = found["truths"].iloc[0]
    for flag in ("email", "promotion", "ad_view"):
        true = truth[f"credit of {flag}, bootstrap"]
        seen = found[f"hazard {flag}"]
        assert abs(seen.mean() - true) < 3 * seen.std() / np.sqrt(SEEDS)
    # an ad seen on the way does nothing, and takes most of the credit as it is so frequent
    assert found["last_touch ad_view"].min() > 0.4
    assert found["first_touch email"].max() < 0.1 < truth["credit of email, bootstrap"]


def test_placebos_are_quiet(found: pd.DataFrame) -> None:
    """At 5% a test, three rejections in ten would be odd."""
    for test in ("later", "before", "later product view"):
        share, n = touchpoints.rejected(found, test)
        assert n == SEEDS and share < 0.3
    assert found["before purchase"].isna().all()  # no touch follows a purchase here


def test_the_true_credit_is_that_of_a_large_journey() -> None:
    """Days at risk counted in a large draw, early contacts among them, give the same share."""
    made = simulate(40_000, seed=3, early=0.3, opting_out=0.4)
    events = made.events[made.events["event"].isin(["email", "promotion"])]
    first = events.groupby(["customer_id", "event"])["at"].min().unstack()
    ends = made.events[made.events["event"].isin(["purchase", "lost", "opted_out"])]
    end = ends.groupby("customer_id")["at"].min()
    bought = made.events[made.events["event"] == "purchase"].groupby("customer_id")["at"].min()
    rows = made.customers.set_index("customer_id").join(first)
    rows["bought"] = bought
    added = {"email": 0.0, "promotion": 0.0, "both": 0.0}
    gamma = {f: made.truth.log_hazard_ratio("purchase", f) for f in ("email", "promotion")}
    on = {f: (rows[f] < rows["bought"]).astype(float) for f in gamma}
    known = rows["bought"].notna() & (rows["bought"] == end.reindex(rows.index))
    for f, g in gamma.items():  # of an event after the touch, 1 - exp(-g) is the touch's
        added[f] = float((1 - np.exp(-g * on[f]))[known].sum() / known.sum())
    both = sum(g * on[f] for f, g in gamma.items())
    added["both"] = float((1 - np.exp(-both))[known].sum() / known.sum())
    true = touch_credit(made.truth, ("email", "promotion"))
    assert true[[0, 1, 4]] == pytest.approx(list(added.values()), abs=0.006)
    assert true[2:4].sum() == pytest.approx(true[4], abs=1e-12)


def test_who_is_watched_when_adds_up() -> None:
    for history in (50.0, 400.0):
        pieces = watched(100.0, 0.3, history)
        values = [(a + b * s, a + b * e) for s, e, a, b in pieces[1:]]
        assert values[0][0] == 0 and abs(values[-1][1]) < 1e-12
        assert all(abs(x[1] - y[0]) < 1e-12 for x, y in pairwise(values))
        area = sum((e - s) * (a + b * (s + e) / 2) for s, e, a, b in pieces[1:])
        assert area == pytest.approx(0.3 * 100.0)  # each of them is watched for the whole window
    assert len(BEFORE) == 8


def test_a_finding_knows_its_truth_only_where_the_model_is_whole() -> None:
    truth = simulate(50, seed=1).truth
    terms = ["C(first_channel)[T.x]", "C(first_content)[T.x]", "C(segment)[T.x]", "C(arm)[T.x]"]
    of = {
        "kind": "touch credit",
        "event": "purchase",
        "origin": "first_contact",
        "touchpoint": "email",
        "touchpoints": ["ad_view", "email", "promotion"],
        "terms": [*terms, "ad_view", "email", "promotion"],
    }
    shares = touch_credit(truth, ("email", "promotion"))
    assert true_value(truth, of) == pytest.approx(shares[0])
    assert true_value(truth, {**of, "touchpoint": "all together"}) == pytest.approx(shares[4])
    assert true_value(truth, {**of, "touchpoint": "ad_view"}) == 0.0
    assert true_value(truth, {**of, "terms": ["email", "promotion"]}) is None
    assert true_value(truth, {**of, "event": "lost"}) is None
