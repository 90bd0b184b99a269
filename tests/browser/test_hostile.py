"""A log whose every text is an attack, through the real notebooks: shown, and nothing runs."""

from __future__ import annotations

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from visits import WIDTHS, Visit

from journeylib.reporting import read_plan, run_batch

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "<script>window.owned='origin'</script>"
EVENT = '"><img src=x onerror="window.owned=\'event\'"> $\\frac{1}{0}$ {{ 6 * 7 }}'
OTHERS = (
    "javascript:window.owned='link'",
    "[a](javascript:window.owned='markdown')",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "</style></script><svg onload=window.owned='svg'>",
    "null\0byte and \x1b[31mescape",
    "\u202eevil\u202c \u200fעברית",
    "=cmd|' /C calc'!A0",
    "$\\frac{1}{0}$ $x$",
    "x" * 10_000,
)
GROUPS = (ORIGIN, EVENT, *OTHERS)
REPORTS = ("log", "time", "churn")


def quoted(text: str) -> str:
    """A text as TOML and JSON both write it."""
    return json.dumps(text)


def hostile_log(folder: Path) -> Path:
    """Five hundred customers; event names, channels, segments and the journey's name attack."""
    rng = np.random.default_rng(3)
    rows = []
    for k in range(550):
        first = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(rng.integers(0, 60)))
        rows.append((k, first, ORIGIN))
        if k % 3:
            rows.append((k, first + pd.Timedelta(days=int(rng.integers(1, 90))), EVENT))
        rows += [(k, first + pd.Timedelta(days=3 * j), name) for j, name in enumerate(OTHERS)]
    log = pd.DataFrame(rows, columns=["id", "at", "event"])
    log["channel"] = [GROUPS[k % len(GROUPS)] for k in log["id"]]
    folder.mkdir(parents=True)
    log.to_parquet(folder / "events.parquet")
    ids = np.arange(550)
    known = pd.DataFrame({"id": ids, "segment": [GROUPS[k % len(GROUPS)] for k in ids]})
    known.to_parquet(folder / "customers.parquet")
    (folder / "journey.toml").write_text(
        f'name = {quoted("Shop " + ORIGIN)}\n[source]\npath = "events.parquet"\n'
        '[columns]\nid = "id"\nat = "at"\nevent = "event"\nchannel = "channel"\n'
        f"[stages]\nawareness = [{quoted(ORIGIN)}, {quoted(OTHERS[0])}]\n"
        f"purchase = [{quoted(EVENT)}, {quoted(OTHERS[3])}]\n"
        "[window]\nstart = 2024-01-01\ncutoff = 2024-06-30\n"
        "[churn]\ninactivity_days = 30\n"
        '[attributes]\npath = "customers.parquet"\nid = "id"\ncolumns = ["segment"]\n'
        f"[labels]\n{quoted(OTHERS[3])} = {quoted('label ' + EVENT)}\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    hostile_log(root / "data" / "shop")
    (root / "notebooks").mkdir()
    for name in ("01_event_log", "02_time_to_purchase", "03_churn"):
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", root / "notebooks")
    time = f'origin = {quoted(ORIGIN)}\nevent = {quoted(EVENT)}\nby = "segment"\nhorizon = 60'
    plan = root / "reports" / "reports.toml"
    plan.parent.mkdir()
    plan.write_text(
        "".join(
            f'[[report]]\nid = "{report}"\nnotebook = "{notebook}"\ngroup = {quoted(ORIGIN)}\n'
            f"title = {quoted(report + ORIGIN)}\nquestion = {quoted('Who? ' + ORIGIN)}\n"
            f'[report.parameters]\njourney = "shop"\n{more}\n'
            for report, notebook, more in (
                ("log", "01_event_log", ""),
                ("time", "02_time_to_purchase", time),
                ("churn", "03_churn", 'by = "segment"\nhorizon = 60'),
            )
        ),
        encoding="utf-8",
    )
    batch = run_batch(read_plan(plan), progress=False)
    failures = {o.report_id: o.record.error for o in batch.outcomes if o.record and o.record.error}
    assert failures == {}
    return plan.parent


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", ["index", *REPORTS])
def test_nothing_runs_and_nothing_is_asked_for(
    browser: Any, reports: Path, name: str, width: int
) -> None:
    visit = Visit(browser, reports / f"{name}.html", width)
    visit.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    for word in visit.page.locator(".jr-term").all()[:3]:
        word.press("Enter")
    assert visit.page.evaluate("window.owned") is None
    assert visit.dialogs == [] and visit.complaints == [] and visit.others() == []
    pictures = visit.page.locator("figure img")
    assert pictures.evaluate_all("all => all.every(i => i.complete && i.naturalWidth > 0)")
    # one script, the page's own, and no attribute that runs
    assert visit.page.locator("script").count() <= 1
    assert (
        visit.page.evaluate(
            "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
            ".filter(a => a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value)).length"
        )
        == 0
    )
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


def shown(browser: Any, page: Path) -> str:
    visit = Visit(browser, page)
    visit.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    text = visit.page.inner_text("body")
    visit.close()
    return text


def test_every_attack_is_there_to_read(browser: Any, reports: Path) -> None:
    texts = {name: shown(browser, reports / f"{name}.html") for name in REPORTS}
    assert all(name + ORIGIN in text for name, text in texts.items())
    # the log lists every event by its name, the other two every group
    for text in texts.values():
        for attack in (ORIGIN, EVENT, *OTHERS[:4], OTHERS[6]):
            assert attack in re.sub(r"\s+", " ", text), attack
        assert "null\ufffdbyte" in text and "evil" in text and "עברית" in text
        assert "{{ 6 * 7 }}" in text and "{{ 7 * 7 }}" in text
        assert "x" * 60 in text


def test_the_tables_to_take_hold_no_formula(browser: Any, reports: Path) -> None:
    page = Visit(browser, reports / "time.html").page
    links = page.eval_on_selector_all("a[download]", "all => all.map(a => a.href)")
    files = [base64.b64decode(link.split(",")[1]).decode() for link in links]
    assert files and any("'=cmd|" in text for text in files)
    assert not any(line.startswith("=") for text in files for line in text.splitlines())


def test_hostile_pages_are_accessible(browser: Any, reports: Path) -> None:
    for name in REPORTS:
        visit = Visit(browser, reports / f"{name}.html")
        assert visit.violations() == [], name
        visit.close()
