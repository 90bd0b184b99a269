"""The page: answer first, one heading of the first level, pictures that speak, nothing remote."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import threading
from html import escape
from typing import Any

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import journeylib as jl
from journeylib.findings import finding
from journeylib.reporting.cards import cards, interval_text, value_text
from journeylib.reporting.records import RunRecord
from journeylib.reporting.render import render
from journeylib.reporting.sanitise import clean, visible
from journeylib.reporting.story import split_heading

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
FINDING = "application/vnd.journey.finding+json"
FINDINGS = (
    {"name": "bought within 30 days", "value": 14.01, "low": 12.93, "high": 15.18, "unit": "%",
     "n": 3647, "events": 511, "group": "Type A"},
    {"name": "bought within 30 days", "value": 4.98, "low": 3.03, "high": 8.13, "unit": "%",
     "n": 301, "events": 15, "group": "Type C"},
    {"name": "median time", "value": None, "low": None, "high": None, "unit": "days", "n": 5657},
    {"name": "hazard ratio", "value": 0.4642, "low": 0.382, "high": 0.564, "scale": "log"},
)  # fmt: skip
RECORD = RunRecord(
    "r", "20260101T000000000Z-abcdef", title="When do they buy?", question="How **soon**?",
    group="Shop", notebook="notebooks/x.ipynb", parameters={"days": 30, "by": None},
    started="2026-01-05T10:00:00+00:00", findings=FINDINGS, rerun="journey run x -p days=30",
    provenance={"window": {"start": "2017-01-01", "cutoff": "2017-12-31"},
                "data": {"fingerprint": "ab" * 32}, "versions": {"pandas": "2.3.3"}},
)  # fmt: skip


def shown(mime: str, data: Any, **metadata: Any) -> Any:
    return new_output("display_data", {"text/plain": "p", mime: data}, metadata=metadata)


def code(text: str, *outputs: Any, tag: str | None = None) -> Any:
    cell = new_code_cell(text, outputs=list(outputs))
    if tag:
        cell.metadata["tags"] = [tag]
    return cell


def book() -> Any:
    about = {"width": 640, "alt": "A rises to 14%", "caption": "By type, A < B"}
    return new_notebook(
        cells=[
            new_markdown_cell("# Title of the notebook\n\nA question?\n\nThe rest of it."),
            code("days = 30  # horizon, days\nby = None  # groups", tag="parameters"),
            code("days = 30", tag="injected-parameters"),
            code("import journeylib as jl"),
            new_markdown_cell("# A heading too high\n\nProse with [a paper](https://example.org)."),
            code("first = 1"),
            code("plot()", shown("image/png", PNG, **{"image/png": about})),
            new_markdown_cell("## Same\n\n#### Too deep"),
            code("t", shown("text/html", "<table class='journey'><caption>C</caption></table>")),
            new_markdown_cell("## Same"),
            code("secret_helper()", shown("text/plain", "kept"), tag="hide-input"),
            code("gone()", shown("text/plain", "removed output"), tag="remove"),
            code("loud()", shown("text/plain", "hidden output"), tag="hide-output"),
            code("warn()", new_output("stream", name="stderr", text="a \x1b[31mwarning\x1b[0m")),
            new_markdown_cell("## The answer"),
            code("jl.findings()", shown(FINDING, {"findings": list(FINDINGS)}), tag="answer"),
            new_markdown_cell("## Provenance"),
            code("jl.provenance(log)", tag="provenance"),
        ]
    )


@pytest.fixture(scope="module")
def html() -> str:
    return render(RECORD, book())


@pytest.fixture(scope="module")
def page(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def test_one_first_heading_and_no_level_is_skipped(page: BeautifulSoup) -> None:
    assert [h.get_text() for h in page.find_all("h1")] == ["When do they buy?"]
    levels = [int(h.name[1]) for h in page.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


def test_the_order_is_title_question_findings_story_provenance(html: str) -> None:
    words = ["<h1>When do they buy?", "How <strong>soon</strong>?", "What we found", "12.9 to 15.2",
             "The rest of it.", 'id="a-heading-too-high"', "data:image/png", 'id="the-answer"',
             'id="provenance"', "journey run x -p days=30"]  # fmt: skip
    places = [html.index(w) for w in words]
    assert places == sorted(places)


def test_findings_are_cards_with_interval_and_who_was_counted(page: BeautifulSoup) -> None:
    answer = page.find("section", class_="jr-answer").get_text(" ", strip=True)
    assert "14.0%" in answer and "12.9 to 15.2" in answer and "3,647 counted, 511 events" in answer
    assert "5.0%" in answer and "3.0 to 8.1" in answer
    assert "median time not reached" in answer
    assert "0.46" in answer and "0.38 to 0.56" in answer


def test_the_story_leaves_machinery_out_and_folds_code(page: BeautifulSoup) -> None:
    story = page.find("article")
    for gone in ("Title of the notebook", "A question?", "Provenance", "removed output", "gone()",
                 "hidden output", "secret_helper", "injected"):  # fmt: skip
        assert gone not in story.get_text()
    assert "kept" in story.get_text()
    for fold in story.find_all("details", class_="jr-code"):
        assert not fold.has_attr("open")
        assert fold.find("summary")
    texts = [f.get_text() for f in story.find_all("details", class_="jr-code")]
    assert any("first = 1" in t and "plot()" in t for t in texts)
    for cell in story.find_all("pre"):
        assert cell.find_parent("details") or "kept" in cell.get_text()


def test_a_picture_has_its_words(page: BeautifulSoup) -> None:
    figure = page.find("figure")
    assert figure.img["alt"] == "A rises to 14%"
    assert figure.img["width"] == "640"
    assert figure.figcaption.get_text() == "By type, A < B"


def test_tables_scroll_in_a_box_that_can_be_reached(page: BeautifulSoup) -> None:
    for table in page.find_all("table"):
        box = table.find_parent(class_="jr-scroll")
        assert box["tabindex"] == "0" and box["role"] == "region" and box["aria-label"]
        for cell in table.find_all("th"):
            assert cell.get("scope") in ("col", "row")


def test_contents_lead_to_sections_of_their_own(page: BeautifulSoup) -> None:
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = [a["href"][1:] for a in page.find("nav", class_="jr-toc").find_all("a")]
    assert links == [
        *("a-heading-too-high", "same", "same-2", "the-answer", "words", "provenance"),
    ]
    assert set(links) <= set(ids)
    assert page.find("a", class_="jr-skip")["href"] == "#main"


def test_parameters_are_told_with_their_meaning(page: BeautifulSoup) -> None:
    text = page.find("footer").get_text(" ", strip=True)
    assert "days 30 horizon, days" in text
    assert "by none groups" in text
    assert "31 December 2017" in text and "pandas 2.3.3" in text


def test_nothing_is_loaded_from_anywhere(html: str, page: BeautifulSoup) -> None:
    for name in ("src", "srcset", "data", "poster", "action", "background"):
        assert all(t[name].startswith("data:image/") for t in page.find_all(attrs={name: True}))
    assert not page.find_all(["link", "iframe", "object", "embed", "base"])
    assert not re.search(r"url\(|@import", html)
    assert [a["href"] for a in page.find_all("a") if "//" in a["href"]] == ["https://example.org"]
    assert len(page.find_all("script")) == 1


def test_the_policy_names_the_page_s_own_script_and_style(page: BeautifulSoup) -> None:
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in policy
    for name, found in (
        ("script-src", page.find_all("script")),
        ("style-src", page.find_all("style")),
    ):
        (element,) = found
        digest = base64.b64encode(hashlib.sha256(element.string.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert not page.find_all(style=True)
    assert not [t for t in page.find_all(True) if any(k.startswith("on") for k in t.attrs)]


def test_a_notebook_without_findings_or_text_has_a_page() -> None:
    record = RunRecord("r", "1", title="T", started="2026-01-05T10:00:00+00:00")
    for cells in ([], [code("1", shown("text/plain", "one"))], [new_markdown_cell("")]):
        page = BeautifulSoup(render(record, new_notebook(cells=cells)), "html.parser")
        assert len(page.find_all("h1")) == 1
        assert "What we found" not in page.get_text()


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>1</script>'>x</a>",
    "<img src='https://example.org/x.png'>",
    "<img src='data:text/html;base64,AAAA'>",
    "<p style='background:url(https://example.org)'>x</p>",
    "<style>@import 'https://example.org'</style>",
    "<iframe src='https://example.org'></iframe>",
    "<math><mtext></p><img src=x onerror=alert(1)>",
    "<form action='https://example.org'><input></form>",
    "<base href='https://example.org/'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<div class='jr-notice'>trust me</div><div id='main'>x</div>",
    "<!--><script>alert(1)</script>-->",
    "<svg><script href='data:,alert(1)'/></svg>",
    "<<script>alert(1)//<</script>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_html_from_outputs_can_neither_run_nor_load(attack: str) -> None:
    for mime in ("text/html", "text/markdown"):
        cells = [new_markdown_cell("# T"), code("x", shown(mime, f"before {attack} after"))]
        record = RunRecord("r", "1", title=attack, question=attack, group=attack)
        page = BeautifulSoup(render(record, new_notebook(cells=cells)), "html.parser")
        story = page.find("article")
        allowed = (
            "p a b i em strong div section details summary h2 h3 code pre img span ul li table"
        )
        names = {t.name for t in story.find_all(True)}
        assert names <= set(allowed.split()), names
        for tag in page.find("main").find_all(True):
            assert not any(k.startswith("on") or k == "style" for k in tag.attrs)
            assert not str(tag.get("href", "#")).lower().strip().startswith(("java", "data"))
            assert str(tag.get("src", "data:image/")).startswith("data:image/")
        assert not story.find(class_="jr-notice")
        assert not story.find(id="main")
        assert len(page.find_all("script")) == 1
        assert page.find("h1").get_text() == attack


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("../../../second-purchase.html", True),
        ("../../../../etc/passwd", False),
        ("../../../x.html?y", False),
        ("../../../x/y.html", False),
        ("second-purchase.html", False),
        ("/second-purchase.html", False),
        ("file:///x.html", False),
        ("../../../javascript:x.html", False),
    ],
)
def test_a_table_may_lead_to_the_reports_beside_it_and_to_no_other_file(
    address: str, kept: bool
) -> None:
    frame = pd.DataFrame({"id": [1], "report": ["<b>"], "to": [address]})
    html = clean(jl.show(frame, "Reports", {"report": "to"})._repr_html_())
    link = BeautifulSoup(html, "html.parser").find("td").find("a")
    assert (link is not None and link.get("href") == address) == kept
    assert "&lt;b&gt;" in html and '<th scope="col">to</th>' not in html


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=60))
def test_text_passes_the_sanitiser_as_the_text_it_is(text: str) -> None:
    seen = BeautifulSoup(clean(escape(text)), "html.parser").get_text()
    assert seen == visible(text)


def test_the_sanitiser_may_be_used_by_several_threads() -> None:
    html = "<table class='journey'>" + "<tr><th>a</th><td><b>1</b></td></tr>" * 50 + "</table>"
    expected, wrong = clean(html), []

    def work() -> None:
        for _ in range(20):
            try:
                if clean(html) != expected:
                    wrong.append("differs")
            except Exception as error:
                wrong.append(repr(error))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@given(
    st.lists(st.floats(1e-6, 1e7), min_size=3, max_size=3).map(sorted),
    st.sampled_from(["%", "days", ""]),
    st.sampled_from(["identity", "log"]),
)
def test_a_card_says_what_the_notebook_says(three: list[float], unit: str, scale: str) -> None:
    low, value, high = three
    told = finding("x", value, low, high, unit=unit, scale=scale)
    (mine,) = told._repr_mimebundle_()[FINDING]["findings"]
    assert told.shown == f"{value_text(mine)} (95% interval {interval_text(mine)})"


@pytest.mark.parametrize(
    ("low", "value", "high", "unit", "shown_value", "interval", "places"),
    [
        (12.93, 14.01, 15.18, "%", "14.0%", "12.9 to 15.2", (12.93, 14.01, 15.18)),
        (0.382, 0.4642, 0.564, "", "0.46", "0.38 to 0.56", None),
        (180.0, 180.0, 180.0, "days", "180 days", "180 to 180", None),
        (8.499, 17.08, 32.63, "", "17", "8 to 33", None),
        (310.0, None, None, "days", "not reached", "310 to beyond follow-up", None),
        (None, 23570, None, "", "23,570", "", None),
        (None, None, None, "days", "not reached", "", None),
        (0.0, None, 34.21, "%", "between 0% and 34.2%", "", (0.0, None, 34.21)),
        (12.0, None, 34.0, "days", "between 12 and 34 days", "", None),
    ],
)
def test_a_finding_in_words(
    low: float, value: float, high: float, unit: str, shown_value: str, interval: str, places: Any
) -> None:
    (card,) = cards([{"name": "x", "value": value, "low": low, "high": high, "unit": unit}])
    (row,) = card.rows
    assert (row.value, row.interval) == (shown_value, interval)
    assert ((row.left, row.point, row.right) == places) if places else row.point is None


def test_groups_share_a_scale() -> None:
    items = [
        {"name": "x", "value": v, "low": v - 1, "high": v + 1, "unit": "%", "group": g}
        for g, v in (("a", 4.0), ("b", 19.0))
    ]
    (card,) = cards(items)
    assert (card.first, card.last) == ("0%", "20%")
    assert [(r.left, r.point, r.right) for r in card.rows] == [(15, 20, 25), (90, 95, 100)]
    ratios = [
        {"name": "hr", "value": v, "low": v / 2, "high": v * 2, "scale": "log", "group": str(v)}
        for v in (0.5, 2.0)
    ]
    (card,) = cards(ratios)
    assert card.reference == 50
    assert card.rows[0].point + card.rows[1].point == pytest.approx(100)


@pytest.mark.parametrize(
    ("text", "title", "question", "rest"),
    [
        ("# T\n\nWhy?", "T", "Why?", ""),
        ("# T\nWhy\nso?\n\nMore.\n\n- a", "T", "Why so?", "More.\n\n- a"),
        ("Why?\n\nMore.", "", "Why?", "More."),
        ("# T #\n\n## Part\n\nMore.", "T", "", "## Part\n\nMore."),
        ("## Part\n\nWhy?", "", "", "## Part\n\nWhy?"),
        (
            "# T\n\nWho? And **why?** For these reasons.",
            "T",
            "Who? And **why?**",
            "For these reasons.",
        ),
        ("", "", "", ""),
    ],
)
def test_the_first_cell_is_title_question_and_rest(
    text: str, title: str, question: str, rest: str
) -> None:
    assert split_heading(text) == (title, question, rest)


def test_the_notebook_is_not_changed_by_its_page() -> None:
    notebook = book()
    before = nbformat.writes(notebook)
    render(RECORD, notebook)
    assert nbformat.writes(notebook) == before


NOTE = "application/vnd.journey.note+json"


def headings(soup: BeautifulSoup) -> list[str]:
    told = [h.get_text(strip=True) for h in soup.select(".jr-story h2")]
    return [text for text in told if text != "Words used here"]


def noted(text: str) -> Any:
    return new_output("display_data", {"text/plain": text, NOTE: {"note": text}})


def test_a_section_that_only_notes_something_is_one_line_at_the_end() -> None:
    cells = [
        new_markdown_cell("# T"),
        new_markdown_cell("## Who is faster\n\nThe groups side by side."),
        code("plot()", noted("No *groups* were asked for.")),
        code("test = None"),
        new_markdown_cell("## By how much"),
        code("a", shown("text/plain", "a number")),
        code("b", noted("A note beside it stays.")),
        new_markdown_cell("## What goes along"),
        code("c", noted("No formula.")),
    ]
    soup = BeautifulSoup(render(RECORD, new_notebook(cells=cells)), "html.parser")
    assert headings(soup) == ["By how much", "Not in this report"]
    told = [item.get_text() for item in soup.select(".jr-story li") if item.strong]
    assert told == ["Who is faster: No *groups* were asked for.", "What goes along: No formula."]
    story = soup.select_one(".jr-story").get_text()
    assert "side by side" not in story and "stays." in story


def test_a_section_whose_code_shows_nothing_is_left_out_unless_it_has_prose() -> None:
    cells = [
        new_markdown_cell("# T"),
        new_markdown_cell("## Faults\n\nThey are looked for."),
        code("biases = 1"),
        new_markdown_cell("## Beside the truth"),
        code("jl.beside_truth(log, answer)"),
    ]
    soup = BeautifulSoup(render(RECORD, new_notebook(cells=cells)), "html.parser")
    assert headings(soup) == ["Faults"]


def test_a_note_of_the_notebook_says_that_it_is_one() -> None:
    bundle = jl.note("No groups <b>.")._repr_mimebundle_()
    assert bundle[NOTE] == {"note": "No groups <b>."} and "&lt;b&gt;" in bundle["text/html"]
    assert bundle["text/plain"] == "No groups <b>."
