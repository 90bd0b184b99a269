"""The index and the page of a comparison in a browser: find, filter, keyboard, matrix, history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import archives
import pytest
from visits import WIDTHS, Visit

from journeylib.cli import main
from journeylib.reporting.portal import write_index

_NAME = "e => e.id || e.className || e.getAttribute('href')"
ATTACK = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = archives.small(tmp_path_factory.mktemp("reports"))
    page = str(store.root / "diff.html")
    assert main(["diff", "purchase-business", "--out", str(store.root), "--html", page]) == 0
    return write_index(store)


@pytest.fixture
def visit(browser: Any, index: Path) -> Iterator[Visit]:
    """The index on a desk; nothing complained by the end."""
    opened = Visit(browser, index)
    yield opened
    assert opened.complaints == []
    assert [url for url in opened.others() if not url.startswith(index.parent.as_uri())] == []
    opened.close()


def titles(visit: Visit) -> list[str]:
    """Reports that can be seen, in their order."""
    return visit.page.locator(".jr-entry:visible h3").all_inner_texts()


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", ["index", "diff"])
def test_axe_finds_nothing(browser: Any, index: Path, name: str, width: int) -> None:
    visit = Visit(browser, index.with_name(f"{name}.html"), width)
    for fold in visit.page.locator("details > summary").all():
        fold.click()
    assert visit.violations() == []
    assert visit.page.locator("h1").count() == 1
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert (visit.complaints, visit.others()) == ([], [])
    visit.close()


def test_axe_finds_nothing_in_the_matrix(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Matrix").click()
    assert visit.violations() == []


def test_what_moved_stands_at_the_top_and_leads_to_its_report(visit: Visit) -> None:
    moved = visit.page.get_by_role("region", name="What moved")
    assert "4 of 60 findings" in moved.inner_text()
    line = moved.locator("li li").filter(has_text="search").first
    assert "▲ +" in line.inner_text()
    link = moved.get_by_role("link", name="Time to purchase, business")
    link.click()
    visit.page.wait_for_url("**/purchase-business.html")


def test_what_failed_and_what_is_old_come_first(visit: Visit) -> None:
    headings = visit.page.locator(".jr-section:visible > h2").all_inner_texts()
    assert headings[0] == "Needs attention"
    assert set(titles(visit)[:4]) == {
        "Which channel brings buyers", "After the first basket", "From trial to subscription",
        "Never succeeded",
    }  # fmt: skip
    text = visit.page.locator("[aria-labelledby=r-from-trial-to-subscription]").inner_text()
    assert "older data" in text
    assert "Other reports of these data reach 30 June 2026." in text


def test_search_finds_by_any_word_and_says_how_many(visit: Visit) -> None:
    box = visit.page.get_by_role("searchbox", name="Search")
    count = visit.page.get_by_role("status")
    assert count.inner_text() == "12 of 12 reports"
    box.fill("BUSINESS purchase time")
    assert titles(visit) == ["Time to purchase, business"]
    assert count.inner_text() == "1 of 12 reports"
    box.fill("cdnow")
    assert titles(visit) == ["Second purchase"]
    box.fill("no such thing")
    assert titles(visit) == []
    assert visit.page.locator(".jr-section:visible").count() == 0
    assert count.inner_text() == "0 of 12 reports"
    box.fill("simulated")
    assert titles(visit) == ["Where everybody is"]
    assert visit.page.locator(".jr-simulated:visible").all_inner_texts() == ["simulated"]


def test_filters_and_search_work_together(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Moved").click()
    assert titles(visit) == ["Time to purchase, business"]
    page.get_by_role("button", name="Needs attention").click()
    assert len(titles(visit)) == 4
    page.get_by_role("searchbox").fill("never")
    assert titles(visit) == ["Never succeeded"]
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="All").click()
    page.get_by_label("Data set").select_option("CDNOW")
    assert titles(visit) == ["Second purchase"]
    pressed = page.locator("[data-show][aria-pressed=true]").all_inner_texts()
    assert [p.split()[0] for p in pressed] == ["All"]


@pytest.mark.parametrize(
    ("by", "headings"),
    [
        ("question", ["Needs attention", "How many customers buy, and how soon?",
                      "How many are still customers after a year?"]),
        ("data set", ["Needs attention", "Web shop", "Simulated", "CDNOW"]),
        ("segment", ["Needs attention", "consumer", "business", "public", "Everybody"]),
        ("heading", ["Needs attention", "Web shop", "Simulated", "CDNOW"]),
    ],
)  # fmt: skip
def test_reports_are_grouped_as_asked(visit: Visit, by: str, headings: list[str]) -> None:
    before = sorted(titles(visit))
    visit.page.get_by_label("Group by").select_option(by)
    assert visit.page.locator(".jr-section:visible > h2").all_inner_texts() == headings
    assert sorted(titles(visit)) == before
    visit.page.get_by_label("Group by").select_option("heading")
    assert sorted(titles(visit)) == before


def test_everything_is_reached_by_keyboard(visit: Visit) -> None:
    keys, page = visit.page.keyboard, visit.page

    def focus() -> str:
        return page.evaluate("document.activeElement.textContent.trim()")

    keys.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    keys.type("churn consumer")
    assert titles(visit) == ["How long they stay, consumer"]
    keys.press("ArrowDown")
    assert focus() == "How long they stay, consumer"
    keys.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "find"
    keys.press("Escape")
    assert len(titles(visit)) == 12
    keys.type("time to purchase")
    for name in ("consumer", "business", "public"):
        keys.press("ArrowDown")
        assert focus() == f"Time to purchase, {name}"
    keys.press("ArrowDown")
    assert focus() == "Time to purchase, public"
    keys.press("Enter")
    page.wait_for_url("**/purchase-public.html")


def test_tab_walks_from_the_skip_link_through_the_tools_to_the_reports(visit: Visit) -> None:
    seen = []
    for _ in range(40):
        visit.page.keyboard.press("Tab")
        seen.append(visit.page.evaluate(f"({_NAME})(document.activeElement)"))
    assert seen[0] == "jr-skip"
    assert seen.index("find") < seen.index("set") < seen.index("by")
    assert any(str(s).endswith(".html") for s in seen[seen.index("by") :])


def test_the_matrix_shows_segments_by_questions_and_follows_the_search(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Matrix").click()
    assert titles(visit) == []
    table = page.locator(".jr-matrix")
    assert table.locator("thead th").count() == 3
    rows = table.locator("tbody th").all_inner_texts()
    assert rows == ["consumer", "business", "public"]
    cell = table.locator("td[data-report=purchase-business]")
    assert "beyond noise" in cell.inner_text()
    page.get_by_role("searchbox").fill("business")
    assert table.locator("tbody th:visible").all_inner_texts() == ["business"]
    page.get_by_role("button", name="List").click()
    assert len(titles(visit)) == 2
    assert not table.is_visible()


def test_the_history_of_a_finding_is_a_chart_with_its_table(visit: Visit) -> None:
    entry = visit.page.locator("[aria-labelledby=r-purchase-business]")
    chart = entry.get_by_role("img")
    assert not chart.is_visible()
    entry.locator("summary").press("Enter")
    assert chart.is_visible()
    label = chart.get_attribute("aria-label")
    assert label.startswith("reach purchase within 30 days: ")
    assert label.endswith("moved beyond noise 1 time.")
    box = chart.bounding_box()
    assert box["width"] > 200 and box["height"] > 80
    table = entry.locator(".jr-runs")
    assert table.locator("tbody tr").count() == 6
    latest = table.locator("tbody tr").first.inner_text()
    assert latest.startswith("1 July 2026")
    assert "beyond noise" in latest
    assert "first run" in table.locator("tbody tr").last.inner_text()
    # one dot a run, of which one stands out
    drawn = [entry.locator(f".jr-panel path.{k}").get_attribute("d").count("M") for k in "dm"]
    assert drawn == [5, 1]


def test_ages_are_told_where_there_is_a_clock(visit: Visit) -> None:
    times = visit.page.locator(".jr-entry time").all_inner_texts()
    assert len(times) == 12
    assert all("ago)" in t or "day)" in t or "2026" in t for t in times)


def test_without_script_all_is_there(browser: Any, index: Path) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(index.as_uri())
    assert page.locator(".jr-entry:visible").count() == 12
    assert page.locator(".jr-matrix").is_visible()
    assert not page.get_by_role("searchbox").is_visible()
    context.close()


def test_print_leaves_the_tools_out(visit: Visit) -> None:
    visit.page.emulate_media(media="print")
    assert not visit.page.get_by_role("searchbox").is_visible()
    assert visit.page.locator("h1").is_visible()
    assert visit.page.locator(".jr-entry").first.is_visible()


def test_attacks_in_every_text_of_a_record_run_nothing(browser: Any, tmp_path: Path) -> None:
    store = archives.Store(tmp_path)
    for name in ("a", "b"):
        runs = archives.history(
            name, 3, title=f"T {ATTACK}", question=f"Q? {ATTACK}", group=f"G {ATTACK}",
            data_set=f"D {ATTACK}", cell={"segment": f"S {name} {ATTACK}"}, base_id=f"B {ATTACK}",
            notebook=f"n {ATTACK}",
        )  # fmt: skip
        hurt = [archives.renamed(r, f"F {ATTACK}") for r in runs]
        archives.put(store, *hurt, archives.failed(hurt[-1], f"E {ATTACK}"))
    page = tmp_path / "diff.html"
    assert main(["diff", "a", "b", "--out", str(tmp_path), "--html", str(page)]) == 0
    for file in (write_index(store), page):
        visit = Visit(browser, file)
        for fold in visit.page.locator("details > summary").all():
            fold.click()
        assert ATTACK in visit.page.inner_text("main")
        assert visit.page.title() != "owned"
        assert (visit.complaints, visit.others(), visit.dialogs) == ([], [], [])
        assert visit.page.locator("main img").count() == 0
        assert visit.page.evaluate("document.scripts.length") <= 1
        visit.close()
