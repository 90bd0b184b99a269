"""Arguments of the wrong kind at the public face: refused in words, before anything is computed."""

# ruff: noqa: E501

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.arguments import _hints, fits
from journeylib.errors import DataError
from journeylib.example import small_log

FUNCTIONS = sorted(n for n in jl.__all__ if inspect.isfunction(getattr(jl, n)))
FRAME = pd.DataFrame(
    {"time": [1.0, 2, 3, 4, 5, 6], "event": [1, 0, 1, 1, 0, 1], "plan": list("ababab")}
)


@pytest.fixture(scope="module")
def log() -> jl.EventLog:
    return small_log()


@pytest.fixture(scope="module")
def spells() -> jl.Spells:
    return jl.spells_from_frame(FRAME, unit="days")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_refuses_in_words(name: str) -> None:
    function = getattr(jl, name)
    asked = inspect.signature(function).parameters.values()
    required = [p.name for p in asked if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    given = {p: object() for p in required or [p.name for p in asked if p.kind is p.KEYWORD_ONLY]}
    with pytest.raises(DataError, match=r"cannot be|no words for") as caught:
        function(**given) if given else function(object())
    assert str(caught.value).count("\n") == 2  # what, where, fix


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_type_hint_is_understood(name: str) -> None:
    """A hint that were not would let everything through."""
    for argument, hint in _hints(inspect.unwrap(getattr(jl, name))).items():
        assert hint is Any or argument == "return" or not fits(object(), hint)


REFUSED: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "a path for a journey": (
        lambda log, spells: jl.open_log("data/shop"), "open_log(read_journey(path))"),
    "a Path for a journey": (
        lambda log, spells: jl.open_log(Path("data/shop")), "open_log(read_journey(path))"),
    "a log for spells": (
        lambda log, spells: jl.survival_curve(log), "time_to(log, …), exits(log, …) or churn(log)"),
    "a frame for spells": (
        lambda log, spells: jl.cox(FRAME, "plan"), "spells_from_frame(df, …) of a frame"),
    "spells for a log": (
        lambda log, spells: jl.time_to(spells, "purchase"), "open_log(read_journey(path)) opens one"),
    "a frame for a log": (lambda log, spells: jl.churn(FRAME), "log cannot be of kind DataFrame"),
    "spells for a log that may be anything": (
        lambda log, spells: jl.leaving_rule(spells), "log cannot be of kind Spells"),
    "a number for columns": (
        lambda log, spells: jl.survival_curve(spells, by=5), "give a text, several texts or None"),
    "a frame for columns": (
        lambda log, spells: jl.survival_curve(spells, by=FRAME), "by cannot be of kind DataFrame"),
    "numbers for columns": (
        lambda log, spells: jl.rmst(spells, 3, by=[1, 2]), "give a text, several texts or None"),
    "values for columns": (
        lambda log, spells: jl.survival_curve(spells, by=FRAME["time"]), "by cannot be of kind Series"),
    "a set for columns": (
        lambda log, spells: jl.survival_curve(spells, by={"plan"}), "by cannot be of kind set"),
    "nothing for the groups": (
        lambda log, spells: jl.compare(spells, by=None), "by cannot be None"),
    "a text for a time": (
        lambda log, spells: jl.say(jl.survival_curve(spells), at="soon"), "at cannot be 'soon'"),
    "a text for a time of a finding": (
        lambda log, spells: jl.shares(jl.survival_curve(spells), at="3"), "give a number"),
    "a text for a time of a curve": (
        lambda log, spells: jl.survival_curve(spells).at("soon"), "a time must be a number"),
    "a text for a share of a curve": (
        lambda log, spells: jl.survival_curve(spells).quantile("half"), "between 0 and 1"),
    "no level": (lambda log, spells: jl.rmst(spells, 3, level=None), "level cannot be None"),
    "a level in percent": (
        lambda log, spells: jl.survival_curve(spells, level=95), "between 0 and 1, not 95"),
    "no horizon": (lambda log, spells: jl.rmst(spells, None), "horizon cannot be None"),
    "truth for a number": (lambda log, spells: jl.rmst(spells, True), "horizon cannot be True"),
    "a part for a whole number": (
        lambda log, spells: jl.risk_table(spells, near_ties=0.5), "give True or False"),
    "another kind of result": (
        lambda log, spells: jl.medians(jl.cumulative_incidence(spells)), "survival_curve(…) makes one"),
    "a picture of another kind": (
        lambda log, spells: jl.plot_effects(jl.survival_curve(spells)), "cox(…) makes one"),
    "a frame without the columns of a picture": (
        lambda log, spells: jl.plot_counts(FRAME, "plan", "evnt"), "did you mean 'event'"),
    "another word for a share": (
        lambda log, spells: jl.shares(jl.survival_curve(spells), 3, show="x"), "neither 'survival'"),
    "a rule of less than no days": (
        lambda log, spells: jl.leaving_rule(log, -1), "silence"),
    "a group that no step has": (
        lambda log, spells: jl.step_scan(log, "chanel", 30), "did you mean 'channel'"),
    "a horizon that is no number": (
        lambda log, spells: jl.step_scan(log, "channel", np.nan), "must be a positive number"),
    "an experiment without dates": (
        lambda log, spells: jl.looks_due(spells, 5, [1.0]), "no column 'started'"),
    "a test without dates": (lambda log, spells: jl.next_test(spells, 3), "no column 'started'"),
    "weights that are no numbers": (
        lambda log, spells: jl.cox(spells, "plan", weights=pd.Series(["x"] * 6)), "one number a row"),
    "a list for an array": (
        lambda log, spells: jl.risk_table(spells, weights=[1.0] * 6), "give ndarray or None"),
    "a day that is none": (lambda log, spells: jl.simulate(5, start="soon"), "write a day like"),
    "a column that a table lacks": (
        lambda log, spells: jl.hide_small(FRAME, "tim"), "did you mean 'time'"),
    "a share of an arm beyond all": (
        lambda log, spells: jl.check_split(spells, "plan", share=5), "between 0 and 1, not 5"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_says_what_to_give(case: str, log: jl.EventLog, spells: jl.Spells) -> None:
    call, said = REFUSED[case]
    with pytest.raises(DataError) as caught:
        call(log, spells)
    assert said in str(caught.value)


@pytest.mark.parametrize("days", [3, 3.0, np.int32(3), np.float32(3)])
def test_numbers_of_any_library_are_numbers(days: Any, spells: jl.Spells) -> None:
    assert jl.rmst(spells, days).horizon == 3


@pytest.mark.parametrize(
    "by", ["plan", ("plan",), ["plan"], np.array(["plan"]), pd.Index(["plan"])]
)
def test_several_are_any_collection(by: Any, spells: jl.Spells) -> None:
    assert jl.survival_curve(spells, by).groups == ("a", "b")


def test_what_is_missing_is_said_by_python() -> None:
    with pytest.raises(TypeError, match=r"compare\(\) missing 2 required positional arguments"):
        jl.compare()
    with pytest.raises(TypeError, match="unexpected keyword argument 'bye'"):
        jl.survival_curve(None, bye=1)


def test_a_public_function_is_itself_in_another_process() -> None:
    assert jl.cox is jl.cox and pickle.loads(pickle.dumps(jl.cox)) is jl.cox
    assert inspect.signature(jl.cox) == inspect.signature(inspect.unwrap(jl.cox))
