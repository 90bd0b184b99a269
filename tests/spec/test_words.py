"""Sentences leave nothing out: the number, its interval, who was counted; and never say why."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib import words
from journeylib.errors import DataError
from journeylib.plots.style import picture


@pytest.fixture(scope="module")
def spells() -> jl.Spells:
    rng = np.random.default_rng(7)
    group = np.repeat(["mail", "search"], 150)
    time = np.ceil(rng.exponential(np.where(group == "mail", 20, 35)))
    frame = pd.DataFrame(
        {
            "time": np.minimum(time, 60),
            "event": np.where(time <= 60, rng.integers(1, 3, 300), 0),
            "channel": group,
            "visits": rng.integers(1, 9, 300),
        }
    )
    return jl.spells_from_frame(frame, causes=["first_order", "opt_out"], unit="days")


def results(spells: jl.Spells) -> dict[str, object]:
    cox = jl.cox(spells, "C(channel) + visits", cause="first_order")
    return {
        "curve": jl.survival_curve(spells, by="channel"),
        "incidence": jl.cumulative_incidence(spells),
        "comparison": jl.compare(spells, "channel"),
        "gray": jl.compare(spells, "channel", test="gray"),
        "mean": jl.rmst(spells, 30, by="channel"),
        "effects": cox,
        "constant": jl.check_proportionality(cox),
        "scan": jl.segment_scan(spells, "channel", 30),
    }


@pytest.mark.parametrize("kind", ["curve", "incidence", "mean", "effects", "scan"])
def test_an_estimate_comes_with_its_interval_and_with_who_was_counted(spells, kind: str) -> None:
    text = jl.say(results(spells)[kind])
    assert re.search(r"\(.*\d.* to .*\d.*\)", text), text
    assert re.search(r"n = \d", text), text


@pytest.mark.parametrize("kind", ["comparison", "gray", "constant"])
def test_a_test_comes_with_statistic_freedom_and_chance(spells, kind: str) -> None:
    assert re.search(r"chi-squared \d.* on \d+ df, p [=<] [\d.]+", jl.say(results(spells)[kind]))


def test_no_sentence_claims_a_cause(spells) -> None:
    for kind, result in results(spells).items():
        text = jl.say(result).lower()
        assert not re.search(r"\b(causes?d?|because|leads? to|drives?|impact|effect of)\b", text), (
            kind
        )


def test_natural_frequencies_by_hand() -> None:
    frame = pd.DataFrame({"time": [1, 2, 3, 4] * 25, "event": [1, 1, 0, 0] * 25})
    curve = jl.survival_curve(jl.spells_from_frame(frame, causes=["order"], unit="days"))
    assert jl.say(curve, at=2) == (
        "Of 100 customers, about 50 (41 to 60) reach order within 2 days "
        "(n = 100, 50 events by then)."
    )


def test_where_nothing_happened_no_interval_is_claimed() -> None:
    frame = pd.DataFrame({"time": [5, 6, 7], "event": [0, 0, 0]})
    curve = jl.survival_curve(jl.spells_from_frame(frame, causes=["order"], unit="days"))
    assert jl.say(curve, at=5) == "None reach order within 5 days (n = 3, 0 events by then)."
    assert jl.shares(curve, at=5)[0].low is None
    assert jl.say(curve, at=9) == "Nobody was followed for 9 days."
    assert jl.medians(curve)[0].value is None


def test_more_groups_than_can_be_told_are_counted() -> None:
    frame = pd.DataFrame({"time": range(1, 101), "event": 1, "who": np.arange(100) % 10})
    curve = jl.survival_curve(jl.spells_from_frame(frame), by="who")
    assert "2 more are in the table." in jl.say(curve)


def test_what_has_no_words_is_refused() -> None:
    with pytest.raises(DataError, match="no words for a int"):
        jl.say(3)


def test_a_sentence_is_escaped_in_a_notebook() -> None:
    assert words.note("<b>")._repr_html_() == "<p class='journey say'>&lt;b&gt;</p>"


def test_a_test_of_each_cause_counts_groups_and_customers_once(spells) -> None:
    gray = jl.say(jl.compare(spells, "channel", test="gray"))
    assert gray.count("The 2 groups") == 2 and gray.count("n = 300)") == 2
    assert "time to first order" in gray and "time to opt out" in gray
    either = jl.say(jl.compare(spells, "channel"))
    assert "The 2 groups" in either and "time to first order or opt out" in either


def test_intervals_of_another_level_are_not_called_95_percent(spells) -> None:
    narrow = jl.survival_curve(spells, level=0.8)
    assert "80% interval" in jl.say(narrow) and "95%" not in jl.say(narrow)
    assert jl.say(narrow, at=20).endswith("The intervals are 80% intervals.")
    ratios = jl.cox(spells, "visits", cause="opt_out", level=0.9)
    assert "90% intervals" in jl.say(ratios) and "95%" not in jl.say(ratios)
    assert "level" not in jl.say(jl.survival_curve(spells), at=20)


def test_pictures_and_findings_of_another_level(spells: jl.Spells) -> None:
    curve = jl.survival_curve(spells, level=0.9)
    shown = picture(jl.plot_curve(curve))
    assert shown is not None and "90% intervals" in shown.caption and "95%" not in shown.caption
    axes = jl.plot_effects(jl.cox(spells, "visits", cause="opt_out", level=0.9))
    assert axes.get_xlabel().endswith("90% interval")
    for made in (lambda: jl.shares(curve, at=30), lambda: jl.medians(curve)):
        with pytest.raises(DataError, match=r"carry 95% intervals, and these are of 0\.9"):
            made()
    with pytest.raises(DataError, match="curve cannot be of kind CumulativeHazard"):
        jl.plot_curve(jl.cumulative_hazard(spells))
