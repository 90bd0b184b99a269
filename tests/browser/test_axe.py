"""axe-core on every report of the project's own plan, wide and narrow: nobody is kept out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from visits import WIDTHS, Visit


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_every_report_of_the_plan_is_accessible(
    browser: Any, sample_batch: Any, width: int
) -> None:
    plan, batch = sample_batch
    assert len(batch.outcomes) >= 8
    found = {}
    for outcome in batch.outcomes:
        visit = Visit(browser, plan.output / f"{outcome.report_id}.html", width)
        found[outcome.report_id] = [
            *visit.violations(),
            *visit.complaints,
            *visit.others(),
            *sideways(visit, width),
        ]
        visit.close()
    assert found == {report: [] for report in found}


def test_everything_that_can_be_opened_is_accessible_too(browser: Any, sample_batch: Any) -> None:
    plan, _ = sample_batch
    visit = Visit(browser, plan.output / "coupon-by-campaign-type.html")
    visit.page.get_by_role("button", name="Show code").click()
    visit.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    visit.page.locator(".jr-term").first.click()
    assert visit.violations() == []


def test_every_picture_has_words_and_numbers(sample_batch: Any) -> None:
    from bs4 import BeautifulSoup

    plan, batch = sample_batch
    for outcome in batch.outcomes:
        html = (plan.output / f"{outcome.report_id}.html").read_text()
        page = BeautifulSoup(html, "html.parser")
        for figure in page.find_all("figure"):
            assert len(figure.img["alt"]) > 40, outcome.report_id
            assert figure.figcaption.get_text(strip=True)
            table = figure.find("details", class_="jr-data")
            assert table and len(table.find_all("tr")) > 1, (outcome.report_id, figure.img["alt"])


def test_a_page_weighs_little_and_asks_for_nothing(sample_batch: Any) -> None:
    plan, _ = sample_batch
    weights = {p.name: p.stat().st_size for p in Path(plan.output).glob("*.html")}
    assert max(weights.values()) < 1.5e6
    for page in Path(plan.output).glob("*.html"):
        assert "url(" not in page.read_text() and "@import" not in page.read_text()


def sideways(visit: Visit, width: int) -> list[str]:
    wide = visit.page.evaluate("document.documentElement.scrollWidth")
    return [f"the page is {wide} wide"] if wide > width else []
