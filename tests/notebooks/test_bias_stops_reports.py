"""A structural fault planted in a simulated log fails its report in words; unplanted, it passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from journeylib.reporting import run
from journeylib.reporting.records import RunRecord
from journeylib.simulation import simulate

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "02_time_to_purchase.ipynb"
JOURNEY = (ROOT / "data" / "simulated" / "journey.toml").read_text(encoding="utf-8")
ASKED = {"event": "purchase", "lost": "lost", "until": "opted_out", "horizon": 30.0}


class Shop:
    """A simulated shop that may be spoilt before it is written down."""

    def __init__(self) -> None:
        made = simulate(1500, seed=11, early=0.25)
        self.events, self.customers = made.events, made.customers
        self.truth = made.files()["truth.json"]
        self.journey = JOURNEY

    def write(self, folder: Path) -> Path:
        folder.mkdir()
        self.events.to_parquet(folder / "events.parquet", index=False)
        self.customers.to_parquet(folder / "customers.parquet", index=False)
        (folder / "journey.toml").write_text(self.journey, encoding="utf-8")
        (folder / "truth.json").write_text(str(self.truth), encoding="utf-8")
        return folder


def first(shop: Shop, event: str) -> pd.Series:
    """Moment of each customer's first event of a name, missing where there is none."""
    rows = shop.events[shop.events["event"] == event].groupby("customer_id")["at"].min()
    return shop.customers["customer_id"].map(rows)


def covariate(shop: Shop, name: str, more: str = "") -> None:
    column = '"early"]'
    assert column in shop.journey
    shop.journey = shop.journey.replace(column, f'"early", "{name}"]{more}')


def measured_later(shop: Shop) -> None:
    """A satisfaction asked a month after the first contact, and said to be so."""
    size = len(shop.customers)
    shop.customers["satisfaction"] = [("low", "high")[k % 2] for k in range(size)]
    shop.customers["asked_on"] = shop.customers["first_contact"] + pd.Timedelta(days=30)
    covariate(shop, "satisfaction", '\nmeasured_at = "asked_on"')


def written_afterwards(shop: Shop) -> None:
    """A flag that says who was ever mailed, as a customer table has it at the end."""
    shop.customers["mailed"] = first(shop, "email").notna().astype(int)
    covariate(shop, "mailed")


def known_of_converters(shop: Shop) -> None:
    """A profile that only a checkout asks for."""
    bought = first(shop, "purchase").notna()
    shop.customers["payment_type"] = pd.Series("card", shop.customers.index).where(bought, None)
    covariate(shop, "payment_type")


def exposed_from_the_start(shop: Shop) -> None:
    """The same flag under the name of the event: exposed before it was known."""
    shop.customers["email"] = first(shop, "email").notna().astype(int)
    covariate(shop, "email")


def entry_ignored(shop: Shop) -> None:
    """The journey file does not say when watching began."""
    assert "start = 2024-01-01" in shop.journey
    shop.journey = shop.journey.replace("start = 2024-01-01\n", "")


def converters_only(shop: Shop) -> None:
    """An export of those who bought."""
    bought = shop.customers.loc[first(shop, "purchase").notna(), "customer_id"]
    shop.events = shop.events[shop.events["customer_id"].isin(bought)]
    shop.customers = shop.customers[shop.customers["customer_id"].isin(bought)]


def exported_twice(shop: Shop) -> None:
    """Every customer's rows under two campaigns, so that one purchase is counted twice."""
    both = [shop.events.assign(session=name) for name in ("spring", "summer")]
    shop.events = pd.concat(both, ignore_index=True)


FAULTS: dict[str, tuple[Callable[[Shop], None], dict[str, str], str, str]] = {
    "measured later": (measured_later, {"by": "satisfaction"}, "Measured after", "valid_from"),
    "written afterwards": (written_afterwards, {"by": "mailed"}, "still to come", "future"),
    "known of converters": (
        known_of_converters,
        {"by": "payment_type"},
        "asked of them afterwards",
        "payment_type",
    ),
    "exposed from the start": (
        exposed_from_the_start,
        {"by": "email"},
        "before it happened",
        "with_exposure",
    ),
    "entry ignored": (entry_ignored, {}, "No event is seen before", "[window] start ="),
    "converters only": (converters_only, {}, "only those who got there", "Export everybody"),
    "overlapping": (exported_twice, {"per": "session"}, "counted again", "keep one"),
}


def report(folder: Path, output: Path, **more: object) -> RunRecord:
    return run(NOTEBOOK, {"journey": str(folder), **ASKED, **more}, output=output, progress=False)


def test_the_unplanted_log_passes(tmp_path: Path) -> None:
    record = report(Shop().write(tmp_path / "shop"), tmp_path / "reports", by="first_channel")
    assert record.verdict == "ok", record.error
    assert record.simulated


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_fails_the_report_in_words(name: str, tmp_path: Path) -> None:
    plant, asked, seen, advice = FAULTS[name]
    shop = Shop()
    plant(shop)
    record = report(shop.write(tmp_path / "shop"), tmp_path / "reports", **asked)
    assert record.verdict == "failed"
    assert record.error is not None and record.error.name == "BiasError"
    assert seen in record.error.message
    assert advice in record.error.message
    assert "where:" in record.error.message and "overrule = true" in record.error.message


def test_an_overruled_fault_is_shown_and_said(tmp_path: Path) -> None:
    shop = Shop()
    entry_ignored(shop)
    folder = shop.write(tmp_path / "shop")
    record = report(folder, tmp_path / "reports", overrule=True)
    assert record.verdict == "ok", record.error
    notebook = json.loads((record.folder / "run.ipynb").read_text(encoding="utf-8"))
    mime = "application/vnd.journey.ledger+json"
    checks = [
        check
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        for check in output.get("data", {}).get(mime, {}).get("checks", [])
    ]
    overruled = [check for check in checks if check["kind"] == "overruled"]
    assert [check["verdict"] for check in overruled] == ["failed"]
    assert overruled[0]["follows"].startswith("Overruled")
