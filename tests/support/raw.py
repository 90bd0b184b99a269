"""Real logs of the shared folder as journeys: raw rows, a journey file, nothing else.

Each function gives the raw rows as a Parquet file and the tables of its journey file, so
that the same journey can be opened wherever the rows are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from logs import journey_text

import journeylib as jl

BPIC_STAGES = ("submitted", "preaccepted", "accepted", "approved", "declined", "cancelled")


def online_retail(data: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Lines of invoices; a number that begins with C is a cancellation."""
    return data / "online_retail.parquet", {
        "columns": {"id": "CustomerID", "at": "InvoiceDate", "event": "InvoiceNo"},
        "stages": {},
        "window": {"cutoff": "@2011-12-09T12:50:00", "resolution": "timestamp"},
        "events": {
            "invoice": {"where": "event not like 'C%'"},
            "cancellation": {"where": "event like 'C%'"},
        },
    }


def bpic(data: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Loan applications; moments carry offsets of +01:00 and +02:00."""
    return data / "bpic2012_events.parquet", {
        "columns": {"id": "case_id", "at": "timestamp", "event": "activity"},
        "stages": {stage: [f"A_{stage.upper()}"] for stage in BPIC_STAGES},
        "window": {"cutoff": "@2012-03-14T15:04:54.681", "resolution": "timestamp"},
    }


def cdnow(data: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Purchases by day."""
    rows = pd.read_csv(
        data / "cdnow_transactions.csv.gz", dtype={"customer_id": str}, parse_dates=["date"]
    )
    folder.mkdir(parents=True, exist_ok=True)
    rows.astype({"date": "datetime64[us]"}).assign(event="purchase").to_parquet(
        folder / "cdnow.parquet", index=False
    )
    return folder / "cdnow.parquet", {
        "columns": {"id": "customer_id", "at": "date", "event": "event", "value": "amount"},
        "stages": {"purchase": ["purchase"]},
        "window": {"cutoff": "@1998-06-30"},
        "churn": {"inactivity_days": 180, "activity": ["purchase"]},
    }


def campaigns(data: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The Complete Journey: the year begins, campaigns start, coupons are redeemed."""
    begins = pd.read_parquet(data / "cj_baskets.parquet", columns=["household_id"])
    begins = begins.drop_duplicates().assign(at="2017-01-01", event="year_began")
    mailed = pd.read_csv(data / "cj_campaigns.csv.gz").merge(
        pd.read_csv(data / "cj_campaign_descriptions.csv.gz"), on="campaign_id"
    )
    mailed = mailed.rename(columns={"start_date": "at"}).assign(event="campaign_started")
    redeemed = pd.read_csv(data / "cj_coupon_redemptions.csv.gz")
    redeemed = redeemed.rename(columns={"redemption_date": "at"}).assign(event="redeemed")
    names = ["household_id", "at", "event", "campaign_id"]
    rows = pd.concat([begins, mailed, redeemed], ignore_index=True)[names]
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(folder / "campaigns.parquet", index=False)
    return folder / "campaigns.parquet", {
        "columns": {"id": "household_id", "at": "at", "event": "event"},
        "stages": {},
        "window": {"cutoff": "@2017-12-31"},
    }


def opened(folder: Path, source: dict[str, str], tables: dict[str, Any]) -> jl.EventLog:
    """The log of a journey file whose ``[source]`` is given."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "journey.toml"
    file.write_text(journey_text([], **tables, source=source))
    return jl.open_log(jl.read_journey(file))
