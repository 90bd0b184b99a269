"""Moves between stages as shares, and their picture."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.audit import Audit
from journeylib.errors import DataError
from journeylib.plots.style import picture
from journeylib.spells import Clock, Spells

CAUSES = ("new", "basket", "purchase", "lost")


def stays(rows: list[tuple]) -> Spells:
    frame = pd.DataFrame(rows, columns=["id", "start", "stop", "cause", "stage"])
    audit = Audit("customers", frame["id"].nunique(), {"counted": frame["id"].nunique()})
    return Spells(frame, "days", CAUSES, audit, Clock("then", "there", "later"), single=False)


# a: new, basket at 2, purchase at 5.  b: new, basket at 3, seen until 6.
# c: new, lost at 4.  d: new, seen until 10.
WATCHED = stays(
    [
        ("a", 0, 2, 2, "new"),
        ("a", 2, 5, 3, "basket"),
        ("a", 5, 9, 0, "purchase"),
        ("b", 0, 3, 2, "new"),
        ("b", 3, 6, 0, "basket"),
        ("c", 0, 4, 4, "new"),
        ("c", 4, 9, 0, "lost"),
        ("d", 0, 10, 0, "new"),
    ]
)


def test_shares_by_hand() -> None:
    moves = jl.flows(WATCHED, 8).frame
    told = {(m["from"], m["to"]): (m["share"], m["moved"]) for m in moves.to_dict("records")}
    assert told == {
        ("new", "basket"): (0.5, 2),
        ("new", "lost"): (0.25, 1),
        ("basket", "purchase"): (0.25, 1),  # of everybody, c having passed it by at 4
    }


def test_whoever_is_still_undecided_is_censored_and_not_counted_as_staying() -> None:
    early = stays(
        [
            ("a", 0, 1, 0, "new"),
            ("b", 0, 2, 2, "new"),
            ("b", 2, 3, 0, "basket"),
            ("c", 0, 3, 0, "new"),
        ]
    )
    assert jl.flows(early, 3).frame["share"].tolist() == [0.5]  # 1 of the 2 at risk at 2


def test_whoever_is_first_seen_beyond_a_stage_was_never_at_risk_of_leaving_it() -> None:
    late = stays(
        [
            ("a", 0, 2, 2, "new"),
            ("a", 2, 9, 0, "basket"),
            ("b", 0, 4, 4, "new"),
            ("b", 4, 9, 0, "lost"),
            ("c", 1, 3, 3, "basket"),  # had its basket before it was watched
            ("c", 3, 9, 0, "purchase"),
        ]
    )
    moves = jl.flows(late, 9).frame.set_index(["from", "to"])["share"]
    assert moves["new", "basket"] == moves["new", "lost"] == 0.5
    # half are in the basket at 3, where one of the two who are seen there purchases
    assert moves["basket", "purchase"] == pytest.approx(1 / 4)


def entered_by(watched: Spells, stage: str, cause: int) -> Spells:
    """The same stays, where whoever makes the move goes to a place of their own for good."""
    frame = watched.frame
    made = (frame["stage"] == stage) & (frame["cause"] == cause)
    later = made.groupby(frame["id"]).cumsum() - made
    frame["cause"] = frame["cause"].mask(made, len(CAUSES) + 1)
    return watched.with_table(frame[later == 0], causes=(*CAUSES, "there"))


def some_watched_late() -> Spells:
    rng = np.random.default_rng(11)
    rows = []
    for k in range(300):
        leaves, goes_on = np.cumsum(rng.exponential([3.0, 4.0]) + 0.01)
        entry, end = rng.choice([0.0, 2.0]), rng.exponential(9) + 2.5
        path = [(0.0, leaves, rng.choice([2, 4]), "new"), (leaves, goes_on, 3, "basket")]
        for start, stop, cause, stage in path[: 1 if path[0][2] == 4 else 2]:
            if stop > entry and start < end:
                seen = cause if stop <= end else 0
                rows.append((k, max(start, entry), min(stop, end), seen, stage))
    return stays(rows)


def test_errors_are_those_of_a_place_that_the_move_alone_leads_to() -> None:
    watched = some_watched_late()
    moves = jl.flows(watched, 6).frame.set_index(["from", "to"])
    for stage, to in (("new", "basket"), ("new", "lost"), ("basket", "purchase")):
        alone = jl.occupancy(entered_by(watched, stage, CAUSES.index(to) + 1)).at(6)
        there = alone.set_index("stage").loc["there"]
        for ours, theirs in (
            ("share", "probability"),
            *((c, c) for c in ("std_err", "low", "high")),
        ):
            assert moves.loc[(stage, to), ours] == pytest.approx(there[theirs], rel=1e-9)


def test_what_comes_into_a_stage_leaves_it_or_is_there_whoever_is_watched_when() -> None:
    watched = some_watched_late()
    moves = jl.flows(watched, 6).frame.set_index(["from", "to"])["share"]
    there = jl.occupancy(watched).at(6).set_index("stage")["probability"]
    into, out = moves["new", "basket"], moves["basket", "purchase"]
    assert into - out == pytest.approx(there["basket"])
    assert moves["new", "lost"] == pytest.approx(there["lost"])
    assert out == pytest.approx(there["purchase"])


def test_moves_from_a_stage_add_up_to_its_entries_when_all_are_watched() -> None:
    rng = np.random.default_rng(4)
    rows = []
    for k in range(200):
        first, second = rng.exponential(2, 2) + 0.01
        goes = int(rng.choice([2, 4]))
        rows.append((k, 0, first, goes, "new"))
        if goes == 2:
            rows.append((k, first, first + second, int(rng.choice([3, 4])), "basket"))
    moves = jl.flows(stays(rows), 100).frame.set_index(["from", "to"])["share"]
    assert moves["new"].sum() == pytest.approx(1)
    assert moves["basket"].sum() == pytest.approx(moves["new", "basket"])


def test_what_cannot_be_answered_is_refused() -> None:
    back = [("a", 0, 1, 2, "new"), ("a", 1, 2, 1, "basket"), ("a", 2, 3, 0, "new")]
    with pytest.raises(DataError, match="comes back to a stage"):
        jl.flows(stays(back), 3)
    with pytest.raises(DataError, match="nobody moves"):
        jl.flows(WATCHED, 1)
    plain = jl.spells_from_frame(pd.DataFrame({"time": [1], "event": [1]}))
    with pytest.raises(DataError, match="no column 'stage'"):
        jl.flows(plain, 1)


def test_pictures_tell_the_shares() -> None:
    shown = picture(jl.plot_flows(jl.flows(WATCHED, 8)))
    assert shown is not None and "new to basket: 50" in shown.alt
    shown = picture(jl.plot_occupancy(jl.occupancy(WATCHED), horizon=8))
    assert shown is not None and "Of 100 customers, 8 days on" in shown.alt


def test_no_stage_is_cut_off_however_many_are_lost() -> None:
    rows = [(k, 0, 1 + k / 10, 2 if k == 9 else 4, "new") for k in range(10)]
    axes = jl.plot_flows(jl.flows(stays(rows), 9))
    bars = [patch.get_y() for patch in axes.patches if hasattr(patch, "get_y")]
    assert min(bars) == pytest.approx(0.42 - 0.9) and axes.get_ylim()[0] < min(bars)
