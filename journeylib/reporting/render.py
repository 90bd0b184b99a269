"""An executed notebook and its record -> one HTML page that needs nothing but itself.

nbconvert turns the cells into HTML with a template of ours and one exporter that
is kept; the page around them is made with escaping switched on. Nothing is
loaded from anywhere, and a Content-Security-Policy lets no script run but the
page's own. A page that some readers could not use is refused.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import threading
from pathlib import Path
from typing import Any

from journeylib import glossary
from journeylib.reporting import access, changes
from journeylib.reporting import story as stories
from journeylib.reporting.blocks import SIGNS, WORDS, block
from journeylib.reporting.cards import cards
from journeylib.reporting.facts import byline, date_text, facts
from journeylib.reporting.figures import picture
from journeylib.reporting.outline import Outline, outline, word_html
from journeylib.reporting.records import FINDING_MIME, RunRecord
from journeylib.reporting.sanitise import clean, visible
from journeylib.reporting.verdicts import headline

__all__ = ["date_text", "fill", "picture", "render"]

TEMPLATES = Path(__file__).parent / "template"
PRIORITY = [
    FINDING_MIME,
    stories.LEDGER_MIME,
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/html",
    "text/markdown",
    "text/latex",
    "text/plain",
]
_one_at_a_time = threading.Lock()


def render(record: RunRecord, notebook: Any, before: RunRecord | None = None) -> str:
    """The page of a run.

    Parameters
    ----------
    record
        Of the run.
    notebook
        Executed; None where there is none to show.
    before
        Of the earlier run against which the findings are held; None where there is none.

    Returns
    -------
    str
        A whole HTML document. Its links assume that it lies in the run's folder.

    Raises
    ------
    PageError
        When some readers could not use the page: a picture without words, a heading
        that skips a level, a table without headers.
    """
    told = stories.tell(notebook, record) if notebook is not None and record.ok else None
    made = _story(told) if told else Outline("")
    question = record.question or (told.question if told else "")
    moved = changes.adjust(changes.compare(before, record)) if before is not None else ()
    html = fill(
        "report.html.j2",
        script=("page.js",),
        record=record,
        title=record.title.strip() or record.report_id,
        question=_markdown(question) if question else "",
        headline=headline(record),
        byline=byline(record),
        cards=cards(record.findings, moved),
        ratios=any("hazard ratio" in str(f.get("name", "")).lower() for f in record.findings),
        before=date_text(before.started) if before is not None else "",
        told=told,
        verdict_words=WORDS,
        verdict_signs=SIGNS,
        body=made.html,
        toc=made.contents,
        words=_words_used(made, record),
        explained=_explained,
        values=stories.values_shown(told, record),
        facts=facts(record),
    )
    # the page of a failure is shown whatever it holds
    return access.require(html) if record.ok else html


def fill(
    template: str,
    style: tuple[str, ...] = ("page.css",),
    script: tuple[str, ...] = (),
    **context: Any,
) -> str:
    """A page from one of our own templates, with everything escaped that is not marked safe.

    Parameters
    ----------
    template
        Name of its file.
    style, script
        Files that are put into it; no other style and no other script has any effect.
    """
    css, code = ("\n".join(_static(name) for name in names) for names in (style, script))
    # a browser hashes the text exactly as it stands between the tags
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src '{_sha256(css)}'; script-src '{_sha256(code)}'"
    )
    page = _pages().get_template(template)
    return visible(str(page.render(css=css, script=code, policy=policy, **context)))


def _story(told: stories.Story) -> Outline:
    """The cells as HTML, set in order."""
    with _one_at_a_time:
        html, _ = _exporter().from_notebook_node(told.notebook)
    intro = f"<div class='jr-prose'>{_markdown(told.intro)}</div>" if told.intro else ""
    return outline(intro + html)


def _words_used(made: Outline, record: RunRecord) -> list[glossary.Term]:
    """Words of the field that the page uses, in the order of the alphabet."""
    used = {term.word for term in made.words} | ({"95% interval"} if record.findings else set())
    terms = (term for term in glossary.TERMS if term.word in used)
    return sorted(terms, key=lambda term: term.word.lower())


def _explained(text: str, word: str) -> Any:
    """A text of the page itself with the meaning of a word behind it."""
    from markupsafe import Markup

    term = next(term for term in glossary.TERMS if term.word == word)
    return Markup(word_html(text, term, "t"))


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
    from nbconvert import HTMLExporter, TemplateExporter
    from nbconvert.filters import Highlight2HTML
    from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
    from traitlets.config import Config

    class Exporter(HTMLExporter):  # type: ignore[misc, unused-ignore]
        """Without its second reading of all that it wrote: the outline reads it anyway."""

        def from_notebook_node(self, nb: Any, resources: Any = None, **more: Any) -> Any:
            resources = self._init_resources(resources)
            lexer = nb.metadata.get("language_info", {}).get("pygments_lexer", "ipython3")
            colours = Highlight2HTML(pygments_lexer=lexer, parent=self)
            kinds = WidgetsDataTypeFilter(self._nb_metadata, parent=self, resources=resources)
            self.register_filter("highlight_code", colours)
            self.register_filter("filter_data_type", kinds)
            return TemplateExporter.from_notebook_node(self, nb, resources, **more)

    config = Config()
    config.NbConvertBase.display_data_priority = PRIORITY
    config.HTMLExporter.exclude_anchor_links = True
    exporter = Exporter(
        config=config, extra_template_basedirs=[str(TEMPLATES)], template_name="story"
    )
    for name, function in (("clean", clean), ("picture", picture), ("block", block)):
        exporter.register_filter(name, function)
    return exporter
