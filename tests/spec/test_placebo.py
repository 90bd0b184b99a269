"""Moved touches: quiet where nothing is wrong, loud where customers are sought out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.audit import Audit
from journeylib.errors import DataError
from journeylib.exposures.touches import Touches
from journeylib.spells.core import Clock, Spells

END = 20.0


def drawn(
    seed: int,
    n: int = 500,
    *,
    effect: float = 0.5,
    sought: float = 0.0,
    fades: bool = False,
    goes_on: bool = True,
) -> Touches:
    """Touches of one kind on customers whose liking for the product differs.

    ``sought`` is how much sooner likers are touched; ``fades`` ends the effect after four
    days; ``goes_on`` says whether touches come after the event, too.
    """
    rng = np.random.default_rng(seed)
    likes = rng.normal(size=n) if sought else np.zeros(n)
    touch = rng.exponential(1 / (0.08 * np.exp(sought * likes)))
    rate = 0.05 * np.exp(0.8 * likes)
    before = rng.exponential(1 / rate)
    lasts = 4.0 if fades else np.inf
    during = touch + rng.exponential(1 / (rate * np.exp(effect)))
    after = touch + lasts + rng.exponential(1 / rate)
    event = np.where(before < touch, before, np.where(during < touch + lasts, during, after))
    stop = np.minimum(event, END)
    frame = pd.DataFrame({"id": np.arange(n), "start": 0.0, "stop": stop})
    frame["cause"] = (event < END).astype(int)
    seen = touch if goes_on else np.where(touch < stop, touch, np.inf)
    known = np.isfinite(seen) & (seen < END)
    table = pd.DataFrame({"key": np.arange(n)[known], "time": seen[known], "touchpoint": "mail"})
    table["counts"] = True
    spells = Spells(
        table=frame,
        unit="days",
        causes=("purchase",),
        audit=Audit("customers", n, {"at risk": n}),
        clock=Clock("at the start", "at the purchase", "at the end"),
    )
    made = Touches(spells, {"mail": "mail"}, spells, np.arange(n), table, "event")
    return Touches(made.with_also({}), {"mail": "mail"}, spells, np.arange(n), table, "event")


def share(test: str, seeds: int = 120, **world: object) -> float:
    p = [jl.placebo(drawn(s, **world), shift=4.0).p_value(test) for s in range(seeds)]  # type: ignore[arg-type]
    assert not np.isnan(p).any()
    return float((np.array(p) < 0.05).mean())


def test_both_tests_are_quiet_where_the_model_is_right() -> None:
    """5% plus what chance allows in 120 journeys."""
    assert share("later") <= 0.10
    assert share("before") <= 0.10


def test_customers_who_are_sought_out_are_noticed_before_the_touch() -> None:
    assert share("before", 40, sought=1.0) > 0.8


def test_an_effect_that_fades_is_noticed_after_the_touch() -> None:
    assert share("later", 40, effect=1.6, fades=True) > 0.6


def test_where_touches_end_with_the_event_no_number_is_given() -> None:
    found = jl.placebo(drawn(1, goes_on=False), shift=4.0)
    assert np.isnan(found.p_value("before")) and np.isfinite(found.p_value("later"))
    row = found.frame.set_index("test").loc["before"]
    assert np.isnan(row["hazard_ratio"]) and "may end with it" in row["note"]
    check = jl.check_placebo(found, "before")
    assert check.verdict == "warned" and "cannot be tested" in check.seen
    assert "nothing can be tested here" in jl.say(found)


def test_a_passed_placebo_says_so_and_a_failed_one_what_follows() -> None:
    for seed in range(6):  # a right model is doubted now and then; the verdict is that of its p
        found = jl.placebo(drawn(seed), shift=4.0)
        verdict = "passed" if found.p_value("later") >= 0.05 else "warned"
        assert jl.check_placebo(found, "later").verdict == verdict
    bad = jl.check_placebo(jl.placebo(drawn(3, 800, sought=1.2), shift=4.0), "before")
    assert bad.verdict == "warned" and "part of the credit is theirs" in bad.follows


def test_the_shift_is_half_the_usual_time_after_a_touch_unless_given() -> None:
    touches = drawn(5)
    frame = touches.spells.frame
    after = frame[frame["mail"] == 1]
    half = float((after["stop"] - after["start"]).median() / 2)
    assert jl.placebo(touches).about["moved"] == pytest.approx(half)
    with pytest.raises(DataError, match="cannot be moved by 0"):
        jl.placebo(touches, shift=0)


def test_moved_touches_are_drawn_with_their_numbers() -> None:
    from journeylib.plots.style import picture

    shown = picture(jl.plot_placebo(jl.placebo(drawn(2), shift=4.0)))
    assert shown is not None and shown.table is not None and len(shown.table) == 2
    nothing = picture(jl.plot_placebo(jl.placebo(drawn(2, 60, goes_on=False), shift=19.0)))
    assert nothing is not None
