"""An executed notebook and its record -> one HTML page that needs nothing but itself.

nbconvert turns the cells into HTML with a template of ours and one exporter that
is kept; the page around them is made with escaping switched on. Nothing is
loaded from anywhere, and a Content-Security-Policy lets no script run but the
page's own.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import threading
from collections.abc import Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from journeylib.reporting import story as stories
from journeylib.reporting.cards import cards, counted_text, interval_text, value_text
from journeylib.reporting.records import FINDING_MIME, RunRecord, slug
from journeylib.reporting.sanitise import NO_ALT, clean
from journeylib.reporting.verdicts import headline

TEMPLATES = Path(__file__).parent / "template"
PRIORITY = [
    FINDING_MIME,
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/html",
    "text/markdown",
    "text/latex",
    "text/plain",
]
_one_at_a_time = threading.Lock()


def render(record: RunRecord, notebook: Any) -> str:
    """The page of a run.

    Parameters
    ----------
    record
        Of the run.
    notebook
        Executed; None where there is none to show.

    Returns
    -------
    str
        A whole HTML document. Its links assume that it lies in the run's folder.
    """
    told = stories.tell(notebook, record) if notebook is not None and record.ok else None
    body, toc = _story(told) if told else ("", [])
    question = record.question or (told.question if told else "")
    return fill(
        "report.html.j2",
        record=record,
        question=_markdown(question) if question else "",
        headline=headline(record),
        byline=_byline(record),
        cards=cards(record.findings),
        body=body,
        toc=toc,
        values=stories.values_shown(told, record),
        facts=_facts(record),
    )


def fill(
    template: str,
    style: tuple[str, ...] = ("page.css",),
    behaviour: str = "page.js",
    **context: Any,
) -> str:
    """A page from one of our own templates, with everything escaped that is not marked safe."""
    css, script = "\n".join(_static(name) for name in style), _static(behaviour)
    # a browser hashes the text exactly as it stands between the tags
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src '{_sha256(css)}'; script-src '{_sha256(script)}'"
    )
    page = _pages().get_template(template)
    return str(page.render(css=css, script=script, policy=policy, **context))


def date_text(iso: str) -> str:
    """A date or time in ISO 8601 as people write it.

    Examples
    --------
    >>> date_text("2026-01-05T13:00:00+00:00"), date_text("2017-12-31"), date_text("data")
    ('5 January 2026', '31 December 2017', 'data')
    """
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{when.day} {when:%B %Y}"


def findings_table(output: Mapping[str, Any]) -> str:
    """Findings in their place in the story, as a table with all their numbers."""
    payload = output.get("data", {}).get(FINDING_MIME, {})
    items = [f for f in payload.get("findings", []) if isinstance(f, Mapping)]
    grouped = any(f.get("group") for f in items)
    names = ["finding", *(["group"] if grouped else []), "value", "95% interval", "who was counted"]
    head = "".join(f"<th scope='col'>{n}</th>" for n in names)
    rows = []
    for f in items:
        cells = [str(f.get("group") or "all")] if grouped else []
        cells += [value_text(f), interval_text(f) or "–", counted_text(f)]
        row = f"<th scope='row'>{escape(str(f.get('name', '')))}</th>"
        rows.append(f"<tr>{row}{''.join(f'<td>{escape(c)}</td>' for c in cells)}</tr>")
    return (
        "<table class='journey jr-full'><caption>The findings of this report</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def picture(output: Mapping[str, Any], mime: str) -> str:
    """A picture with the alternative text and caption of its output metadata.

    Examples
    --------
    >>> html = picture({"data": {"image/png": "AAAA"},
    ...                 "metadata": {"image/png": {"alt": "a curve", "caption": "A < B"}}},
    ...                "image/png")
    >>> "alt='a curve'" in html, "<figcaption>A &lt; B</figcaption>" in html
    (True, True)
    """
    about = output.get("metadata", {}).get(mime, {})
    data = output["data"][mime]
    text = "".join(data) if isinstance(data, list) else str(data)
    # an SVG inside an image element can neither run script nor load anything
    coded = base64.b64encode(text.encode()).decode() if mime == "image/svg+xml" else text
    coded = "".join(coded.split())
    caption = str(about.get("caption") or "")
    alt = str(about.get("alt") or caption or NO_ALT)
    size = "".join(
        f" {side}='{int(about[side])}'"
        for side in ("width", "height")
        if isinstance(about.get(side), int | float)
    )
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    image = f"<img src='data:{mime};base64,{escape(coded)}' alt='{escape(alt)}'{size}>"
    return f"<figure>{image}{below}</figure>"


def _story(told: stories.Story) -> tuple[str, list[tuple[str, str]]]:
    """The cells as HTML, and the sections in it as ``(id, text)``."""
    with _one_at_a_time:
        html, _ = _exporter().from_notebook_node(told.notebook)
    intro = f"<div class='jr-prose'>{_markdown(told.intro)}</div>" if told.intro else ""
    return _outlined(intro + html)


def _outlined(html: str) -> tuple[str, list[tuple[str, str]]]:
    """Headings in order below the page's one h1 and with ids; wide tables in a box that scrolls."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    toc: list[tuple[str, str]] = []
    taken = {"main", "findings", "contents", "provenance", "what-failed", "jr-toggle"}
    level = 1
    for heading in soup.find_all(["h1", "h2", "h3", "h4", "h5", "h6"]):
        level = max(2, min(int(heading.name[1]), level + 1))
        heading.name = f"h{level}"
        text = heading.get_text(" ", strip=True)
        name = base = slug(text)
        number = 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        heading["id"] = name
        if level == 2:
            toc.append((name, text))
    for table in soup.find_all("table"):
        caption = table.find("caption")
        label = caption.get_text(" ", strip=True) if caption else "Table"
        box = soup.new_tag("div", attrs={"class": "jr-scroll", "role": "region", "tabindex": "0"})
        box["aria-label"] = label
        table.wrap(box)
    return str(soup), toc


def _byline(record: RunRecord) -> list[str]:
    window = record.provenance.get("window")
    parts = []
    if isinstance(window, Mapping) and window.get("cutoff"):
        start = date_text(str(window["start"])) if window.get("start") else "the first event"
        parts.append(f"Data from {start} to {date_text(str(window['cutoff']))}")
    parts.append(f"{'Computed' if record.ok else 'Tried'} on {date_text(record.started)}")
    return parts


def _facts(record: RunRecord) -> list[tuple[str, list[tuple[str, str]]]]:
    """Provenance as headed lists of name and value."""
    about = record.provenance
    data = _pairs(about.get("data"))
    if record.fingerprint and "fingerprint" not in dict(data):
        data.append(("fingerprint", record.fingerprint))
    window = [(k, date_text(v)) for k, v in _pairs(about.get("window"))]
    run = [
        ("report", record.report_id),
        ("run", record.run_id),
        ("notebook", record.notebook),
        ("started", record.started.replace("T", " ").replace("+00:00", " UTC")),
        ("took", f"{record.seconds:.1f} s"),
        ("run key", record.key[:16]),
    ]
    groups = [
        ("Data", [*data, *window]),
        ("Run", run),
        ("Software", _pairs(about.get("versions")) or _pairs(record.versions)),
    ]
    return [(name, pairs) for name, pairs in groups if pairs]


def _pairs(value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, Mapping):
        return []
    shown = {k: v for k, v in value.items() if isinstance(v, str | int | float) and v != ""}
    return [(str(k).replace("_", " "), _short(str(v))) for k, v in shown.items()]


def _short(text: str) -> str:
    """A long hash by its beginning, which is enough to tell two apart."""
    is_hash = len(text) >= 40 and all(c in "0123456789abcdef" for c in text)
    return f"{text[:16]}…" if is_hash else text


def _markdown(text: str) -> str:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    return clean(MarkdownWithMath(renderer=renderer).render(text))


def _sha256(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@functools.cache
def _static(name: str) -> str:
    return (TEMPLATES / "static" / name).read_text(encoding="utf-8").strip()


@functools.cache
def _pages() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES / "pages"), autoescape=True, undefined=StrictUndefined
    )


@functools.cache
def _exporter() -> Any:
    """The one exporter, with our template and filters; making it takes as long as many pages."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    config = Config()
    config.NbConvertBase.display_data_priority = PRIORITY
    config.HTMLExporter.exclude_anchor_links = True
    exporter = HTMLExporter(
        config=config, extra_template_basedirs=[str(TEMPLATES)], template_name="story"
    )
    for name, function in (
        ("clean", clean),
        ("picture", picture),
        ("findings_table", findings_table),
    ):
        exporter.register_filter(name, function)
    return exporter
