"""Sentences on shapes of time, on who never will and on experiments; every result has words."""

from __future__ import annotations

import importlib
import pkgutil
import re

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib import words
from journeylib.estimate.lookplan import plan_looks
from journeylib.estimate.sequential import sequential
from journeylib.numbers import number
from journeylib.results import Result
from journeylib.spells import Spells, spells_from_frame
from validation.looks import experiment, looks


def every_result(kind: type = Result) -> set[type]:
    """All kinds of result, wherever they are written."""
    for module in pkgutil.walk_packages(jl.__path__, "journeylib."):
        importlib.import_module(module.name)
    found = set(kind.__subclasses__())
    return found.union(*(every_result(k) for k in found)) if found else found


def test_every_result_has_words_of_its_own() -> None:
    kinds = {k.__name__ for k in every_result() if k.__module__.startswith("journeylib.")}
    assert {"Aft", "Cure", "Sequential", "Curve"} <= kinds
    assert sorted(kinds - set(words._TELLERS)) == []


def two_groups(n: int = 600, seed: int = 5) -> Spells:
    rng = np.random.default_rng(seed)
    group = np.resize(["mail", "search"], n)
    time = rng.weibull(1.4, n) * np.where(group == "mail", 20, 40)
    frame = pd.DataFrame({"time": np.minimum(time, 60), "event": time <= 60, "channel": group})
    return spells_from_frame(frame, causes=["first_order"], unit="days")


def with_cured(end: float) -> Spells:
    rng = np.random.default_rng(4)
    time = np.where(rng.uniform(size=800) < 0.4, np.inf, rng.exponential(10, 800))
    frame = pd.DataFrame({"time": np.minimum(time, end), "event": time <= end})
    return spells_from_frame(frame, causes=["first_order"], unit="days")


def test_who_is_not_in_a_model_is_told() -> None:
    frame = pd.DataFrame({"time": np.arange(1.0, 61), "event": 1, "age": [1.0, 2, np.nan] * 20})
    said = jl.say(jl.cox(spells_from_frame(frame), "age"))
    assert "n = 40," in said and said.endswith("Left out: 20 of 60 rows (no age: 20).")
    assert "Left out" not in jl.say(jl.cox(spells_from_frame(frame.fillna(3)), "age"))


def test_a_ratio_of_a_logarithm_says_for_how_much_more() -> None:
    frame = pd.DataFrame({"time": np.arange(1.0, 61), "event": 1, "amount": [1.0, 2, 5] * 20})
    spells = spells_from_frame(frame)
    assert "for 2.7 times as much" in jl.say(jl.cox(spells, "log(1 + amount)"))
    assert "times as much" not in jl.say(jl.cox(spells, "amount"))


def test_time_ratios_are_told_with_reference_interval_and_direction() -> None:
    model = jl.aft(two_groups(), "C(channel)")
    text = jl.say(model)
    row = model.frame.set_index("term").loc["C(channel)[T.search]"]
    assert text.startswith(
        "What goes along with a longer or shorter time to first order, if the times are Weibull"
    )
    assert "channel: search against mail: time ratio" in text and "longer." in text
    assert f"{row['time_ratio']:.1f}" in text
    assert f"n = 600, {model.events} events" in text
    assert "Intercept" not in text and "scale" not in text


def test_without_covariates_the_median_is_told() -> None:
    model = jl.aft(two_groups(), "1", "lognormal")
    half = model.quantiles(pd.DataFrame(index=[0])).iloc[0]
    text = jl.say(model)
    assert text.startswith("If the times are log-normal, half reach first order within ")
    assert f"{half['time']:.1f}" in text and "95% interval" in text


def test_a_choice_of_shapes_says_when_it_says_little() -> None:
    spells = two_groups()
    choice = jl.aft_choice(spells, "C(channel)")
    text = jl.say(choice)
    assert text.startswith("Of 4 shapes of the time to first order, Weibull has the lowest AIC")
    assert "The others fit worse." in text
    few = jl.aft_choice(two_groups(40), "1")
    near = few.frame["delta"].iloc[1]
    assert ("A difference below 2 says little" in jl.say(few)) == (near < 2)


def test_a_supported_share_is_told_with_its_interval() -> None:
    found = jl.cure(with_cured(80), "1")
    low, high = found.share.loc[0, ["low", "high"]]
    text = jl.say(found)
    assert f"about {found.share['estimate'][0]:.0%}"[:-1] in text
    assert f"({low:.0%}"[:-1] in text and f"{100 * high:.0f}) will never reach first order" in text


def test_an_unsupported_share_is_told_as_bounds_with_the_reason() -> None:
    found = jl.cure(with_cured(5), "1")
    text = jl.say(found)
    assert text.startswith("The follow-up supports no number for how many will never reach")
    assert f"from 0 to {100 * found.share['high'][0]:.0f} of 100" in text
    assert found.gate.reason[1:] in text
    assert "about" not in text.split("agrees")[0]
    (bounds,) = jl.cured(found)
    high = number(100 * found.share["high"][0], 3)
    assert str(bounds) == (
        f"share that never will reach first order: between 0% and {high}%; no point: "
        f"{found.gate.short} (n = {found.n:,}, {found.events:,} events)"
    )
    assert jl.cured(jl.cure(with_cured(80), "1"))[0].name == bounds.name


def test_whether_and_when_have_ratios_of_their_own() -> None:
    rng = np.random.default_rng(8)
    x = rng.integers(0, 2, 1500)
    time = np.where(rng.uniform(size=1500) < 0.2 + 0.4 * x, np.inf, rng.exponential(10, 1500))
    frame = pd.DataFrame({"time": np.minimum(time, 90), "event": time <= 90, "x": x})
    text = jl.say(jl.cure(spells_from_frame(frame, causes=["order"]), "x"))
    assert re.search(r"ever reaching order: x: odds ratio 0\.\d+ \(.* to .*\), less likely", text)
    assert "when, among those who will: x: time ratio" in text


@pytest.mark.parametrize(
    ("seed", "ratio", "count", "said"),
    [
        (1, 2.5, 5, "those in treatment reach event sooner; the experiment is over"),
        (3, 1.0, 5, "all planned events are in and no bar was crossed"),
        (3, 1.0, 2, "no bar is crossed so far, go on for 120 more events"),
    ],
)
def test_looks_at_an_experiment(seed: int, ratio: float, count: int, said: str) -> None:
    frame = experiment(np.random.default_rng(seed), 260, ratio)
    seen = looks(frame, 200, 5)[:count]
    found = sequential(seen, "arm", 200, horizon=30)
    text = jl.say(found)
    assert text.startswith("Look ") and "), treatment against control: " in text
    assert said in text
    assert "of 200 planned events" in text and "interval over all looks" in text
    final = "mean time without event within the first 30 days" in text
    assert final == ("At the planned end (n = " in text)
    assert final == (count == 5)
    assert ("more looks are planned" in text) == (count == 2)


def test_a_plan_names_events_looks_bars_and_errors() -> None:
    plan = plan_looks(1.25)
    text = jl.say(plan)
    assert f"of {plan.planned_events:,} events, read at 5 looks" in text
    assert "|z| of 4.88" in text and "5.0 of 100 would cross" in text


def test_what_could_be_seen() -> None:
    frame = pd.DataFrame({"time": [1, 2, 3, 4] * 25, "event": 1, "arm": ["a", "b"] * 50})
    text = jl.say(jl.detectable(spells_from_frame(frame, causes=["order"]), "arm"))
    assert "b against a (100 events): 1.75 or more, 0.571 or less." in text
    assert "seen in 80 of 100 such studies (n = 100, 100 events)" in text


def test_an_accumulated_hazard() -> None:
    frame = pd.DataFrame({"time": [1, 2, 3, 4], "event": [1, 1, 0, 1]})
    hazard = jl.cumulative_hazard(spells_from_frame(frame, causes=["order"], unit="days"))
    assert jl.say(hazard, at=2).startswith("By 2 days, the hazard of order has added up to 0.6 (")
    assert "Nobody was followed for 9 days" in jl.say(hazard, at=9)
