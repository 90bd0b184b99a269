"""A term without a finite estimate has no ratio to test; the others are tested as without it."""

from __future__ import annotations

import numpy as np
import pandas as pd

import journeylib as jl


def customers() -> pd.DataFrame:
    """Nobody in group c ever has the event."""
    rng = np.random.default_rng(1)
    group, x = rng.integers(0, 3, 400), rng.normal(size=400)
    time, end = rng.exponential(np.exp(-0.5 * x)), rng.exponential(2, 400)
    return pd.DataFrame(
        {
            "time": np.minimum(time, end),
            "event": ((time < end) & (group < 2)).astype(int),
            "group": np.array(list("abc"))[group],
            "x": x,
        }
    )


def test_the_finite_terms_are_tested_as_if_the_other_group_were_not_there() -> None:
    every = customers()
    with_c = jl.cox(jl.spells_from_frame(every), "C(group) + x")
    without = jl.cox(jl.spells_from_frame(every[every["group"] != "c"]), "C(group) + x")
    got = jl.check_proportionality(with_c, "identity").frame.set_index("term")
    want = jl.check_proportionality(without, "identity").frame.set_index("term")
    assert np.isnan(got.loc["C(group)[T.c]", "chisq"]) and got.loc["C(group)[T.c]", "df"] == 0
    for term in want.index:
        np.testing.assert_allclose(got.loc[term], want.loc[term], rtol=1e-5)


def test_the_report_says_so() -> None:
    effects = jl.cox(jl.spells_from_frame(customers()), "C(group) + x")
    assert jl.check_finite(effects).verdict == "failed"
    assert "no finite estimate" in jl.say(effects)
    check = jl.check_constant_ratio(jl.check_proportionality(effects))
    assert check.verdict == "passed" and check.seen.startswith("For event, all terms together: p")


def test_all_events_at_one_time_leave_nothing_to_test() -> None:
    rows = pd.DataFrame({"time": [2, 2, 2, 3], "event": [1, 1, 1, 0], "x": [1.0, 2.0, 4.0, 3.0]})
    found = jl.check_proportionality(jl.cox(jl.spells_from_frame(rows), "x"))
    assert found.frame["chisq"].isna().all() and (found.frame["df"] == 0).all()
    assert "No term" in jl.say(found)
