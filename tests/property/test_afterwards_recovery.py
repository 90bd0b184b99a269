"""What the simulation does after the purchase is found again, from the log to the model.

A few logs of ``validation.afterwards``, which runs hundreds: bias against the Monte-Carlo
error, and intervals that hold the truth about as often as they say.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from validation.afterwards import coverage, one_experiment, one_log

SEEDS = range(70, 79)
EXPERIMENTS = range(300, 360)


@pytest.fixture(scope="module")
def table():
    return coverage(one_log(seed, n=1_000) for seed in SEEDS).set_index("of")


def test_every_effect_is_looked_for(table) -> None:
    assert {"net promoter score", "referral_sent: promoter", "referral_sent: detractor"} <= set(
        table.index
    )
    assert table.loc["cancelled: loyalty_joined", "truth"] == -0.6
    assert table.loc["cancelled: support_contact", "truth"] == 0.5
    assert table.loc["cancelled: referral_sent", "truth"] == -0.4
    again = [name for name in table.index if name.startswith("repeat_purchase: loyalty_joined")]
    assert len(again) == 3 and (table.loc[again, "truth"] == 0.5).all()


def test_no_estimate_is_biased(table) -> None:
    z = table["bias"] / (table["spread"] / np.sqrt(table["logs"]))
    assert z.abs().max() < 5.5, z  # Student's t of nine, over all estimands together


def test_intervals_hold_the_truth_as_often_as_they_say(table) -> None:
    held, all_of_them = (table["covers"] * table["logs"]).sum(), table["logs"].sum()
    assert held / all_of_them > 0.9
    # of one estimand, fewer than this happens once in a thousand
    assert (table["covers"] * table["logs"]).min() >= binom.ppf(0.001, len(SEEDS), 0.95)


def test_five_looks_find_something_in_few_experiments_without_effect() -> None:
    found = [one_experiment(seed) for seed in EXPERIMENTS]
    ended = [x for x in found if x is not None]
    assert len(ended) > 50
    assert sum(ended) <= binom.ppf(0.999, len(ended), 0.05)


def test_the_planned_effect_is_found_as_often_as_planned() -> None:
    found = [x for seed in EXPERIMENTS if (x := one_experiment(seed + 999, 1.4)) is not None]
    low, high = binom.ppf([0.001, 0.999], len(found), 0.8)
    assert low <= sum(found) <= high
