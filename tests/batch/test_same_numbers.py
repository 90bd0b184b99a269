"""A notebook opened in JupyterLab and its page say the same numbers."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup

NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?%?")
REPORTS = ("coupon-by-campaign-type", "second-purchase", "complete-journey-churn", "journey-map")
OWN = "application/vnd.journey."


def readable(html: str) -> str:
    """The text of some HTML without the meanings that a page adds to words."""
    soup = BeautifulSoup(html, "html.parser")
    for added in soup.select(".jr-meaning, .jr-anchor, script, style"):
        added.decompose()
    for added in soup.select(".jr-term, .jr-long"):
        added.unwrap()
    soup.smooth()
    return " ".join(soup.get_text(" ").split())


def in_jupyterlab(output: Any) -> str:
    """What JupyterLab shows of an output: HTML before plain text, a picture by its words."""
    data = output.get("data", {})
    if "image/svg+xml" in data:  # its HTML is the picture itself, with these words
        alt = BeautifulSoup(data["text/html"], "html.parser").img["alt"]
        return " ".join(alt.split())
    if "text/html" in data:
        return readable(data["text/html"])
    if "image/png" in data:
        return " ".join(output.metadata["image/png"]["alt"].split())
    return " ".join(data.get("text/plain", "").split())


def outputs(folder: Path) -> list[tuple[frozenset[str], Any]]:
    book = nbformat.read(folder / "run.ipynb", as_version=4)
    return [
        (frozenset(cell.metadata.get("tags", [])), output)
        for cell in book.cells
        for output in cell.get("outputs", [])
        if output.output_type in ("display_data", "execute_result")
    ]


@pytest.mark.parametrize("report", REPORTS)
def test_the_page_says_every_number_that_the_notebook_says(sample_batch: Any, report: str) -> None:
    plan, batch = sample_batch
    (record,) = [o.record for o in batch.outcomes if o.report_id == report]
    html = (plan.output / f"{report}.html").read_text()
    page = BeautifulSoup(html, "html.parser")
    alts = " ".join(" ".join(i["alt"].split()) for i in page.find_all("img"))
    text = readable(html)
    said = 0
    for tags, output in outputs(record.folder):
        mine = in_jupyterlab(output)
        if "provenance" in tags:
            # dates are written out and hashes cut short
            data = next(d for m, d in output.data.items() if m.startswith(OWN))["data"]
            assert data["fingerprint"][:16] in text and f"{data['events kept']:,}" in text
        elif any(mime.startswith(OWN) for mime in output.data):
            # lifted out and set anew: the same numbers, whatever stands between them
            missing = set(NUMBER.findall(mine)) - set(NUMBER.findall(text))
            assert not missing, (mine, missing)
        elif {"image/png", "image/svg+xml"} & set(output.data):
            assert mine in alts
        else:
            assert mine in text, mine
        said += len(NUMBER.findall(mine))
    assert said > 100


@pytest.mark.parametrize("report", REPORTS)
def test_the_cards_say_the_findings_as_the_notebook_writes_them(
    sample_batch: Any, report: str
) -> None:
    plan, batch = sample_batch
    (record,) = [o.record for o in batch.outcomes if o.report_id == report]
    (lines,) = [o.data["text/plain"] for tags, o in outputs(record.folder) if "answer" in tags]
    html = (plan.output / f"{report}.html").read_text()
    section = BeautifulSoup(html, "html.parser").find("section", class_="jr-answer")
    for meaning in section.select(".jr-meaning"):
        meaning.decompose()
    cards = Counter(NUMBER.findall(section.get_text(" ")))
    values = Counter(
        number
        for line in lines.splitlines()
        for number in NUMBER.findall(line.split(": ", 1)[1])
        if number != "95%"
    )
    assert values and not values - cards
