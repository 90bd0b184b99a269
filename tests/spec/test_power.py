"""Events needed and ratios that can be seen: by hand, published, and by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from journeylib.errors import DataError
from journeylib.estimate.cox import cox
from journeylib.estimate.power import detectable, detectable_ratio, events_needed, power_of
from journeylib.spells import spells_from_frame


@pytest.mark.parametrize(
    ("ratio", "events"),
    # Schoenfeld's formula by hand: 4 (1.96 + z)^2 / (log ratio)^2, rounded up
    [((0.5, 0.8), 66), ((0.75, 0.8), 380), ((0.75, 0.9), 508), ((2.0, 0.9), 88)],
)
def test_schoenfeld_by_hand(ratio, events):
    assert events_needed(*ratio) == events
    by_hand = 4 * (norm.isf(0.025) + norm.ppf(ratio[1])) ** 2 / np.log(ratio[0]) ** 2
    assert events == int(np.ceil(by_hand))


def test_unequal_arms_and_correlated_covariates_cost_events():
    assert events_needed(1.5, share=0.2) == pytest.approx(events_needed(1.5) / 0.64, abs=1)
    assert events_needed(1.5, r_squared=0.5) == pytest.approx(2 * events_needed(1.5), abs=1)
    assert events_needed(1.5) == events_needed(1 / 1.5)


def test_the_three_agree():
    for ratio in (1.1, 1.4, 3.0):
        d = events_needed(ratio, 0.85, share=0.3)
        assert power_of(d, ratio, share=0.3) >= 0.85 > power_of(d - 1, ratio, share=0.3)
        assert detectable_ratio(d, 0.85, share=0.3) == pytest.approx(ratio, rel=1e-2)
        assert detectable_ratio(d, 0.85, share=0.3) <= ratio


def test_without_effect_power_is_alpha():
    assert power_of(1000, 1 + 1e-12) == pytest.approx(0.05, abs=1e-6)


def test_a_cox_model_finds_it_as_often_as_promised():
    """400 experiments with as many events as needed for 80%; chance allows 76 to 84%."""
    ratio, found, runs = 1.5, 0, 400
    n = events_needed(ratio)
    rng = np.random.default_rng(12)
    for _ in range(runs):
        arm = np.resize([0, 1], n)
        frame = pd.DataFrame({"time": rng.exponential(1 / np.where(arm, ratio, 1.0)), "arm": arm})
        found += cox(spells_from_frame(frame.assign(event=1)), "arm").frame["p"][0] < 0.05
    assert 0.75 < found / runs < 0.85


def test_groups_at_hand():
    frame = pd.DataFrame(
        {
            "time": [1, 2, 3, 4, 5, 6, 7, 8],
            "event": [1, 1, 0, 1, 0, 0, 1, 0],
            "channel": ["ad", "ad", "ad", "ad", "shop", "shop", "web", "web"],
        }
    )
    got = detectable(spells_from_frame(frame), "channel").frame
    assert got["group"].tolist() == ["shop", "web"]
    assert got[["n", "events"]].values.tolist() == [[6, 3], [6, 4]]
    assert got["ratio_above"][1] == pytest.approx(detectable_ratio(4, share=1 / 3))
    assert np.allclose(got["ratio_above"] * got["ratio_below"], 1)
    other = detectable(spells_from_frame(frame), "channel", "web").frame
    assert other["reference"].tolist() == ["web", "web"]
    nothing = detectable(spells_from_frame(frame.assign(event=0)), "channel").frame
    assert nothing[["ratio_above", "ratio_below"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: events_needed(1.0), "not 1"),
        (lambda s: events_needed(2.0, power=1.0), "power"),
        (lambda s: events_needed(2.0, power=0.01), "chance alone"),
        (lambda s: events_needed(2.0, share=0), "share"),
        (lambda s: detectable_ratio(0), "events"),
        (lambda s: power_of(10, 2.0, r_squared=1.0), "r_squared"),
        (lambda s: detectable(s, "one"), "one group only"),
        (lambda s: detectable(s, "arm", "c"), "no group"),
    ],
)
def test_what_cannot_be_is_said(call, words):
    frame = pd.DataFrame({"time": [1, 2], "event": [1, 1], "one": "x", "arm": ["a", "b"]})
    with pytest.raises(DataError) as error:
        call(spells_from_frame(frame))
    assert words in str(error.value)
