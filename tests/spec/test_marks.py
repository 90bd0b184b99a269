"""What is known by then: answers as marks, amounts that add up, several exposures at once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from logs import open_rows

import journeylib as jl
from journeylib.errors import DataError
from journeylib.home import checkout

LOG = """
    id at          event     score value
    a  2020-01-05  purchase  -     10
    a  2020-01-05  purchase  -     10
    a  2020-01-05  purchase  -     5
    a  2020-01-07  survey    3     -
    a  2020-01-09  survey    9     -
    a  2020-01-09  help      -     -
    a  2020-01-11  refer     -     -
    b  2020-01-05  purchase  -     7
    b  2020-01-08  purchase  -     30
    b  2020-01-10  survey    7     -
    b  2020-01-10  refer     -     -
    """


@pytest.fixture
def log(tmp_path: Path) -> jl.EventLog:
    return open_rows(tmp_path, LOG)


def rows(spells: jl.Spells, *columns: str) -> list[list[object]]:
    return spells.frame[["id", "start", "stop", "cause", *columns]].values.tolist()


def test_an_answer_holds_until_the_next_and_never_before(log: jl.EventLog) -> None:
    spells = jl.with_answers(jl.time_to(log, "refer", "purchase"), log, "survey")
    assert rows(spells, "answer_so_far", "detractor", "passive", "promoter", "no_answer") == [
        ["a", 0.0, 2.0, 0, "no_answer", 0, 0, 0, 1],
        ["a", 2.0, 4.0, 0, "detractor", 1, 0, 0, 0],
        ["a", 4.0, 6.0, 1, "promoter", 0, 0, 1, 0],
        ["b", 0.0, 5.0, 1, "no_answer", 0, 0, 0, 1],
    ]


def test_the_edges_of_the_scale_are_parameters(log: jl.EventLog) -> None:
    spells = jl.time_to(log, "refer", "purchase")
    mild = jl.with_answers(spells, log, "survey", low=2, high=3).frame
    assert mild["answer_so_far"].tolist() == ["no_answer", "promoter", "promoter", "no_answer"]
    with pytest.raises(DataError, match="they overlap"):
        jl.with_answers(spells, log, "survey", low=9, high=6)


def test_amounts_of_one_instant_add_up_equal_lines_too(log: jl.EventLog) -> None:
    spells = jl.with_amounts(jl.repeats(log, "purchase"), log, "purchase", "value")
    assert rows(spells, "first_amount", "last_amount") == [
        ["a", 0.0, 26.0, 0, 25.0, 25.0],
        ["b", 0.0, 3.0, 1, 7.0, 7.0],
        ["b", 3.0, 26.0, 0, 7.0, 30.0],
    ]


def test_scores_of_one_instant_are_averaged(log: jl.EventLog) -> None:
    spells = jl.time_to(log, "refer", "purchase")
    whole = jl.with_exposure(spells, log, "purchase", "worth", "value").frame
    assert whole.groupby("id")["worth"].last().to_dict() == {"a": 7.5, "b": 30.0}
    with pytest.raises(DataError, match="together cannot be 'mode'"):
        jl.with_exposure(spells, log, "purchase", "worth", "value", together="mode")


def test_several_exposures_at_once_are_one_after_another(log: jl.EventLog) -> None:
    events = "survey, help, purchase, refer"
    for spells in (jl.time_to(log, "refer", "purchase"), jl.repeats(log, "purchase")):
        both, chain = jl.with_exposures(spells, log, events), spells
        for event in jl.names(events):
            chain = jl.with_exposure(chain, log, event)
        assert rows(both, *jl.names(events)) == rows(chain, *jl.names(events))
        assert both.audit == chain.audit and not both.single and both.lazy
    assert jl.with_exposures(spells, log, "") is spells
    with pytest.raises(DataError, match="taken"):
        jl.with_exposures(jl.with_exposure(spells, log, "help"), log, "survey, help")


def test_several_exposures_of_a_simulated_journey(tmp_path: Path) -> None:
    made = jl.simulate(300, seed=6, early=0.3)
    made.write(tmp_path)
    text = (checkout() / "data" / "simulated" / "journey.toml").read_text()
    (tmp_path / "journey.toml").write_text(text)
    log = jl.open_log(jl.read_journey(tmp_path / "journey.toml"))
    spells = jl.repeats(log, "repeat_purchase", origin="purchase", by="segment", until="gone")
    events = ("loyalty_joined", "support_contact", "gone", "email")
    both, chain = jl.with_exposures(spells, log, events), spells
    for event in events:
        chain = jl.with_exposure(chain, log, event)
    order = ["id", "start", "stop"]
    frames = [s.frame.sort_values(order, ignore_index=True) for s in (both, chain)]
    pd.testing.assert_frame_equal(*frames)
    assert both.audit == chain.audit
    marked = jl.with_answers(both, log, "survey").frame
    assert set(marked["answer_so_far"]) == {"detractor", "no_answer", "passive", "promoter"}


@pytest.mark.parametrize(
    ("event", "column", "there"),
    [
        ("survey", "", True),
        ("survey", "score", True),
        ("help", "score", False),
        ("survey", "colour", False),
        ("complaint", "", False),
        ("", "score", False),
    ],
)
def test_what_a_log_has(log: jl.EventLog, event: str, column: str, there: bool) -> None:
    assert jl.has_event(log, event, column) is there


@pytest.mark.parametrize(
    ("parts", "formula"),
    [
        (("segment, age", "", "log(1 + amount)"), "segment + age + log(1 + amount)"),
        (("a", "a, b"), "a + b"),
        (("", ""), ""),
    ],
)
def test_a_formula_from_lists_of_names(parts: tuple[str, ...], formula: str) -> None:
    assert jl.terms(*parts) == formula
