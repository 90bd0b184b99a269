"""No page shows a group under the limit; a notebook goes on where a journey lacks something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from journeylib.reporting import run
from journeylib.reporting.records import RunRecord
from journeylib.simulation import simulate

ROOT = Path(__file__).resolve().parents[2]
MINIMUM = 20
BARE = """\
name = "Bare"
unit = "days"
[source]
path = "events.parquet"
[columns]
id = "who"
at = "at"
event = "event"
[stages]
purchase = ["order"]
[window]
cutoff = 2024-12-31
"""


def report(notebook: str, folder: Path, output: Path, **asked: Any) -> RunRecord:
    path = next((ROOT / "notebooks").glob(f"{notebook}*.ipynb"))
    record = run(path, {"journey": str(folder), **asked}, output=output, progress=False)
    assert record.verdict == "ok", record.error
    return record


def bundles(record: RunRecord) -> Iterator[dict[str, Any]]:
    notebook = json.loads((record.folder / "run.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            yield {**output.get("data", {}), "metadata": output.get("metadata", {})}


def text(record: RunRecord) -> str:
    found = ""
    for bundle in bundles(record):
        found += "".join(bundle.get("text/html", "")) + "".join(bundle.get("text/plain", ""))
    return found


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders and nothing else: one stage, no channel, no value, no rule of leaving."""
    folder = tmp_path_factory.mktemp("bare") / "shop"
    folder.mkdir()
    rng = np.random.default_rng(4)
    who = np.repeat(np.arange(300), 5)
    days = np.cumsum(rng.exponential(40, size=(300, 5)), axis=1).ravel() + rng.uniform(0, 60)
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D")
    frame = pd.DataFrame({"who": who, "at": at.floor("s"), "event": "order"})
    frame.to_parquet(folder / "events.parquet", index=False)
    (folder / "journey.toml").write_text(BARE, encoding="utf-8")
    return folder


LACKING = {
    "00": ({"event": "order", "horizon": 60.0}, "came in"),
    "01": ({}, "This needs a channel"),
    "02": ({"origin": "order", "event": "order", "occurrence": 2}, "No groups were asked for"),
    "03": ({"horizon": 120.0}, "does not say what leaving is"),
    "04": ({"horizon": 60.0}, "This needs two stages"),
    "05": (
        {"origin": "order", "event": "order", "lost": "", "by": "", "exposure": "mail"},
        "name it in known",
    ),
}


@pytest.mark.parametrize("notebook", LACKING)
def test_a_notebook_says_what_it_needs_and_goes_on(
    notebook: str, bare: Path, tmp_path: Path
) -> None:
    asked, said = LACKING[notebook]
    record = report(notebook, bare, tmp_path, **asked)
    assert said in text(record)


@pytest.fixture(scope="module")
def thin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated shop with many channels that few customers come through."""
    folder = tmp_path_factory.mktemp("thin") / "shop"
    shares = {"search": 0.4, "social": 0.35, "display": 0.2, "referral": 0.04, "store": 0.01}
    made = simulate(500, seed=21, marks={"channel": shares})
    made.write(folder)
    text_ = (ROOT / "data" / "simulated" / "journey.toml").read_text(encoding="utf-8")
    (folder / "journey.toml").write_text(text_, encoding="utf-8")
    return folder


SHOWN = {
    "01": {},
    "02": {
        "event": "purchase",
        "lost": "lost",
        "until": "opted_out",
        "by": "first_channel",
        "horizon": 30.0,
    },
    "03": {"until": "opted_out", "by": "first_channel", "value_event": "repeat_purchase"}
    | {"horizon": 60.0},
    "04": {"until": "opted_out", "by": "first_channel", "horizon": 60.0},
    "05": {"until": "opted_out", "horizon": 30.0},
}


@pytest.mark.parametrize("notebook", SHOWN)
def test_no_shown_number_stands_on_fewer_customers_than_allowed(
    notebook: str, thin: Path, tmp_path: Path
) -> None:
    record = report(notebook, thin, tmp_path, **SHOWN[notebook])
    counted = [f["n"] for f in record.findings if f.get("n") is not None]
    assert counted and min(counted) >= MINIMUM
    for bundle in bundles(record):
        for table in _tables(bundle):
            for name in ("n", "customers", "moved"):
                if name in table:
                    values = pd.to_numeric(table[name].astype(str).str.replace(",", ""), "coerce")
                    assert not (values < MINIMUM).any(), table
    assert notebook == "01" or "other" in text(record)


def _tables(bundle: dict[str, Any]) -> Iterator[pd.DataFrame]:
    """Tables shown as HTML, and the numbers behind pictures."""
    html = "".join(bundle.get("text/html", ""))
    if "<table" in html and "class='journey'" in html:
        for table in BeautifulSoup(html, "html.parser").find_all("table"):
            heads = [th.get_text() for th in table.find("thead").find_all("th")]
            rows = [
                [cell.get_text() for cell in row.find_all(["th", "td"])]
                for row in table.find("tbody").find_all("tr")
            ]
            yield pd.DataFrame([row for row in rows if len(row) == len(heads)], columns=heads)
    for kind in ("image/png", "image/svg+xml"):
        behind = bundle["metadata"].get(kind, {}).get("table")
        if not behind:
            continue
        yield pd.DataFrame(behind["rows"], columns=behind["columns"])
