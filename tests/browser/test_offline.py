"""A report and the index in a real browser with the network off: nothing is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from books import emit, write_book
from visits import WIDTHS, Visit

from journeylib.reporting import read_plan, run_batch

ATTACK = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages with findings, a picture, wide tables, code, a failure, and data that attack."""
    root = tmp_path_factory.mktemp("project")
    rows = "".join(f"<th scope='col'>{'column ' * 3}{k}</th>" for k in range(20))
    finding = {"name": f"share {ATTACK}", "value": 14.0, "low": 12.9, "high": 15.2, "unit": "%",
               "n": 3647, "events": 604}  # fmt: skip
    groups = [{**finding, "name": "by group", "group": g} for g in ("A" * 60, ATTACK, "C")]
    picture = (
        "import io, matplotlib.pyplot as plt\nfrom IPython.display import display, Image\n"
        "file = io.BytesIO()\nplt.plot([1, 2]); plt.savefig(file, dpi=150); plt.close()\n"
        "table = {'columns': ['x', 'y'], 'rows': [[0, 1], [1, 2]]}\n"
        "about = {'alt': 'a line', 'caption': 'A median line', 'width': 640, 'table': table}\n"
        "about = {'image/png': about}\n"
        "display(Image(file.getvalue()), metadata=about)"
    )
    write_book(
        root / "notebooks" / "good.ipynb",
        f"# Good {ATTACK}\n\nHow long? {ATTACK}",
        ("parameters", f"label = {ATTACK!r}  # what is shown"),
        "## Picture",
        picture,
        "## Table",
        emit(html=f"<table class='journey'><tr>{rows}</tr></table>{ATTACK}", plain="t"),
        "print('w' * 300)",
        ("answer", emit(finding={"findings": [finding, *groups]}, plain="f")),
    )
    write_book(root / "notebooks" / "bad.ipynb", "# Bad", f"raise ValueError({ATTACK!r})")
    plan = root / "reports" / "reports.toml"
    plan.parent.mkdir()
    plan.write_text(
        '[[report]]\nid = "good"\nnotebook = "good"\n[[report]]\nid = "bad"\nnotebook = "bad"\n'
    )
    batch = run_batch(read_plan(plan), progress=False)
    assert [o.verdict for o in batch.outcomes] == ["ok", "failed"]
    return plan.parent


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", ["index", "good", "bad"])
def test_a_page_opens_without_network(browser: Any, reports: Path, name: str, width: int) -> None:
    visit = Visit(browser, reports / f"{name}.html", width)
    assert visit.others() == []
    assert visit.complaints == []
    assert "owned" not in visit.page.title() or ATTACK in visit.page.title()
    assert visit.page.evaluate("document.title") != "owned"
    # wide tables scroll in a box of their own, the page does not
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.page.locator("h1").count() == 1
    assert visit.page.locator("img:not([alt])").count() == 0


def test_the_attack_is_there_to_read(browser: Any, reports: Path) -> None:
    for name in ("index", "good", "bad"):
        assert ATTACK in Visit(browser, reports / f"{name}.html", 1280).page.inner_text("main")


def test_pictures_are_shown(browser: Any, reports: Path) -> None:
    page = Visit(browser, reports / "good.html", 1280).page
    assert page.evaluate("document.querySelector('figure img').naturalWidth") > 300
    assert page.get_by_alt_text("a line").bounding_box()["width"] == 640


def test_one_button_shows_all_code(browser: Any, reports: Path) -> None:
    page = Visit(browser, reports / "good.html", 1280).page
    code = page.get_by_text("plt.savefig")
    assert not code.is_visible()
    page.get_by_role("button", name="Show code").press("Enter")
    assert code.is_visible()
    page.get_by_role("button", name="Hide code").click()
    assert not code.is_visible()


def test_code_unfolds_without_script(browser: Any, reports: Path) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto((reports / "good.html").as_uri())
    page.locator("details.jr-code summary").first.click()
    assert page.get_by_text("plt.savefig").is_visible()
    assert not page.locator("#jr-toggle").is_visible()


def test_the_keyboard_reaches_the_content_and_the_index_leads_to_the_report(
    browser: Any, reports: Path
) -> None:
    visit = Visit(browser, reports / "index.html", 1280)
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.className") == "jr-skip"
    visit.page.locator(".jr-section h3 a").last.click()
    assert visit.page.url.endswith("/good.html")
    visit.page.get_by_role("link", name="All reports").click()
    assert visit.page.url.endswith("/index.html")
    visit.page.get_by_role("link", name="Good").first.click()
    visit.page.get_by_role("link", name="The executed notebook").evaluate("a => a.href")
    assert visit.complaints == []


def test_links_of_a_page_lead_to_files(browser: Any, reports: Path) -> None:
    run = next((reports / "runs" / "good").glob("*/report.html"))
    for page in (reports / "good.html", run, reports / "bad.html", reports / "index.html"):
        links = Visit(browser, page).page.eval_on_selector_all(
            "a:not([download])", "all => all.map(a => a.href)"
        )
        files = [link.split("#")[0].removeprefix("file://") for link in links]
        assert files and all(Path(f).is_file() for f in files)


def test_the_numbers_behind_a_picture_unfold_and_can_be_taken(browser: Any, reports: Path) -> None:
    visit = Visit(browser, reports / "good.html")
    fold = visit.page.locator("details.jr-data")
    assert not fold.get_by_role("table").is_visible()
    fold.locator("summary").press("Enter")
    assert fold.get_by_role("table").is_visible()
    with visit.page.expect_download() as download:
        fold.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename == "a-median-line.csv"
    assert Path(download.value.path()).read_text() == "x,y\n0,1\n1,2"
    assert visit.complaints == []


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_a_word_opens_its_meaning_by_keyboard_and_by_touch(
    browser: Any, reports: Path, width: int
) -> None:
    visit = Visit(browser, reports / "good.html", width)
    word = visit.page.get_by_role("button", name="median", exact=True)
    meaning = visit.page.get_by_text("The time by which half").first
    assert not meaning.is_visible()
    word.press("Enter")
    assert meaning.is_visible()
    box = visit.page.locator(".jr-meaning:popover-open").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    visit.page.keyboard.press("Escape")
    assert not meaning.is_visible()
    word.click()
    assert meaning.is_visible()
    visit.page.locator("h1").click()
    assert not meaning.is_visible()
    assert visit.complaints == []


def test_every_control_of_a_page_shows_when_it_has_the_focus(browser: Any, reports: Path) -> None:
    page = Visit(browser, reports / "good.html").page
    controls = page.locator("main :is(a, button, summary, [tabindex='0'])").count()
    seen = set()
    for _ in range(controls + 8):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "(e => [e.outerHTML.slice(0, 200), getComputedStyle(e).outlineStyle, e.tagName])"
            "(document.activeElement)"
        )
        if outline[2] == "BODY":
            break
        assert outline[1] != "none", outline[0]
        seen.add(outline[0])
    assert len(seen) >= controls // 2


def test_print_leaves_the_chrome_out(browser: Any, reports: Path) -> None:
    page = Visit(browser, reports / "good.html", 800).page
    page.emulate_media(media="print")
    assert not page.locator("#jr-toggle").is_visible()
    assert not page.locator("details.jr-code").first.is_visible()
    assert not page.locator("details.jr-data").first.is_visible()
    assert page.locator("h1").is_visible()
    assert page.get_by_role("heading", name="Words used here").is_visible()
    assert page.locator("figure img").is_visible()
