"""Shares in stages: hand-counted, against the influences written out, against R and the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylib.errors import DataError
from journeylib.estimate.incidence import cumulative_incidence
from journeylib.estimate.occupancy import occupancy
from journeylib.simulation import simulate
from journeylib.simulation.model import STAGES
from journeylib.spells import Spells, spells_from_frame

NAMES = ("a", "b", "c", "d")


def spells(rows: list[tuple], causes: tuple[str, ...] = NAMES, **more: list) -> Spells:
    frame = pd.DataFrame(rows, columns=["who", "start", "stop", "next", "stage"]).assign(**more)
    return spells_from_frame(
        frame, start="start", stop="stop", cause="next", id="who", causes=causes, unit="days"
    )


# new -> basket -> bought; three customers and one who is seen from day 2 on, in basket
HAND = [
    (1, 0, 2, 1, "new"),
    (1, 2, 5, 2, "basket"),
    (2, 0, 3, 2, "new"),
    (3, 0, 4, 0, "new"),
    (4, 2, 6, 2, "basket"),
]
HAND_CAUSES = ("basket", "bought")


def wide(frame: pd.DataFrame, value: str, stages: tuple[str, ...]) -> np.ndarray:
    return frame.pivot(index="time", columns="stage", values=value)[list(stages)].to_numpy()


def test_shares_by_hand():
    got = occupancy(spells(HAND, HAND_CAUSES))
    assert got.stages == ("new", "basket", "bought")
    # day 2: 1 of 3 leaves new; day 3: 1 of 2; day 5: 1 of 2 in basket buys; day 6: the last
    shares = [[1, 0, 0], [2 / 3, 1 / 3, 0], [1 / 3, 1 / 3, 1 / 3], [1 / 3, 1 / 6, 1 / 2]]
    assert np.allclose(wide(got.at([0, 2, 3, 5]), "probability", got.stages), shares)
    at_risk = wide(got.frame, "at_risk", got.stages)
    assert got.frame["time"].unique().tolist() == [2, 3, 4, 5, 6]
    assert at_risk.tolist() == [[3, 0, 0], [2, 2, 0], [1, 2, 0], [0, 2, 0], [0, 1, 0]]


def test_transitions_and_hazards_by_hand():
    got = occupancy(spells(HAND, HAND_CAUSES))
    rows = got.transitions[["from", "to", "count"]].values.tolist()
    assert rows == [
        ["new", "basket", 1],
        ["new", "bought", 1],
        ["new", "(censored)", 1],
        ["basket", "bought", 2],
    ]
    hazard = got.hazards.query("`from` == 'basket'")
    assert hazard["time"].tolist() == [5, 6]
    assert hazard["cumulative_hazard"].tolist() == [0.5, 1.5]
    assert np.allclose(hazard["std_err"] ** 2, [1 / 4, 1 / 4 + 1])


def test_mean_days_by_hand():
    got = occupancy(spells(HAND, HAND_CAUSES)).expected_time(5)
    # new: 2 days at 1, 1 at 2/3, 2 at 1/3; basket: 3 days at 1/3; bought: 2 at 1/3
    assert np.allclose(got["mean_time"], [2 + 2 / 3 + 2 / 3, 1, 2 / 3])
    assert got["mean_time"].sum() == pytest.approx(5)


def walks(n: int, seed: int, late: float = 0.0, begin: int = 1, pause: bool = False) -> list[tuple]:
    """Random walks over a, b, c with exit d, in whole days, so that many times are tied."""
    rng, rows = np.random.default_rng(seed), []
    for i in range(n):
        at, state, end = 0.0, int(rng.integers(begin)), int(rng.integers(6, 25))
        seen = int(rng.integers(1, 4)) if rng.random() < late else 0
        while state != 3:
            leave = at + int(rng.integers(1, 6))
            goes = int(rng.choice([s for s in range(4) if s != state]))
            if leave > end:
                if end > max(at, seen):
                    rows.append((i, max(at, seen), end, 0, NAMES[state]))
                break
            if leave > seen:
                begin_at, half = max(at, seen), max(at, seen) + 1
                if pause and leave - begin_at > 2 and rng.random() < 0.4:  # unwatched for a day
                    rows.append((i, begin_at, half, 0, NAMES[state]))
                    begin_at = half + 1
                rows.append((i, begin_at, leave, goes + 1, NAMES[state]))
            at, state = leave, goes
    return rows


def brute(rows: list[tuple], times: list[float], horizon: float) -> tuple[np.ndarray, ...]:
    """Shares and errors with one influence vector a customer, day by day."""
    who = sorted({r[0] for r in rows})
    n, moved = len(who), sorted({r[2] for r in rows if r[3]})
    p = np.zeros(4)
    firsts = {r[0]: r for r in reversed(rows)}
    origin = [firsts[w] for w in who if firsts[w][1] == 0]
    for r in origin:
        p[NAMES.index(r[4])] += 1 / len(origin)
    u, mean_u, mean = np.zeros((n, 4)), np.zeros((n, 4)), np.zeros(4)
    for r in origin:
        u[who.index(r[0])] = (np.eye(4)[NAMES.index(r[4])] - p) / len(origin)
    shares, errors, last = [], [], 0.0
    todo = sorted({*moved, *times, horizon})
    for t in todo:
        if t <= horizon:
            mean, mean_u, last = mean + (t - last) * p, mean_u + (t - last) * u, t
        if t in moved:
            step, add = np.zeros((4, 4)), np.zeros((n, 4))
            at = [r for r in rows if r[1] < t <= r[2]]
            count = np.bincount([NAMES.index(r[4]) for r in at], minlength=4)
            for r in at:
                if r[2] == t and r[3]:
                    j = NAMES.index(r[4])
                    step[j] += (np.eye(4)[r[3] - 1] - np.eye(4)[j]) / count[j]
            for r in at:
                j, own = NAMES.index(r[4]), np.zeros(4)
                if r[2] == t and r[3]:
                    own = np.eye(4)[r[3] - 1] - np.eye(4)[j]
                add[who.index(r[0])] += p[j] / count[j] * (own - step[j])
            u, p = u @ (np.eye(4) + step) + add, p @ (np.eye(4) + step)
        if t in times:
            shares.append(p)
            errors.append(np.sqrt((u**2).sum(axis=0)))
    return np.array(shares), np.array(errors), mean, np.sqrt((mean_u**2).sum(axis=0))


@pytest.mark.parametrize(
    ("seed", "late", "begin", "pause"),
    [(1, 0, 1, False), (2, 0.5, 1, False), (3, 0.4, 2, False), (4, 0.3, 1, True), (5, 0, 3, True)],
)
def test_errors_are_the_sum_of_squared_influences(seed, late, begin, pause):
    rows = walks(35, seed, late, begin, pause)
    times = [1, 2, 4, 5, 9, 14]
    got = occupancy(spells(rows))
    shares, errors, mean, spread = brute(rows, times, 9)
    at = got.at(times)
    assert np.allclose(wide(at, "probability", NAMES), shares, atol=1e-13)
    assert np.allclose(wide(at, "std_err", NAMES), errors, rtol=1e-8, atol=1e-13)
    days = got.expected_time(9).set_index("stage").loc[list(NAMES)]
    assert np.allclose(days["mean_time"], mean, atol=1e-12)
    assert np.allclose(days["std_err"], spread, atol=1e-12)


R_SHARES = [[0.80, 0, 0.2, 0], [0.28, 0.36, 0.2, 0.16], [0, 0.12, 0.2, 0.68]]
R_ERRORS = [
    [0.1788854382, 0, 0.1788854382, 0],
    [0.1749514218, 0.1667093279, 0.1788854382, 0.1492380648],
    [0, 0.1161378491, 0.1788854382, 0.2048609284],
]
R_MEANS = [4.44, 1.64, 1.20, 0.72]
R_MEAN_ERRORS = [0.8342373763, 0.6828996998, 1.0733126292, 0.4455648101]


def test_r_agrees_on_a_journey_with_late_entry():
    """survfit(Surv(start, stop, state) ~ 1, id = id, istate = stage, influence = TRUE), R 4.2.2."""
    rows = [
        (1, 0, 3, 2, "a"), (1, 3, 7, 4, "b"), (2, 0, 2, 3, "a"), (2, 2, 9, 0, "c"),
        (3, 1, 3, 2, "a"), (3, 3, 5, 1, "b"), (3, 5, 8, 4, "a"), (4, 0, 6, 0, "a"),
        (5, 4, 7, 4, "b"), (6, 2, 4, 2, "a"), (6, 4, 10, 3, "b"), (7, 0, 5, 4, "a"),
    ]  # fmt: skip
    got = occupancy(spells(rows))
    at = got.at([2, 5, 8])
    assert np.allclose(wide(at, "probability", NAMES), R_SHARES, atol=1e-8)
    assert np.allclose(wide(at, "std_err", NAMES), R_ERRORS, atol=1e-8)
    assert np.allclose(got.expected_time(8)["mean_time"], R_MEANS, atol=1e-6)
    assert np.allclose(got.expected_time(8)["std_err"], R_MEAN_ERRORS, atol=1e-6)


def test_one_stage_and_two_exits_is_cumulative_incidence():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"time": rng.integers(1, 20, 200), "cause": rng.integers(0, 3, 200)})
    plain = cumulative_incidence(spells_from_frame(frame, cause="cause"))
    staged = spells_from_frame(frame.assign(stage="on"), cause="cause")
    mine = occupancy(staged)
    for name in ("cause 1", "cause 2"):
        a = plain.frame[plain.frame["outcome"] == name]
        b = mine.frame[mine.frame["stage"] == name]
        assert np.allclose(a["incidence"], b["probability"])
        assert np.allclose(a["std_err"], b["std_err"])
        assert np.allclose(a["low"], b["low"], equal_nan=True)


def test_a_split_of_a_stay_changes_nothing():
    rows = walks(30, 9)
    halves = []
    for who, start, stop, goes, stage in rows:
        if stop - start > 1:
            halves += [(who, start, start + 1, 0, stage), (who, start + 1, stop, goes, stage)]
        else:
            halves.append((who, start, stop, goes, stage))
    a, b = occupancy(spells(rows)), occupancy(spells(halves))
    pd.testing.assert_frame_equal(a.transitions, b.transitions)
    times = a.frame["time"].unique()
    for value in ("probability", "std_err"):
        assert np.allclose(wide(a.at(times), value, NAMES), wide(b.at(times), value, NAMES))
    assert a.about["n"] == b.about["n"] == a.about["ids"]


def test_groups_are_estimated_apart():
    one, two = walks(20, 10), walks(25, 11)
    both = one + [(r[0] + 100, *r[1:]) for r in two]
    arm = ["x"] * len(one) + ["y"] * len(two)
    got = occupancy(spells(both, arm=arm), by="arm")
    assert got.groups == ("x", "y") and got.by == ("arm",)
    for label, rows in (("x", one), ("y", two)):
        alone = occupancy(spells(rows)).frame.drop(columns="group")
        mine = got.frame[got.frame["group"] == label].drop(columns="group").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, alone)


def test_the_order_of_a_categorical_stage_is_kept():
    kept = spells(HAND, HAND_CAUSES)
    frame = kept.frame
    frame["stage"] = pd.Categorical(frame["stage"], ["new", "unused", "basket", "bought"])
    assert occupancy(kept.with_table(frame)).stages == ("new", "basket", "bought")


def test_nobody_moves():
    got = occupancy(spells([(1, 0, 3, 0, "a"), (2, 0, 5, 0, "a")]))
    assert wide(got.at([4]), "probability", NAMES).tolist() == [[1, 0, 0, 0]]
    assert got.expected_time(5)["mean_time"].tolist() == [5, 0, 0, 0]
    assert len(got.hazards) == 0 and "Share in each stage" in repr(got)


def test_a_move_at_time_zero_counts():
    frame = pd.DataFrame({"time": [0, 4], "event": [1, 0], "stage": ["a", "a"]})
    got = occupancy(spells_from_frame(frame, causes=["b"]))
    assert wide(got.at([0]), "probability", ("a", "b")).tolist() == [[0.5, 0.5]]
    assert got.frame.query("stage == 'a' and time == 0")["at_risk"].tolist() == [2]


def test_beyond_the_follow_up_nothing_is_known():
    got = occupancy(spells([(1, 0, 3, 4, "a"), (2, 0, 5, 0, "a")]))
    assert got.at([6])["probability"].isna().all()
    with pytest.raises(DataError, match="for 5 days only"):
        got.expected_time(6)
    settled = occupancy(spells([(1, 0, 3, 4, "a")]))
    assert wide(settled.at([6]), "probability", NAMES).tolist() == [[0, 0, 0, 1]]
    assert settled.expected_time(6)["mean_time"].tolist() == [3, 0, 0, 3]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(1, 0, 3, 2, "a"), (1, 3, 5, 0, "c")], "is in 'b' at 3, but the next row says 'c'"),
        ([(1, 0, 3, 0, "a"), (1, 3, 5, 0, "b")], "is in 'a' at 3"),
    ],
)
def test_rows_that_contradict_each_other_are_refused(rows, words):
    with pytest.raises(DataError, match=words):
        occupancy(spells(rows))


def test_what_cannot_be_grouped_or_staged_is_said():
    rows = [(1, 0, 3, 2, "a"), (1, 3, 5, 0, "b")]
    with pytest.raises(DataError, match="changes its group"):
        occupancy(spells(rows, arm=["x", "y"]), by="arm")
    bare = spells_from_frame(pd.DataFrame({"time": [1, 2], "event": [1, 0]}))
    with pytest.raises(DataError, match="no column 'stage'"):
        occupancy(bare)
    with pytest.raises(DataError, match="horizon must be"):
        occupancy(spells(rows)).expected_time(-1)


ENTERS = {
    "product_view": "consideration",
    "basket": "decision",
    "purchase": "purchase",
    "repeat_purchase": "retention",
    "referral_sent": "advocacy",
    "lost": "lost",
    "cancelled": "lost",
}


def journey_spells(made) -> Spells:
    """Stays in the stages of a simulated log; a stage once left is not gone back to."""
    rank = {s: i for i, s in enumerate((*STAGES, "lost"))}
    day = pd.Timedelta(days=1)
    steps = made.events[made.events["event"].isin([*ENTERS, "opted_out"])].copy()
    known = made.customers.set_index("customer_id")["first_contact"]
    steps["day"] = (steps["at"] - steps["customer_id"].map(known)) / day
    by_customer = dict(list(steps.groupby("customer_id")))
    rows = []
    for who, first in known.items():
        opening, end = (made.window[0] - first) / day, (made.window[1] - first) / day
        at, stage = 0.0, "awareness"
        mine = by_customer.get(who)
        for e in [] if mine is None else mine.itertuples():
            if e.event == "opted_out":
                end = e.day
                break
            goes = ENTERS[e.event]
            if rank[goes] <= rank[stage]:
                continue
            if e.day > max(at, opening, 0):
                rows.append((who, max(at, opening, 0), e.day, rank[goes], stage))
            at, stage = e.day, goes
        if stage != "lost" and end > max(at, opening, 0):
            rows.append((who, max(at, opening, 0), end, 0, stage))
    return spells(rows, (*STAGES[1:], "lost"))


def test_the_truth_of_a_simulated_journey_is_found():
    """Censored by the cutoff and by opting out; deviations are told in standard errors."""
    times, runs = [20.0, 60.0], 8
    stages = (*STAGES, "lost")
    shares, days = [], []
    for seed in range(runs):
        made = simulate(500, seed=seed, rates={"opted_out": 1 / 200})
        got = occupancy(journey_spells(made))
        true = wide(made.truth.occupancy(times), "probability", stages)
        at, told = got.at(times), true > 0.03
        estimate, error = (wide(at, v, stages)[told] for v in ("probability", "std_err"))
        shares.append((estimate - true[told]) / error)
        mine = got.expected_time(60).set_index("stage").loc[list(stages)]
        known = made.truth.days_per_stage(60.0).set_index("stage").loc[list(stages), "days"]
        days.append((mine["mean_time"] - known) / mine["std_err"])
    for z in (np.array(shares), np.array(days)):
        assert np.abs(z.mean(axis=0)).max() < 2.9 / np.sqrt(runs)
        assert 0.7 < np.sqrt((z**2).mean()) < 1.3
