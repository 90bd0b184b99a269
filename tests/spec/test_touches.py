"""Touches as covariates that change: what counts from when on, as literal tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from logs import as_table, expected_table, open_rows

import journeylib as jl
from journeylib import words
from journeylib.errors import DataError
from journeylib.exposures.switches import Changes, split_at

LOG = """
    id at          event     channel content
    a  2020-01-03  mail      post    red
    a  2020-01-05  ad        search  red
    a  2020-01-08  mail      post    blue
    a  2020-01-10  ad        social  red
    a  2020-01-15  purchase  own     -
    b  2020-01-05  ad        search  red
    b  2020-01-20  mail      post    red
    b  2020-01-25  mail      post    red
    c  2020-01-05  ad        social  blue
    c  2020-01-09  purchase  own     -
    c  2020-01-09  mail      post    red
    c  2020-01-12  mail      post    red
    """


@pytest.fixture
def log(tmp_path: Path) -> jl.EventLog:
    return open_rows(tmp_path, LOG)


def spells(log: jl.EventLog) -> jl.Spells:
    return jl.time_to(log, "purchase", origin="ad")


def test_a_touch_counts_after_its_moment_and_not_at_the_start_of_the_clock(
    log: jl.EventLog,
) -> None:
    found = jl.touches(spells(log), log, "channel", ["ad", "mail"], minimum=1)
    assert dict(found.columns) == {"post": "channel_post", "social": "channel_social"}
    names, rows = expected_table(
        """
        id start stop cause channel_post channel_social
        a  0     5    0     1            0
        a  5     10   1     1            1
        b  0     15   0     0            0
        b  15    26   0     1            0
        c  0     4    1     0            0
        """
    )
    assert as_table(found.spells.frame, names) == rows
    assert found.spells.audit.notes["touched on the way, by channel"] == 2
    assert found.formula("C(age)") == "channel_post + channel_social + C(age)"
    assert words.name("channel_post") == "channel: post"


def test_touches_at_the_start_count_where_asked_for(log: jl.EventLog) -> None:
    found = jl.touches(spells(log), log, "event", ["ad", "mail"], start="count", minimum=1)
    names, rows = expected_table(
        """
        id start stop cause mail
        a  0     10   1     1
        b  0     15   0     0
        b  15    26   0     1
        c  0     4    1     0
        """
    )
    assert set(found.columns) == {"mail"}  # an ad had touched everybody from the start on
    assert as_table(found.spells.frame, names) == rows


def test_a_touch_may_count_for_a_while_only(log: jl.EventLog) -> None:
    found = jl.touches(spells(log), log, "event", "mail", within=4, minimum=1)
    names, rows = expected_table(
        """
        id start stop cause mail
        a  0     2    0     1
        a  2     3    0     0
        a  3     7    0     1
        a  7     10   1     0
        b  0     15   0     0
        b  15    19   0     1
        b  19    20   0     0
        b  20    24   0     1
        b  24    26   0     0
        c  0     4    1     0
        """
    )
    assert as_table(found.spells.frame, names) == rows


def test_counts_of_touches_leave_out_what_comes_after_the_end(log: jl.EventLog) -> None:
    found = jl.touches(spells(log), log, "channel", ["ad", "mail"], minimum=1)
    assert found.counts.values.tolist() == [["post", 5, 3, 2], ["social", 1, 1, 1]]
    assert len(found.table) == 10  # moved touches need those after the end, too


def test_rare_touchpoints_are_pooled(log: jl.EventLog) -> None:
    found = jl.touches(spells(log), log, "content", ["mail", "ad"], minimum=2)
    assert dict(found.columns) == {"other": "content_other"}
    alone = jl.touches(spells(log), log, "content", ["mail", "ad"], minimum=1)
    assert dict(alone.columns) == {"blue": "content_blue", "red": "content_red"}


def test_without_names_whatever_has_a_touchpoint_is_a_touch_but_the_event(
    log: jl.EventLog,
) -> None:
    assert "own" not in jl.touches(spells(log), log, "channel", minimum=1).columns


def test_nobody_touched_is_said_by_having_no_column(tmp_path: Path) -> None:
    text = "id at event channel\na 2020-01-05 ad x\na 2020-01-09 purchase own"
    log = open_rows(tmp_path, text)
    found = jl.touches(spells(log), log, "channel", "ad", minimum=1)
    assert not found.columns and found.formula() == ""
    assert as_table(found.spells.frame, ["id", "start", "stop", "cause"]) == [("a", "0", "4", "1")]
    assert jl.with_channels(found) is None


def test_refusals(log: jl.EventLog) -> None:
    with pytest.raises(DataError, match="did you mean 'channel'"):
        jl.touches(spells(log), log, "chanel")
    with pytest.raises(DataError, match="start cannot be 'exlude'"):
        jl.touches(spells(log), log, "channel", start="exlude")
    with pytest.raises(DataError, match="within cannot be 0"):
        jl.touches(spells(log), log, "channel", within=0)
    frame = jl.spells_from_frame(pd.DataFrame({"time": [1.0], "event": [1]}), unit="days")
    with pytest.raises(DataError, match="at which moment these spells have time 0"):
        jl.touches(frame, log, "channel")


def test_a_second_channel_counts_from_the_moment_it_appears(log: jl.EventLog) -> None:
    met = jl.touches(spells(log), log, "channel", ["ad", "mail"], start="count", minimum=1)
    names, rows = expected_table(
        """
        id start stop cause channels several_channels channel_switches
        a  0     3    0     2        1                1
        a  3     5    0     2        1                2
        a  5     10   1     3        1                3
        b  0     15   0     1        0                0
        b  15    20   0     2        1                1
        b  20    26   0     2        1                1
        c  0     4    1     1        0                0
        """
    )
    several = jl.with_channels(met)
    assert several is not None
    joined = [r for r in rows if r[:2] not in {("b", "15"), ("b", "20")}]
    joined.append(("b", "15", "26", "0", "2", "1", "1"))
    assert as_table(several.frame, names) == sorted(joined)


def test_parts_add_up_to_the_rows_they_were_made_of() -> None:
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"id": range(50), "start": 0.0, "stop": rng.integers(0, 9, 50) * 1.0})
    rows["cause"] = (rng.uniform(size=50) < 0.5).astype(int)
    key = np.arange(50)
    when = Changes(rng.integers(50, size=200), rng.integers(-3, 12, 200) * 1.0)
    parts = split_at(rows, key, {"on": when, "briefly": when.lasting(2.0)}, {"n": when})
    grouped = parts.groupby("id")
    assert (grouped["cause"].sum() == rows["cause"]).all()
    length = (parts["stop"] - parts["start"]).groupby(parts["id"]).sum()
    assert np.allclose(length, rows["stop"])
    for row in parts.itertuples():  # what holds at the end of a part holds all through it
        mine = when.time[when.key == row.id]
        seen = mine[mine < row.stop]
        assert row.on == (len(seen) > 0)
        assert row.n == len(seen)
        if row.stop > row.start:
            assert row.briefly == (len(seen) > 0 and row.stop <= seen.max() + 2.0)
