"""The notebooks on touchpoints and personas where the log lacks something that they ask for."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from journeylib.reporting import run
from journeylib.simulation import simulate

ROOT = Path(__file__).resolve().parents[2]
JOURNEY = """\
name = "bare"
unit = "days"
[source]
path = "events.parquet"
[columns]
id = "customer_id"
{columns}
[stages]
awareness = ["ad_view", "store_visit", "mailing", "call"]
consideration = ["product_view"]
decision = ["basket"]
purchase = ["purchase"]
[window]
start = 2024-01-01
cutoff = 2024-12-31
resolution = "timestamp"
"""
COLUMNS = ("at", "event", "channel", "content", "value")


def shop(folder: Path, lacks: tuple[str, ...], **changes: object) -> str:
    """A journey of simulated customers without some columns, others with one value only."""
    events: pd.DataFrame = simulate(500, seed=3).events.assign(**changes)
    events["customer_id"] = "person-" + events["customer_id"]
    kept = [c for c in COLUMNS if c not in lacks]
    folder.mkdir(parents=True, exist_ok=True)
    events[["customer_id", *kept]].to_parquet(folder / "events.parquet", index=False)
    columns = "\n".join(f'{c} = "{c}"' for c in kept)
    (folder / "journey.toml").write_text(JOURNEY.format(columns=columns))
    return str(folder / "journey.toml")


@pytest.mark.parametrize(
    ("lacks", "changes", "asked"),
    [
        (("channel", "content"), {}, {"touchpoint": "event"}),
        (("content",), {"channel": "web"}, {"touchpoint": "channel"}),
        (("channel",), {"content": None}, {"touchpoint": "event", "touch_events": "purchase"}),
    ],
    ids=["no channel and no content", "one channel", "nobody touched"],
)
def test_touchpoints(
    tmp_path: Path, lacks: tuple[str, ...], changes: dict[str, object], asked: dict[str, str]
) -> None:
    journey = shop(tmp_path / "shop", lacks, **changes)
    given = {"journey": journey, "adjust": "", "left": "lost", "draws": 40, **asked}
    record = run(ROOT / "notebooks" / "06_touchpoints.ipynb", given,
                 output=tmp_path / "reports", progress=False)  # fmt: skip
    assert record.verdict == "ok", record.error
    page = (record.folder / "report.html").read_text()
    assert "No content is known" in page
    assert "There is no second channel to compare" in page


def test_personas_without_a_value(tmp_path: Path) -> None:
    journey = shop(tmp_path / "shop", ("value", "channel", "content"))
    given = {"journey": journey, "origin": "first_contact", "after": 10.0, "event": "purchase",
             "prior": "exclude", "activity": "awareness", "horizon": 40.0}  # fmt: skip
    record = run(ROOT / "notebooks" / "07_personas.ipynb", given,
                 output=tmp_path / "reports", progress=False)  # fmt: skip
    assert record.verdict == "ok", record.error
    scores = pd.read_csv(record.folder / "files" / "scores.csv", dtype=str)
    text = (record.folder / "report.html").read_text() + (record.folder / "run.json").read_text()
    assert len(scores) > 100
    assert not [i for i in scores["id"] if i in text]  # ids stay in the file beside the page


def test_a_clock_at_the_first_contact_is_refused_in_words(tmp_path: Path) -> None:
    journey = shop(tmp_path / "shop", ("channel", "content"))
    given = {"journey": journey, "origin": "first_contact", "after": 0.0, "event": "purchase"}
    record = run(ROOT / "notebooks" / "07_personas.ipynb", given,
                 output=tmp_path / "reports", progress=False)  # fmt: skip
    assert record.verdict == "failed"
    assert "nothing is known of anybody yet" in record.error.message
