"""with_exposure: what is known when, as literal tables; immortal time; what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cases import Case
from cases_spells import EXPOSURES, LATE
from logs import as_table, expected_table, open_frame, open_rows

import journeylib as jl
from journeylib.errors import DataError

LOG = """
    id at          event     campaign
    a  2020-01-05  ad        x
    a  2020-01-06  ad        y
    a  2020-01-08  help      -
    a  2020-01-15  purchase  x
    b  2020-01-05  ad        x
    """


@pytest.fixture
def log(tmp_path: Path) -> jl.EventLog:
    return open_rows(tmp_path, LOG)


@pytest.mark.parametrize("case", EXPOSURES, ids=str)
def test_rule(case: Case, tmp_path: Path) -> None:
    log = open_rows(tmp_path, case.log, **case.file)
    spells = jl.with_exposure(jl.time_to(log, "purchase", origin="ad"), log, **case.ask)
    names, rows = expected_table(case.spells)
    assert as_table(spells.frame, names) == rows
    assert {k: n for k, n in spells.audit.dropped.items() if n} == case.dropped
    zero = {"zero duration, at risk at 0"}
    assert {k: n for k, n in spells.audit.notes.items() if k not in zero} == case.notes


def test_a_split_changes_no_curve(log: jl.EventLog) -> None:
    spells = jl.time_to(log, "purchase", origin="ad")
    split = jl.with_exposure(spells, log, "help")
    assert split.lazy and not split.single
    pd.testing.assert_frame_equal(jl.survival_curve(split).frame, jl.survival_curve(spells).frame)


def test_several_exposures_one_after_another(log: jl.EventLog) -> None:
    spells = jl.time_to(log, "purchase", origin="ad")
    for event, value in (("help", "ever"), ("ad", "count")):
        spells = jl.with_exposure(spells, log, event, value=value)
    names, rows = expected_table(
        """
        id start stop cause help n_ad
        a  0     1    0     0    1
        a  1     3    0     0    2
        a  3     10   1     1    2
        b  0     26   0     0    1
        """
    )
    assert as_table(spells.frame, names) == rows


def test_episodes_and_repeats_are_split_too(log: jl.EventLog) -> None:
    episodes = jl.time_to(log, "purchase", origin="ad", per="campaign")
    names, rows = expected_table(
        """
        id campaign start stop cause help
        a  x        0     3    0     0
        a  x        3     10   1     1
        a  y        0     2    0     0
        a  y        2     25   0     1
        b  x        0     26   0     0
        """
    )
    assert as_table(jl.with_exposure(episodes, log, "help").frame, names) == rows
    names, rows = expected_table(
        """
        id start stop cause enum n_purchase
        a  0     1    1     1    0
        a  1     10   0     2    0
        a  10    26   0     2    1
        b  0     26   0     1    0
        """
    )
    again = jl.with_exposure(jl.repeats(log, "ad"), log, "purchase", value="count")
    assert as_table(again.frame, names) == rows


def test_an_event_of_repeats_counts_only_in_the_next_row(log: jl.EventLog) -> None:
    spells = jl.with_exposure(jl.repeats(log, "ad"), log, "ad", value="count")
    names, rows = expected_table(
        """
        id start stop cause enum n_ad
        a  0     1    1     1    1
        a  1     26   0     2    2
        b  0     26   0     1    1
        """
    )
    assert as_table(spells.frame, names) == rows
    assert spells.audit.notes[f"n_ad: {LATE}"] == 1


def test_spells_from_a_frame_say_when_they_began(log: jl.EventLog) -> None:
    frame = pd.DataFrame({"who": ["a", "b"], "time": [10, 26], "event": [1, 0]})
    frame["began"] = pd.Timestamp("2020-01-05")
    spells = jl.spells_from_frame(frame, id="who", unit="days")
    names, rows = expected_table(
        """
        id start stop cause help
        a  0     3    0     0
        a  3     10   1     1
        b  0     26   0     0
        """
    )
    known = jl.with_exposure(spells, log, "help", origin="began")
    assert as_table(known.frame, names) == rows
    with pytest.raises(DataError, match="at which moment these spells have time 0 is not known"):
        jl.with_exposure(spells, log, "help")
    with pytest.raises(DataError, match="'time units', which is no length of time"):
        jl.with_exposure(jl.spells_from_frame(frame, id="who"), log, "help", origin="began")


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"event": "helb"}, "did you mean 'help'"),
        ({"event": "help", "known": "ever"}, "would use the future"),
        ({"event": "help", "known": "end"}, "split at the moment at which it becomes known"),
        ({"event": "help", "known": "befor"}, "did you mean 'before'"),
        ({"event": "help", "value": "age"}, "does not say when it became known"),
        ({"event": "help", "value": "cont"}, "did you mean 'count'"),
        ({"event": "help", "name": "start"}, "that name is taken"),
        ({"event": "help", "name": "channel"}, "that name is taken"),
        ({"event": "help", "value": "since"}, "ascending lengths above 0"),
        ({"event": "help", "value": "since", "steps": (7, 3)}, "ascending lengths above 0"),
        ({"event": "help", "value": "since", "steps": (0, 3)}, "ascending lengths above 0"),
        ({"event": "help", "steps": (3,)}, "steps are for value='since'"),
    ],
)
def test_refusals_say_what_to_do(tmp_path: Path, ask: dict[str, Any], said: str) -> None:
    log = open_rows(
        tmp_path,
        "id at event channel\na 2020-01-05 ad x\na 2020-01-08 help x",
        customers="id age\na 30",
    )
    spells = jl.time_to(log, "purchase" if "purchase" in log.observed else "refer", "ad", "channel")
    with pytest.raises(DataError) as caught:
        jl.with_exposure(spells, log, **ask)
    assert said in str(caught.value)


ENDED = {
    "by its name": lambda log: jl.exits(log, "ad", ["purchase"]),
    "renamed": lambda log: jl.exits(log, "ad", {"bought": "purchase"}),
    "one of several": lambda log: jl.exits(log, "ad", {"gone": ["mail", "purchase"]}),
    "a derived event": lambda log: jl.exits(log, "ad", {"bought": "paid by card"}),
    "lost from the stages": lambda log: jl.stages(log, lost="purchase"),
    "churn by an event": lambda log: jl.churn(log),
}


@pytest.mark.parametrize("case", ENDED)
def test_what_ended_a_spell_at_its_origin_is_known_under_any_name(
    tmp_path: Path, case: str
) -> None:
    """The purchase that ends b's spell at its origin says nothing about its beginning."""
    log = open_rows(
        tmp_path,
        """
        id at          event     content
        a  2020-01-05  ad        x
        a  2020-01-15  purchase  card
        b  2020-01-05  ad        x
        b  2020-01-05  purchase  card
        """,
        stages={"awareness": ["ad", "mail"]},
        events={"paid by card": {"where": "event = 'purchase' and content = 'card'"}},
        churn={"end_event": "purchase", "activity": ["ad"]},
    )
    spells = ENDED[case](log)
    names, rows = expected_table("id stop cause\na 10 1\nb 0 1")
    number = spells.causes.index("lost") + 1 if "lost" in spells.causes else 1
    found = jl.with_exposure(spells, log, "purchase", "bought_before", known="origin")
    frame = found.frame.assign(cause=found.frame["cause"] // number)
    assert as_table(frame, names) == rows
    assert list(found.frame["bought_before"]) == [0, 0]


def test_a_silence_is_no_event_of_the_same_name(log: jl.EventLog) -> None:
    """What is called ``help`` here has nothing to do with the event of that name."""
    assert jl.exits(log, "ad", {"help": 5, "purchase": "purchase"}).meant == {
        "help": (),
        "purchase": ("purchase",),
    }


def test_the_end_of_a_spell_is_no_touch_under_any_name(tmp_path: Path) -> None:
    log = open_rows(
        tmp_path,
        """
        id at          event     channel
        a  2020-01-05  ad        x
        a  2020-01-08  mail      web
        a  2020-01-15  purchase  shop
        b  2020-01-05  ad        x
        b  2020-01-07  mail      web
        """,
    )
    for causes in ({"purchase": "purchase"}, {"bought": "purchase"}):
        met = jl.touches(jl.exits(log, "ad", causes), log, minimum=1)
        assert "shop" not in met.columns and "web" in met.columns


# ---- the survivors' head start ---------------------------------------------------------


@pytest.fixture
def heart(
    tmp_path: Path, shared_csv: Callable[[str], pd.DataFrame]
) -> tuple[pd.DataFrame, jl.EventLog]:
    """The Stanford heart transplants as a log: acceptance, transplant, death."""
    known = shared_csv("classic/heart.csv.gz")
    begin = pd.Timestamp("1967-09-01")
    log = []
    for who, rows in known.groupby("id"):
        log.append({"id": str(who), "day": 0.0, "event": "accepted"})
        moved = rows.loc[rows["transplant"] == 1, "start"]
        log += [{"id": str(who), "day": t, "event": "transplant"} for t in moved]
        if rows["event"].max():
            log.append({"id": str(who), "day": rows["stop"].max(), "event": "death"})
    frame = pd.DataFrame(log)
    frame["at"] = begin + pd.to_timedelta(frame.pop("day"), unit="D")
    stages = {"waiting": ["accepted"], "dead": ["death"]}
    window = {"cutoff": "@1975-01-01", "resolution": "timestamp"}
    return known, open_frame(tmp_path, frame, stages=stages, window=window)


def test_transplants_and_immortal_time(heart: tuple[pd.DataFrame, jl.EventLog]) -> None:
    known, log = heart
    # follow-up ended at each patient's own time, so the clock comes from the frame
    last = known.groupby("id").agg(time=("stop", "max"), event=("event", "max")).reset_index()
    last["id"] = last["id"].astype(str)
    last["began"] = pd.Timestamp("1967-09-01")
    last["ever"] = last["id"].isin(log.select("transplant").to_pandas()["id"]).astype(int)
    spells = jl.spells_from_frame(last, id="id", unit="days")
    split = jl.with_exposure(spells, log, "transplant", origin="began")
    ours = split.frame.assign(id=lambda f: f["id"].astype(int)).sort_values(["id", "start"])
    for mine, theirs in (("start", "start"), ("stop", "stop"), ("cause", "event")):
        assert np.array_equal(ours[mine], known.sort_values(["id", "start"])[theirs])
    assert np.array_equal(ours["transplant"], known.sort_values(["id", "start"])["transplant"])
    right, wrong = jl.cox(split, "transplant"), jl.cox(spells, "ever")
    # 1.136 and 0.266: survivors lived to be transplanted
    assert right.frame["hazard_ratio"][0] == pytest.approx(1.136, abs=5e-4)
    assert wrong.frame["hazard_ratio"][0] == pytest.approx(0.266, abs=5e-4)
