"""What a simulated log holds, and that its truth agrees with hand calculation and with the log."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError
from journeylib.simulation import Model, Truth, simulate
from journeylib.simulation.log import COLUMNS

NO_EXIT = {"lost": 0.0, "opted_out": 0.0}
EXITS = {"purchase", "lost"}


@pytest.fixture(scope="module")
def made():
    return simulate(
        3000, seed=11, early=0.3, contacts_per_account=2.0, rates={"opted_out": 1 / 200}
    )


def first(events: pd.DataFrame, *names: str) -> pd.Series:
    return events[events["event"].isin(names)].groupby("customer_id")["at"].min()


def test_the_same_seed_gives_the_same_log():
    one, same, other = (simulate(300, seed=s, early=0.2) for s in (5, 5, 6))
    pd.testing.assert_frame_equal(one.events, same.events)
    pd.testing.assert_frame_equal(one.customers, same.customers)
    assert not one.events["at"].equals(other.events["at"])


def test_the_columns_are_those_of_a_journey_file(made):
    assert tuple(made.events.columns) == COLUMNS
    assert made.events["at"].is_monotonic_increasing
    assert not made.events[["customer_id", "at", "event", "account"]].isna().any(axis=None)
    assert made.customers["customer_id"].is_unique
    assert set(made.events["customer_id"]) == set(made.customers["customer_id"])


def test_all_the_things_of_a_journey_occur(made):
    events = set(made.events["event"])
    assert {"ad_view", "product_view", "basket", "purchase", "repeat_purchase"} <= events
    assert {"referral_sent", "lost", "cancelled", "opted_out", "survey", "email"} <= events
    assert {"price_shown", "promotion", "payment", "delivery", "support_contact"} <= events
    assert {"shop", "post", "call_centre"} <= set(made.events["touchpoint"])


def test_the_first_contact_shows_the_marks_of_the_customer(made):
    row = made.events.drop_duplicates("customer_id").set_index("customer_id")
    known = made.customers.set_index("customer_id").loc[row.index]
    assert (row["at"] == known["first_contact"]).all()
    assert (row["channel"] == known["first_channel"]).all()
    assert (row["content"] == known["first_content"]).all()


def test_nothing_is_seen_after_the_end(made):
    events = made.events
    assert events["at"].max() <= made.window[1]
    last = events.groupby("customer_id")["at"].max()
    out = first(events, "opted_out")
    assert (last[out.index] == out).all()
    assert not set(first(events, "purchase").index) & set(first(events, "lost").index)
    assert (events.loc[events["event"] == "purchase", "customer_id"].value_counts() == 1).all()


def test_whoever_was_through_before_the_window_is_not_in_the_log(made):
    assert len(made.customers) + made.unseen == 3000
    assert made.unseen > 0
    early = made.customers["first_contact"] < made.window[0]
    assert (early == made.customers["early"]).all()
    assert early.any()
    ends = first(made.events, "purchase", "lost", "opted_out")
    assert (ends >= made.window[0]).all()


def test_scores_stay_in_their_range_and_prices_follow_promotions(made):
    surveys = made.events[made.events["event"] == "survey"]
    assert surveys["score"].between(0, 10).all() and surveys["score"].nunique() == 11
    offers = made.events.pivot_table(index="customer_id", columns="event", values="value")
    promoted = offers.dropna(subset=["promotion", "purchase"])
    assert np.allclose(promoted["promotion"], 0.8 * promoted["price_shown"], atol=0.011)
    assert np.allclose(promoted["promotion"], promoted["purchase"], atol=0.011)


def test_accounts_have_several_contacts_and_may_share_an_arm():
    made = simulate(2000, seed=2, contacts_per_account=4, arm_by="account")
    by_account = made.customers.groupby("account")
    assert 3.5 < by_account.size().mean() < 4.7
    assert (by_account["arm"].nunique() == 1).all()


def test_one_exponential_by_hand():
    truth = Truth(Model(rates={**Model().rates, **NO_EXIT, "purchase": 0.02}, effects={}))
    got = truth.reached("purchase", [0, 10, 50])["probability"]
    assert np.allclose(got, 1 - np.exp(-0.02 * np.array([0, 10, 50])), atol=1e-12)


def test_two_exits_by_hand():
    rates = {**Model().rates, "purchase": 0.02, "lost": 0.01}
    truth = Truth(Model(rates=rates, effects={}))
    share = 1 - np.exp(-0.03 * 40)
    assert truth.reached("purchase", [40])["probability"][0] == pytest.approx(2 / 3 * share)
    assert truth.reached("lost", [40])["probability"][0] == pytest.approx(1 / 3 * share)


def test_an_exposure_that_switches_by_hand():
    """Hazard a until an e-mail comes at rate m, then a * r; integrated over its time."""
    a, m, r, t = 0.01, 0.05, 2.5, 30.0
    rates = {**Model().rates, **NO_EXIT, "purchase": a, "email": m}
    truth = Truth(Model(rates=rates, effects={"purchase": {"email": float(np.log(r))}}))
    survive = np.exp(-(a + m) * t)
    survive += m * np.exp(-a * r * t) * (1 - np.exp(-(a + m - a * r) * t)) / (a + m - a * r)
    assert truth.reached("purchase", [t])["probability"][0] == pytest.approx(1 - survive)


def test_groups_mix_to_the_whole_and_cure_caps_it():
    truth = Truth(Model(cure=0.3, rates={**Model().rates, "lost": 0.0}))
    by = truth.reached("purchase", [60.0], "channel").set_index("group")["probability"]
    share = pd.Series(truth.model.marks["channel"])
    whole = truth.reached("purchase", [60.0])["probability"][0]
    assert (by * share).sum() == pytest.approx(whole)
    assert truth.reached("purchase", [1e5])["probability"][0] == pytest.approx(0.7)


def test_stages_sum_to_one_and_days_to_the_horizon():
    truth = Truth(Model(account_spread=0.5))
    stages = truth.occupancy([0.0, 30.0, 400.0], "segment")
    sums = stages.groupby(["group", "time"])["probability"].sum()
    assert np.allclose(sums, 1)
    begun = stages.query("time == 0 and stage == 'awareness'")
    assert np.allclose(begun["probability"], 1)
    assert truth.days_per_stage(90.0)["days"].sum() == pytest.approx(90)


def test_days_are_the_integral_of_the_shares():
    truth = Truth(Model())
    grid = np.linspace(0, 120, 241)
    shares = truth.occupancy(grid).pivot(index="time", columns="stage", values="probability")
    days = truth.days_per_stage(120.0).set_index("stage")["days"]
    for stage in days.index:
        assert np.trapezoid(shares[stage], grid) == pytest.approx(days[stage], abs=1e-2)


def test_the_log_agrees_with_the_truth():
    """Everybody followed for 90 days: shares in the log are binomial around the truth."""
    n, t = 20_000, 90.0
    made = simulate(n, seed=4, rates={"opted_out": 0.0}, start="2024-01-01", cutoff="2027-12-31")
    events, known = made.events, made.customers.set_index("customer_id")
    watched = known[known["first_contact"] <= made.window[1] - pd.Timedelta(days=t)]
    for event in ("purchase", "lost"):
        at = first(events, event).reindex(watched.index) - watched["first_contact"]
        share = (at <= pd.Timedelta(days=t)).groupby(watched["first_channel"]).agg(["mean", "size"])
        true = made.truth.reached(event, [t], "channel").set_index("group")["probability"]
        z = (share["mean"] - true) / np.sqrt(true * (1 - true) / share["size"])
        assert z.abs().max() < 3, z
        assert (z**2).sum() < 15.1, z  # the 99% point of chi-squared on 5


def test_files_hold_the_log_and_the_truth(tmp_path, made):
    folder = made.write(tmp_path / "out")
    assert pd.read_parquet(folder / "events.parquet").shape == made.events.shape
    truth = pd.read_csv(folder / "truth.csv").set_index(["event", "term"])
    assert truth.loc[("purchase", "channel=social"), "log_hazard_ratio"] == pytest.approx(-0.4)
    headlines = json.loads((folder / "truth.json").read_text())
    assert headlines["simulated"] is True
    got = [r["probability"] for r in headlines["share_purchased"]]
    assert got == sorted(got) and 0 < got[0] < got[-1] < 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rates": {"purchas": 1.0}}, "did you mean 'purchase'"),
        ({"effects": {"purchase": {"channel=sociall": 1.0}}}, "did you mean 'channel=social'"),
        ({"marks": {"arm": {"control": 0.5, "treatment": 0.6}}}, "sum to 1"),
        ({"cure": 1.5}, "from 0 to 1"),
        ({"n": 0}, "nobody"),
        ({"cutoff": "2020-01-01"}, "nothing to watch"),
        ({"rates": {"purchase": -1.0}}, "from 0"),
    ],
)
def test_what_cannot_be_is_said(arguments, words):
    with pytest.raises(DataError) as error:
        simulate(**{"n": 10, **arguments})
    assert words in str(error.value)


def test_a_question_without_a_true_answer_is_refused():
    truth = Truth(Model())
    for ask in (
        lambda: truth.reached("survey", [1.0]),
        lambda: truth.reached("purchase", [-1.0]),
        lambda: truth.reached("purchase", [1.0], by="colour"),
        lambda: truth.log_hazard_ratio("purchase", "colour"),
    ):
        with pytest.raises(DataError):
            ask()


def test_the_sample_is_labelled_and_comes_with_its_truth(tmp_path, capsys):
    folder = jl.write_sample("simulated", tmp_path / "simulated")
    assert "customers.parquet" in capsys.readouterr().out
    assert (folder / "journey.toml").read_text().startswith("# SIMULATED DATA")
    journey = jl.read_journey(folder / "journey.toml")
    assert journey.name == "Simulated journey"
    assert {f.name for f in folder.iterdir()} >= {"truth.csv", "truth.json", "events.parquet"}
    before = {f.name: f.stat().st_mtime_ns for f in folder.iterdir()}
    jl.write_sample("simulated", folder)
    assert before == {f.name: f.stat().st_mtime_ns for f in folder.iterdir()}
