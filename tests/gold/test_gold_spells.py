"""From raw events through a journey file to the derived tables and to R's numbers.

The compact part needs only the packages of the sample data; the rest compares row by
row with the tables in the shared folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journeylib as jl


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> jl.EventLog:
    folder = jl.write_sample("cdnow", tmp_path_factory.mktemp("gold") / "cdnow")
    return jl.open_log(jl.read_journey(folder))


@pytest.fixture(scope="module")
def complete_journey(tmp_path_factory: pytest.TempPathFactory) -> jl.EventLog:
    folder = jl.write_sample("complete_journey", tmp_path_factory.mktemp("gold") / "cj")
    return jl.open_log(jl.read_journey(folder))


@pytest.fixture(scope="module")
def second(cdnow: jl.EventLog) -> jl.Spells:
    return jl.time_to(cdnow, "purchase", origin="purchase", occurrence=2, by="month")


@pytest.fixture(scope="module")
def redemption(complete_journey: jl.EventLog) -> jl.Spells:
    return jl.time_to(
        complete_journey,
        "coupon_redeemed",
        origin="campaign_inside_window",
        per="campaign_id",
        until="campaign_ends",
        by=("campaign_type", "age", "income", "kids_count"),
    )


def at_risk(frame: pd.DataFrame, times: list[int]) -> list[int]:
    stop = frame["stop"].to_numpy()
    return [int((stop >= t).sum()) for t in times]


def kaplan_meier(frame: pd.DataFrame, time: float) -> float:
    """The product limit from its definition, for comparison with printed numbers."""
    stop, event = frame["stop"].to_numpy(), frame["cause"].to_numpy() > 0
    moments = np.unique(stop[event & (stop <= time)])
    return float(np.prod([1 - (event & (stop == t)).sum() / (stop >= t).sum() for t in moments]))


# ---- compact: R's numbers, committed --------------------------------------------------


def test_cdnow_second_purchase(second: jl.Spells) -> None:
    frame = second.frame
    assert (len(frame), int(frame["cause"].sum())) == (23_570, 11_516)
    assert second.audit.came_in == second.audit.n_kept == 23_570
    assert at_risk(frame, [7, 30, 90, 365]) == [22_393, 19_538, 16_705, 12_774]
    assert kaplan_meier(frame, 90) == pytest.approx(0.707806533729317, rel=1e-12)


def test_cdnow_churn_after_half_a_year(cdnow: jl.EventLog) -> None:
    spells = jl.churn(cdnow)
    frame = spells.frame
    assert (len(frame), int(frame["cause"].sum())) == (23_570, 21_788)
    assert at_risk(frame, [180, 181, 365, 500]) == [23_570, 8_827, 2_956, 945]
    assert kaplan_meier(frame, 365) == pytest.approx(0.124904539669071, rel=1e-12)
    assert spells.frame.equals(jl.churn(cdnow, inactivity_days=180).frame)


def test_complete_journey_first_redemption(redemption: jl.Spells) -> None:
    frame = redemption.frame
    assert (len(frame), int(frame["cause"].sum())) == (5_657, 746)
    assert redemption.audit.came_in == 6_589
    assert {k: n for k, n in redemption.audit.dropped.items() if n} == {"no origin event": 932}
    groups = {
        kind: (len(rows), int(rows["cause"].sum()), at_risk(rows, [7, 30]))
        for kind, rows in frame.groupby("campaign_type")
    }
    assert groups == {
        "Type A": (3_647, 604, [3_493, 3_141]),
        "Type B": (1_709, 121, [1_666, 1_597]),
        "Type C": (301, 21, [296, 286]),
    }
    a = frame[frame["campaign_type"] == "Type A"]
    assert kaplan_meier(a, 30) == pytest.approx(0.859884836852207, rel=1e-12)


def test_nothing_of_the_samples_is_lost(cdnow: jl.EventLog, complete_journey: jl.EventLog) -> None:
    assert (cdnow.audit.came_in, cdnow.audit.n_kept) == (69_659, 69_404)
    assert cdnow.audit.dropped["exact duplicate of another row"] == 255
    assert complete_journey.audit.came_in == complete_journey.audit.n_kept == 164_539


def test_cutoff_data_is_the_last_day_of_cdnow(cdnow: jl.EventLog) -> None:
    assert cdnow.journey.source.path is not None
    journey = jl.read_journey(cdnow.journey.file, cutoff="data")
    assert jl.open_log(journey).window == cdnow.window


# ---- row by row with the derived tables -----------------------------------------------


def test_cdnow_row_by_row(cdnow: jl.EventLog, second: jl.Spells, shared: Path) -> None:
    known = pd.read_csv(
        shared / "data" / "cdnow_survival.csv.gz", dtype={"customer_id": str}
    ).set_index("customer_id")
    known = known.sort_index()
    ours = second.frame.set_index("id").sort_index()
    assert list(ours.index) == list(known.index)
    assert (ours["stop"] == known["time"]).all() and (ours["cause"] == known["event"]).all()
    assert (ours["month"] == known["cohort_month"]).all()
    left = jl.churn(cdnow).frame.set_index("id").sort_index()
    assert (left["stop"] == known["churn_time"]).all()
    assert (left["cause"] == known["churn_event"]).all()


def test_complete_journey_row_by_row(
    redemption: jl.Spells, shared_csv: Callable[[str], pd.DataFrame]
) -> None:
    known = shared_csv("cj_campaign_survival.csv.gz")
    known = known.set_index(["household_id", "campaign_id"]).sort_index()
    ours = redemption.frame.set_index(["id", "campaign_id"]).sort_index()
    assert list(ours.index) == list(known.index)
    assert (ours["stop"] == known["time"]).all() and (ours["cause"] == known["event"]).all()
    for name in ("campaign_type", "age", "income", "kids_count"):
        text = known[name].astype("string").fillna("-")
        assert (ours[name].astype("string").fillna("-").to_numpy() == text.to_numpy()).all()
    assert (ours["start"] == 0).all()
