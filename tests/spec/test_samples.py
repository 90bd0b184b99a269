"""Sample data: verified, complete, the same bytes each time, and clear when absent."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import journeylib as jl
from journeylib import samples
from journeylib.errors import SourceError
from journeylib.home import checkout


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jl.write_sample("cdnow", tmp_path_factory.mktemp("data") / "cdnow")


@pytest.fixture(scope="module")
def complete_journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jl.write_sample("complete_journey", tmp_path_factory.mktemp("data") / "cj")


def test_cdnow_is_one_row_a_purchase_line(cdnow: Path) -> None:
    events = pd.read_parquet(cdnow / "events.parquet")
    assert list(events) == ["customer_id", "date", "event", "quantity", "amount", "month"]
    assert len(events) == 69_659 and events["customer_id"].nunique() == 23_570
    first = events.iloc[0]
    assert (first["customer_id"], str(first["date"]), first["amount"]) == (
        *("00001", "1997-01-01"),
        11.77,
    )
    assert events["amount"].sum() == pytest.approx(2_500_315.63)


def test_complete_journey_is_mailings_baskets_and_redemptions(complete_journey: Path) -> None:
    events = pd.read_parquet(complete_journey / "events.parquet")
    assert events["event"].value_counts().to_dict() == {
        "basket": 155_848,
        "campaign_mailed": 6_589,
        "coupon_redeemed": 2_102,
    }
    assert events["household_id"].nunique() == 2_469
    moments = events.loc[events["event"] == "basket", "timestamp"]
    assert (str(moments.min()), str(moments.max())) == (
        "2017-01-01 06:53:26",
        "2017-12-31 23:01:20",
    )
    mailed = events[events["event"] == "campaign_mailed"]
    assert mailed[["campaign_id", "campaign_type", "campaign_ends"]].notna().all(axis=None)
    assert len(pd.read_parquet(complete_journey / "customers.parquet")) == 801


def test_baskets_add_up_to_the_lines(complete_journey: Path, shared: Path) -> None:
    events = pd.read_parquet(complete_journey / "events.parquet")
    ours = events[events["event"] == "basket"].set_index("basket_id").sort_index()
    theirs = pd.read_parquet(shared / "data" / "cj_baskets.parquet").set_index("basket_id")
    theirs = theirs.sort_index()
    assert list(ours.index) == list(theirs.index)
    for name in ("household_id", "store_id", "quantity"):
        assert (ours[name].to_numpy() == theirs[name].to_numpy()).all()
    assert abs(ours["sales_value"].to_numpy() - theirs["sales_value"].to_numpy()).max() < 1e-6


def test_the_journey_file_comes_along(cdnow: Path) -> None:
    committed = checkout() / "data" / "cdnow" / "journey.toml"
    assert (cdnow / "journey.toml").read_text() == committed.read_text()


def test_a_second_time_changes_nothing(cdnow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = cdnow / "events.parquet"
    before = file.stat(), hashlib.sha256(file.read_bytes()).hexdigest()
    assert jl.write_sample("cdnow", cdnow) == cdnow
    assert (file.stat(), hashlib.sha256(file.read_bytes()).hexdigest()) == before
    assert sorted(p.name for p in cdnow.iterdir()) == ["events.parquet", "journey.toml"]
    assert capsys.readouterr().out == f"{file}: 69,659 rows\n"


def test_an_own_journey_file_is_left_alone(cdnow: Path) -> None:
    file = cdnow / "journey.toml"
    committed = file.read_text()
    file.write_text("# mine\n" + committed)
    jl.write_sample("cdnow", cdnow)
    assert file.read_text().startswith("# mine")
    file.write_text(committed)


def test_a_broken_file_is_replaced(cdnow: Path) -> None:
    file = cdnow / "events.parquet"
    good = file.read_bytes()
    file.write_bytes(good[:100])
    jl.write_sample("cdnow", cdnow)
    assert file.read_bytes() == good


def test_an_unknown_sample() -> None:
    with pytest.raises(SourceError) as caught:
        jl.write_sample("cdnoww")
    assert "did you mean 'cdnow'" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said", "fix"),
    [
        ({"distribution": "no-such-distribution"}, "is not installed", "pip install no-such"),
        ({"files": {"master": ("lifetimes/nowhere.txt", "0")}}, "holds no", "pip install Life"),
        (
            {"files": {"master": ("lifetimes/datasets/CDNOW_master.txt", "0" * 64)}},
            "is not the expected file: SHA-256 eff6889ed364",
            "--force-reinstall Lifetimes==0.11.3",
        ),
    ],
)
def test_a_package_that_is_not_as_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict, said: str, fix: str
) -> None:
    broken = replace(samples.SAMPLES["cdnow"], **change)
    monkeypatch.setitem(samples.SAMPLES, "cdnow", broken)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match=said) as caught:
        jl.write_sample("cdnow", tmp_path / "cdnow")
    assert fix in str(caught.value)
    assert not (tmp_path / "cdnow").exists()


def test_data_that_is_not_there_yet_says_how_to_get_it(tmp_path: Path) -> None:
    folder = tmp_path / "cdnow"
    folder.mkdir()
    committed = checkout() / "data" / "cdnow" / "journey.toml"
    (folder / "journey.toml").write_text(committed.read_text())
    with pytest.raises(SourceError) as caught:
        jl.open_log(jl.read_journey(folder))
    assert "journey sample cdnow" in str(caught.value)
