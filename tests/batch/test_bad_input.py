"""What a researcher sees when something is wrong: words to act on, an exit code, no traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PURCHASE = ROOT / "notebooks" / "02_time_to_purchase.ipynb"

JOURNEY = """
name = "Shop"
unit = "days"
[source]
path = "events.csv"
[columns]
id = "customer"
at = "day"
event = "what"
channel = "medium"
[stages]
awareness = ["visit"]
purchase = ["order"]
[window]
start = 2025-01-01
cutoff = 2025-03-31
[churn]
inactivity_days = 30
activity = ["order"]
"""


def events(customers: int, *, buy: bool = True) -> str:
    lines = ["customer,day,what,medium"]
    for k in range(customers):
        lines.append(f"c{k},2025-01-{1 + k % 28:02d},visit,{'mail' if k % 2 else 'search'}")
        if buy and k % 3:
            lines.append(f"c{k},2025-02-{1 + k % 20:02d},order,")
    return "\n".join(lines) + "\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "journey.toml").write_text(JOURNEY)
    (tmp_path / "events.csv").write_text(events(60))
    return tmp_path


def journey(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "journeylib.cli", *words]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def report(shop: Path, *parameters: str) -> tuple[subprocess.CompletedProcess[str], str]:
    given = [w for p in (f"journey={shop / 'journey.toml'}", "origin=visit", "event=order",
                         *parameters) for w in ("-p", p)]  # fmt: skip
    done = journey("run", str(PURCHASE), *given, "--out", str(shop / "out"), cwd=shop)
    pages = [p for p in (shop / "out").glob("*.html") if p.name != "index.html"]
    text = re.sub(r"<(script|style|details).*?</\1>", " ", pages[0].read_text(), flags=re.S) \
        if pages else ""  # fmt: skip
    return done, unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def test_a_broken_journey_file(shop: Path) -> None:
    (shop / "journey.toml").write_text(JOURNEY.replace("[window]", "[window"))
    done = journey("check", "journey.toml", cwd=shop)
    assert done.returncode == 3
    assert "journey.toml" in done.stderr and "line" in done.stderr


def test_a_wrong_key_names_the_nearest(shop: Path) -> None:
    (shop / "journey.toml").write_text(JOURNEY.replace("cutoff =", "cut_off ="))
    done = journey("check", "journey.toml", cwd=shop)
    assert done.returncode == 3
    assert "cut_off" in done.stderr and "did you mean 'cutoff'?" in done.stderr


def test_a_missing_column_names_the_nearest(shop: Path) -> None:
    (shop / "journey.toml").write_text(JOURNEY.replace('"customer"', '"custmer"'))
    done = journey("check", "journey.toml", cwd=shop)
    assert done.returncode == 5
    assert "custmer" in done.stderr and "customer" in done.stderr and "events.csv" in done.stderr


def test_a_missing_file(shop: Path) -> None:
    (shop / "events.csv").unlink()
    done = journey("check", "journey.toml", cwd=shop)
    assert done.returncode == 4 and "events.csv" in done.stderr


def test_an_empty_log(shop: Path) -> None:
    (shop / "events.csv").write_text("customer,day,what,medium\n")
    done = journey("check", "journey.toml", cwd=shop)
    assert done.returncode in (4, 5)
    assert re.search(r"no event|empty|no row", done.stderr)


def test_a_typo_in_a_parameter_stops_before_a_kernel(shop: Path) -> None:
    done = journey("run", str(PURCHASE), "-p", "horizn=30", cwd=shop)
    assert done.returncode == 7 and "did you mean 'horizon'?" in done.stderr
    done = journey("run", str(PURCHASE), "-p", "horizon=soon", cwd=shop)
    assert done.returncode == 7 and "horizon" in done.stderr and "soon" in done.stderr


def test_an_unknown_event_is_told_on_the_page(shop: Path) -> None:
    done, page = report(shop, "event=ordr")
    assert done.returncode == 5
    assert "no event, derived event or stage is called 'ordr'" in page and "order" in page


def test_one_customer_is_too_few_to_show(shop: Path) -> None:
    (shop / "events.csv").write_text(events(1))
    done, page = report(shop)
    assert done.returncode == 5
    assert "only 1 customer(s) are at risk" in page


def test_one_customer_may_be_shown_if_asked(shop: Path) -> None:
    (shop / "events.csv").write_text(events(2))
    done, page = report(shop, "minimum=1", "horizon=20")
    assert done.returncode == 0, page
    assert "2 customers came in" in page


def test_nobody_buys(shop: Path) -> None:
    (shop / "events.csv").write_text(events(60, buy=False))
    done, page = report(shop, "horizon=20")
    assert done.returncode == 0, page
    assert "None reach order within 20 days (n = 60, 0 events by then)" in page


def test_debug_shows_the_traceback(shop: Path) -> None:
    (shop / "events.csv").unlink()
    command = [sys.executable, "-m", "journeylib.cli", "--debug", "check", "journey.toml"]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True, check=False)
    assert "Traceback" in done.stderr
