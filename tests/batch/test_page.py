"""What surrounds the story: change since the last run, estimand, ledger, numbers, words, gate."""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from books import write_book
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from journeylib.reporting import access
from journeylib.reporting.facts import facts
from journeylib.reporting.figures import MOST_ROWS, Twin, as_csv
from journeylib.reporting.outline import outline
from journeylib.reporting.records import LEDGER_MIME, RunRecord
from journeylib.reporting.render import render
from journeylib.reporting.sanitise import visible
from journeylib.reporting.story import ESTIMAND_MIME
from journeylib.revision import revision

SHARE = {"name": "bought within 30 days", "unit": "%", "value": 37.5, "low": 36.9, "high": 38.1,
         "std_err": 0.3, "n": 23570, "events": 8800, "better": "higher"}  # fmt: skip
RECORD = RunRecord(
    "r", "20260201T000000000Z-b", title="When?", started="2026-02-01T10:00:00+00:00",
    parameters={"journey": "shop"}, fingerprint="b" * 64, findings=(SHARE,),
    provenance={"data": {"journey": "Shop", "fingerprint": "b" * 64, "events kept": 200},
                "window": {"start": "2025-01-01", "cutoff": "2026-01-31"}},
)  # fmt: skip
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
ATTACK = '"><img src=x onerror=alert(1)>'


def page_of(record: RunRecord, *cells: Any, before: RunRecord | None = None) -> BeautifulSoup:
    return BeautifulSoup(render(record, new_notebook(cells=list(cells)), before), "html.parser")


def shown(mime: str, data: Any, **about: Any) -> Any:
    output = new_output("display_data", {"text/plain": "p", mime: data}, metadata={mime: about})
    return new_code_cell("x", outputs=[output])


# ---- since the earlier run ----------------------------------------------------------------------


def earlier(value: float, reach: float = 0.6, **changes: Any) -> RunRecord:
    old = {**SHARE, "value": value, "low": value - reach, "high": value + reach, "n": 20000,
           "events": 7400, "std_err": reach / 1.96}  # fmt: skip
    about = {"data": {"journey": "Shop", "fingerprint": "a" * 64, "events kept": 150},
             "window": {"start": "2025-01-01", "cutoff": "2025-12-31"}}  # fmt: skip
    return replace(RECORD, run_id="20260101T000000000Z-a", started="2026-01-01T10:00:00+00:00",
                   fingerprint="a" * 64, findings=(old,), provenance=about, **changes)  # fmt: skip


@pytest.mark.parametrize(
    ("old", "sign", "size", "verdict"),
    [(34.0, "▲", "3.5", "beyond noise"), (40.0, "▼", "2.5", "beyond noise"),
     (37.4, "▲", "points", "within noise")],
)  # fmt: skip
def test_a_card_says_how_it_moved_and_whether_chance_moves_as_much(
    old: float, sign: str, size: str, verdict: str
) -> None:
    page = page_of(RECORD, before=earlier(old))
    since = page.find(class_="jr-since").get_text(" ", strip=True)
    assert sign in since and size in since and verdict in since
    assert ("jr-moved" in page.find(class_="jr-since")["class"]) == (verdict == "beyond noise")
    assert "against the run of 1 January 2026" in page.find(class_="jr-answer-head").get_text()


def test_the_first_run_says_that_there_is_none_before() -> None:
    page = page_of(RECORD)
    assert "no earlier run to compare with" in page.find(class_="jr-answer-head").get_text()
    assert not page.find(class_="jr-since")


# ---- estimand, ledger, banner -------------------------------------------------------------------


def check(verdict: str, assumption: str = "ties are few", kind: str = "") -> dict[str, str]:
    return {"assumption": assumption, "verdict": verdict, "seen": f"seen {ATTACK}",
            "follows": f"follows {verdict}", "kind": kind}  # fmt: skip


def book_with_ledgers() -> list[Any]:
    estimand = {"rows": [["population", f"mailed {ATTACK}"], ["origin", "first mail"]]}
    biases = {"checks": [check("passed", "clean"), check("failed", "no leak", "overruled")]}
    every = {"checks": [*biases["checks"], check("warned", "few ties"), check("unheard of")]}
    return [
        new_markdown_cell("# T\n\nWhy?"),
        new_markdown_cell("## What is estimated"),
        shown(ESTIMAND_MIME, estimand),
        new_markdown_cell("## Bias"),
        shown(LEDGER_MIME, biases),
        new_markdown_cell("## What would make this wrong"),
        shown(LEDGER_MIME, every),
    ]


def test_the_estimand_stands_at_the_top_and_not_in_the_story() -> None:
    page = page_of(RECORD, *book_with_ledgers())
    card = page.find("section", class_="jr-estimand")
    assert [d.get_text() for d in card.find_all("dt")] == ["population", "origin"]
    assert card.find("dd").get_text() == f"mailed {ATTACK}"
    assert "What is estimated" not in page.find("article").get_text()
    assert str(page).index("jr-estimand") < str(page).index("jr-story")


def test_assumptions_are_told_at_the_top_the_failed_first_and_each_once() -> None:
    page = page_of(RECORD, *book_with_ledgers())
    sure = page.find("section", class_="jr-sure")
    assert (
        sure.find(class_="jr-tally").get_text(" ", strip=True)
        == "✕ 1 failed ! 1 with care ✓ 1 passed"
    )
    items = [li.get_text(" ", strip=True) for li in sure.find_all("li")]
    assert items[0].startswith("no leak (failed, and overruled)") and "few ties" in items[1]
    assert len(items) == 2
    (link,) = sure.find_all("a")
    target = page.find(id=link["href"][1:])
    assert "few ties" in target.get_text() and "✕ overruled" in target.get_text(" ", strip=True)
    assert [th.get("scope") for th in target.find_all("th")] == ["col"] * 4 + ["row"] * 3


def test_simulated_data_are_called_so() -> None:
    data = {"data": {"journey": "Shop", "simulated": True}}
    assert "No customer" in page_of(replace(RECORD, provenance=data)).find(class_="jr-banner").text
    assert not page_of(RECORD).find(class_="jr-banner")


# ---- the numbers behind a picture ---------------------------------------------------------------


def figure(table: Any) -> Any:
    about = {"alt": f"rises {ATTACK}", "caption": f"By day {ATTACK}", "width": 640, "table": table}
    return page_of(RECORD, shown("image/png", PNG, **about)).find("figure")


def test_behind_a_picture_stand_its_numbers_to_read_and_to_take() -> None:
    rows = [["=SUM(A1)", 1, 0.14], [ATTACK, 2, None], ["a, b\n", 30, -0.5]]
    found = figure({"columns": ["group", "day", "share<"], "rows": rows})
    fold = found.find("details", class_="jr-data")
    assert not fold.has_attr("open")
    cells = [[c.get_text() for c in tr.find_all(["th", "td"])] for tr in fold.find_all("tr")]
    assert cells == [["group", "day", "share<"], ["=SUM(A1)", "1", "0.14"], [ATTACK, "2", "–"],
                     ["a, b\n", "30", "-0.5"]]  # fmt: skip
    link = fold.find("a", attrs={"download": True})
    assert link["download"].endswith(".csv")
    kind, coded = link["href"].split(",")
    assert kind == "data:text/csv;base64"
    read = list(csv.reader(io.StringIO(base64.b64decode(coded).decode())))
    assert read[1:] == [["'=SUM(A1)", "1", "0.14"], [ATTACK, "2", ""], ["a, b\n", "30", "-0.5"]]
    assert not found.find_all(["script", "svg"]) and len(found.find_all("img")) == 1


@pytest.mark.parametrize(
    "table",
    [None, 3, {}, {"columns": ["a"], "rows": []}, {"columns": [], "rows": [[1]]},
     {"columns": ["a"], "rows": [[1, 2], "xy"]}, {"columns": 1, "rows": [[1]]}],
)  # fmt: skip
def test_a_picture_whose_numbers_cannot_be_read_is_shown_without(table: Any) -> None:
    found = figure(table)
    assert found.img and not found.find("details")


def test_a_page_holds_no_more_rows_than_it_can_carry() -> None:
    twin = Twin.read({"columns": ["a"], "rows": [[k] for k in range(10 * MOST_ROWS)]})
    assert twin is not None and len(twin.rows) == MOST_ROWS


WRITTEN = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from('=+-@\0,"\n'))


@given(st.lists(st.tuples(WRITTEN, st.floats(allow_nan=False)), min_size=1, max_size=5))
def test_no_text_in_a_csv_is_a_formula(rows: list[tuple[str, float]]) -> None:
    text = as_csv(Twin(("name", "value"), tuple(rows)))
    read = list(csv.reader(io.StringIO(text, newline="")))[1:]
    for (name, value), (told, number) in zip(rows, read, strict=True):
        mark = "'" if name.startswith(("=", "+", "-", "@")) else ""
        assert told == (mark + name).replace("\0", "\ufffd")
        assert float(number) == value


# ---- words explained ----------------------------------------------------------------------------


def test_a_word_is_explained_where_it_first_appears_and_at_the_end() -> None:
    text = "## The median\n\nA `median` is here: the median. A hazard ratio. The median again."
    page = page_of(replace(RECORD, findings=()), new_markdown_cell("# T"), new_markdown_cell(text))
    buttons = page.find("article").find_all("button", class_="jr-term")
    assert [b.get_text() for b in buttons] == ["median", "hazard ratio"]
    for button in buttons:
        meaning = page.find(id=button["popovertarget"])
        assert meaning.has_attr("popover") and button.find_next_sibling() is meaning
    listed = [dt.get_text() for dt in page.find("section", class_="jr-words").find_all("dt")]
    assert listed == ["hazard ratio", "median"]


@given(st.text(st.sampled_from("medianhazrdtio <>&'\"()=p.0"), max_size=60))
def test_explaining_leaves_every_letter_in_its_place(text: str) -> None:
    soup = BeautifulSoup("<p></p>", "html.parser")
    soup.p.string = text
    made = BeautifulSoup(outline(str(soup)).html, "html.parser")
    for meaning in made.find_all(class_="jr-meaning"):
        meaning.decompose()
    assert made.get_text() == text


# ---- text that is no text -----------------------------------------------------------------------


def test_marks_that_turn_lines_around_and_null_bytes_are_seen() -> None:
    record = replace(RECORD, title="a\0b\u202etxt.exe\u2066x\x1b")
    html = render(record, new_notebook())
    assert "<h1>a\ufffdb\ufffdtxt.exe\ufffdx\ufffd</h1>" in html
    assert visible("שלום \u200f עולם\n\t") == "שלום \u200f עולם\n\t"


def test_a_name_of_ten_thousand_letters_is_there_to_read() -> None:
    long = "x" * 10_000
    finding = {**SHARE, "name": long}
    groups = [{**SHARE, "name": "by", "group": long + str(k)} for k in range(2)]
    page = page_of(replace(RECORD, findings=(finding, *groups)))
    assert page.find("h3").get_text() == long and page.find("h3").find(class_="jr-long")
    assert long + "1" in page.find("table", class_="jr-findings").get_text()


def test_a_word_that_would_fill_the_screen_is_cut_off_in_sight_and_whole_in_the_page() -> None:
    html = f"<p>before {'y' * 5000} after</p><pre>{'z' * 5000}</pre><p>{'short ' * 900}</p>"
    soup = BeautifulSoup(outline(html).html, "html.parser")
    assert [span.get_text() for span in soup.find_all(class_="jr-long")] == [
        f"before {'y' * 5000} after"
    ]
    assert soup.get_text() == BeautifulSoup(html, "html.parser").get_text()


def test_a_table_of_words_is_told_row_under_row_on_a_phone_and_one_of_numbers_is_not() -> None:
    heads = "".join(f"<th>{head}</th>" for head in ("report", "finding", "value", "who"))
    words = f"<table><thead><tr>{heads}</tr></thead><tbody><tr><th>a</th>{'<td>b</td>' * 3}</tr>"
    numbers = words.replace("<td>", "<td class='num'>")
    one, other = BeautifulSoup(outline(words + "</table>" + numbers).html, "html.parser")("table")
    assert one["class"] == ["jr-stack"] and not other.get("class")
    assert [td["data-head"] for td in one("td")] == ["finding", "value", "who"]


# ---- where it comes from ------------------------------------------------------------------------


def test_provenance_names_the_commit_and_whether_files_differ() -> None:
    dirty = {"revision": "33d2f3d6e4f9e5d9a02d3167ba5976e6c8f86a3f", "dirty": True}
    told = dict(dict(facts(replace(RECORD, git=dirty, seconds=4.2)))["Run"])
    assert told["git revision"] == "33d2f3d6e4f9, with changes that are not committed"
    assert told["took"] == "4.2 s"
    told = dict(dict(facts(replace(RECORD, git={**dirty, "dirty": False})))["Run"])
    assert told["git revision"] == "33d2f3d6e4f9"
    assert "none" in dict(dict(facts(RECORD))["Run"])["git revision"]


def test_a_folder_outside_git_has_no_revision(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert revision(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert revision(Path(__file__).parent) is None


def test_the_revision_is_git_s_own(tmp_path: Path) -> None:
    import subprocess

    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return run.stdout.strip()

    git("init", "--quiet")
    assert revision(tmp_path) is None
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "--quiet", "--message", "one")
    found = revision(tmp_path)
    assert found is not None and (found.commit, found.dirty) == (git("rev-parse", "HEAD"), False)
    (tmp_path / "new.py").write_text("2")
    assert revision(tmp_path).record == {"revision": found.commit, "dirty": True}


# ---- the gate -----------------------------------------------------------------------------------

SOUND = "<html lang='en'><title>T</title><h1>T</h1>{}</html>"


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<html><title>T</title><h1>T</h1></html>", "names no language"),
        ("<html lang='en'><h1>T</h1></html>", "has no title"),
        ("<html lang='en'><title> </title><h1>T</h1></html>", "has no title"),
        ("<html lang='en'><title>T</title></html>", "has 0 headings of the first level"),
        (SOUND.format("<h1>U</h1>"), "has 2 headings of the first level"),
        (SOUND.format("<h2>A</h2><h4>B</h4>"), "heading 'B' is of level 4 after level 2"),
        (SOUND.format("<h2>A</h2><img src='data:,'>"), "picture 1, under 'A', has no words"),
        (SOUND.format("<img src='data:,' alt=' '>"), "picture 1, under 'T', has no words"),
        (SOUND.format("<table><tr><td>1</td></tr></table>"), "has no header cells"),
        (SOUND.format("<table><tr><th>1</th></tr></table>"), "has no scope"),
        (SOUND.format("<a href='#x'></a><p id='x'></p>"), "an element <a>, under 'T', is empty"),
        (SOUND.format("<h2></h2>"), "a heading, under 'T', is empty"),
        (SOUND.format("<p id='a'></p><p id='a'></p>"), "the id 'a' occurs 2 times"),
        (SOUND.format("<a href='#away'>x</a>"), "no place 'away' to go to"),
        (SOUND.format("<p aria-labelledby='away'>x</p>"), "no place 'away' to go to"),
    ],
)
def test_a_fault_is_named_with_its_place(html: str, fault: str) -> None:
    (found,) = access.faults(html)
    assert fault in found
    with pytest.raises(access.PageError, match="1 fault keeps some readers out"):
        access.require(html)


def test_a_sound_page_has_no_fault() -> None:
    parts = "<h2 id='a'>A</h2><h3>B</h3><h2>C</h2><a href='#a'>to A</a><img src='data:,' alt='a'>"
    table = "<table><caption>c</caption><tr><th scope='col'>x</th></tr></table><button>b</button>"
    link = "<a href='https://example.org'><img src='data:,' alt='a picture is its name'></a>"
    assert access.faults(SOUND.format(parts + table + link)) == []


def test_a_report_with_a_picture_without_words_fails_and_says_what_to_do(tmp_path: Path) -> None:
    from journeylib.reporting import run

    code = (
        "from IPython.display import Image\nimport base64\n"
        f"Image(base64.b64decode({PNG!r}), format='png')"
    )
    book = write_book(tmp_path / "notebooks" / "dumb.ipynb", "# Dumb", "## Part", code)
    record = run(book, output=tmp_path / "reports", progress=False)
    assert record.verdict == "failed" and record.error.name == "PageError"
    assert "picture 1, under 'Part', has no words" in record.error.message
    assert "describe(ax, alt, caption)" in record.error.message
    page = (record.folder / "report.html").read_text()
    assert "has no words" in page and not access.faults(page)
