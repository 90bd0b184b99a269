"""Effects stage by stage: each stage its own fit, moving on as it is defined, differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError

STAGES = ("first", "second", "third", "lost")


def stays(n: int = 700, seed: int = 2, second: float = 0.9) -> jl.Spells:
    """From first to second, second to third, or lost; an ad acts in the second stage only."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(n):
        ad, at = int(rng.integers(2)), 0.0
        for stage, effect in ((1, 0.0), (2, second)):
            move, lost = rng.exponential(1 / (0.2 * np.exp(effect * ad))), rng.exponential(10)
            stop = at + min(move, lost, 15.0)
            cause = 0 if min(move, lost) > 15 else stage + 1 if move < lost else 4
            rows.append((who, at, stop, cause, STAGES[stage - 1], ad))
            at = stop
            if cause != stage + 1:
                break
    frame = pd.DataFrame(rows, columns=["who", "start", "stop", "to", "stage", "ad"])
    return jl.spells_from_frame(frame, "stop", "to", "start", "who", causes=STAGES, unit="days")


def test_each_stage_equals_its_own_fit() -> None:
    spells = stays()
    found = jl.effects_by_stage(spells, "ad")
    assert found.stages == ("first", "second")
    for stage, cause in (("first", 2), ("second", 3)):
        frame = spells.frame
        rows = frame[frame["stage"] == stage]
        alone = rows.assign(event=(rows["cause"] == cause).astype(int)).drop(columns="stage")
        made = spells.with_table(alone.drop(columns="cause").rename(columns={"event": "cause"}),
                                 causes=("on",))  # fmt: skip
        fit = jl.cox(made, "ad", cluster="id").frame
        mine = found.frame[found.frame["stage"] == stage].iloc[0]
        assert mine["events"] == int(alone["event"].sum())
        assert mine["coef"] == pytest.approx(fit["coef"][0], abs=1e-12)
        assert mine["low"] == pytest.approx(fit["low"][0], abs=1e-12)
        assert mine["n"] == rows["id"].nunique()


def test_separate_fits_equal_one_stratified_fit_with_interactions() -> None:
    spells = stays()
    found = jl.effects_by_stage(spells, "ad").frame.set_index("stage")
    frame = spells.frame
    forward = {"first": 2, "second": 3}
    moved = (frame["cause"] == frame["stage"].map(forward)).astype(int)
    made = frame.assign(
        cause=moved,
        in_first=frame["ad"] * (frame["stage"] == "first"),
        in_second=frame["ad"] * (frame["stage"] == "second"),
    )
    one = spells.with_table(made, causes=("moving on",))
    both = jl.cox(one, "in_first + in_second", strata="stage", cluster="id").frame
    for k, stage in enumerate(("first", "second")):
        assert found.loc[stage, "coef"] == pytest.approx(both["coef"][k], abs=1e-8)
        assert found.loc[stage, "std_err"] == pytest.approx(both["robust_std_err"][k], abs=1e-8)


def test_an_effect_is_found_where_it_is_and_the_difference_is_seen() -> None:
    found = jl.effects_by_stage(stays(1200), "ad")
    table = found.frame.set_index("stage")
    assert table.loc["first", "low"] < 1 < table.loc["first", "high"]
    assert table.loc["second", "low"] < np.exp(0.9) < table.loc["second", "high"]
    assert table.loc["second", "p_adjusted"] < 0.001
    assert found.differences["p"][0] < 0.01
    said = jl.say(found)
    assert "From second, ad" in said and "Not the same from every stage" in said
    told = jl.stage_ratios(found)
    assert [f.group for f in told] == ["from first, ad", "from second, ad"]


def test_where_to_may_be_said_and_what_is_too_little_is_left_out() -> None:
    found = jl.effects_by_stage(stays(), "ad", to="lost")
    assert (found.frame["events"] > 90).all()
    few = jl.effects_by_stage(stays(40), "ad", to="third")
    assert few.stages in ((), ("second",)) and "first" in few.left_out
    none = jl.effects_by_stage(stays(12), "ad")
    assert none.frame.empty and "Nothing can be estimated" in jl.say(none)
    from journeylib.plots.style import picture

    assert picture(jl.plot_by_stage(none)) is not None


def test_refusals() -> None:
    with pytest.raises(DataError, match="did you mean 'third'"):
        jl.effects_by_stage(stays(30), "ad", to="thrid")
    plain = jl.spells_from_frame(pd.DataFrame({"time": [1.0], "event": [1], "x": 1}))
    with pytest.raises(DataError, match="in which stage"):
        jl.effects_by_stage(plain, "x")
