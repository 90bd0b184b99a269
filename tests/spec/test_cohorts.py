"""Cohorts: when the clock started, as a column to group by, from literal tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs import as_table, expected_table, open_rows

import journeylib as jl
from journeylib.errors import DataError

PERIODS = ["origin_day", "origin_week", "origin_month", "origin_quarter", "origin_year"]
BY_DAY = """
    id at                event
    a  1999-12-31T10:00  ad
    a  2020-01-08T09:00  purchase
    b  2020-01-05T10:00  ad
    c  2020-01-06T00:00  ad
    d  2020-02-29T23:59  ad
    e  1969-12-31T23:59:59.999999  ad
    """
COHORTS = """
    id origin_day  origin_week origin_month origin_quarter origin_year
    a  1999-12-31  1999-12-27  1999-12      1999-Q4        1999
    b  2020-01-05  2019-12-30  2020-01      2020-Q1        2020
    c  2020-01-06  2020-01-06  2020-01      2020-Q1        2020
    d  2020-02-29  2020-02-24  2020-02      2020-Q1        2020
    e  1969-12-31  1969-12-29  1969-12      1969-Q4        1969
    """


@pytest.mark.parametrize("resolution", ["day", "timestamp"])
def test_periods(tmp_path: Path, resolution: str) -> None:
    window = {"cutoff": "@2020-05-31", "resolution": resolution}
    log = open_rows(tmp_path, BY_DAY, window=window)
    spells = jl.time_to(log, "purchase", origin="ad", by=PERIODS)
    names, rows = expected_table(COHORTS)
    assert as_table(spells.frame, names) == rows
    assert spells.covariates == tuple(PERIODS)


@pytest.mark.parametrize("resolution", ["day", "timestamp"])
def test_the_date_is_that_of_the_windows_zone(tmp_path: Path, resolution: str) -> None:
    log = open_rows(
        tmp_path,
        """
        id at                             event
        a  2020-01-31T23:30:00.5+00:00    ad
        b  2020-01-31T22:30:00.5+00:00    ad
        c  2019-12-31T23:00+00:00         ad
        """,
        window={"cutoff": "@2020-05-31", "resolution": resolution, "timezone": "Europe/Amsterdam"},
    )
    spells = jl.time_to(log, "purchase", origin="ad", by=["origin_day", "origin_month"])
    assert as_table(spells.frame, ["id", "origin_day", "origin_month"]) == [
        ("a", "2020-02-01", "2020-02"),
        ("b", "2020-01-31", "2020-01"),
        ("c", "2020-01-01", "2020-01"),
    ]


def test_churn_by_the_week_of_the_first_activity(tmp_path: Path) -> None:
    log = open_rows(
        tmp_path,
        """
        id at          event     channel
        a  2020-01-01  ad        web
        a  2020-01-06  purchase  shop
        b  2020-01-05  purchase  mail
        """,
        churn={"inactivity_days": 10, "activity": ["purchase"]},
    )
    spells = jl.churn(log, by=["channel", "origin_week"])
    assert as_table(spells.frame, ["id", "stop", "cause", "channel", "origin_week"]) == [
        ("a", "10", "1", "shop", "2020-01-06"),
        ("b", "10", "1", "mail", "2019-12-30"),
    ]
    assert jl.survival_curve(spells, by="origin_week").frame["group"].unique().tolist() == [
        "2019-12-30",
        "2020-01-06",
    ]


def test_an_origin_before_the_window_keeps_its_own_date(tmp_path: Path) -> None:
    log = open_rows(
        tmp_path,
        "id at event\na 2019-12-30 ad",
        window={"start": "@2020-01-10", "cutoff": "@2020-01-31"},
    )
    spells = jl.time_to(log, "purchase", origin="ad", by="origin_month")
    assert as_table(spells.frame, ["id", "start", "origin_month"]) == [("a", "11", "2019-12")]


def test_a_column_of_the_source_wins(tmp_path: Path) -> None:
    log = open_rows(tmp_path, "id at event origin_month\na 2020-01-05 ad mine")
    spells = jl.time_to(log, "purchase", origin="ad", by=["origin_month", "origin_year"])
    names = ["id", "origin_month", "origin_year"]
    assert as_table(spells.frame, names) == [("a", "mine", "2020")]


def test_an_unknown_period(tmp_path: Path) -> None:
    log = open_rows(tmp_path, "id at event\na 2020-01-05 ad")
    with pytest.raises(DataError) as caught:
        jl.time_to(log, "purchase", origin="ad", by="origin_mont")
    assert "did you mean 'origin_month'" in str(caught.value)
