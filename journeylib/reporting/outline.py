"""From cells as HTML to a part of a page: headings in order, tables that scroll, words explained.

The text stays as it is. What is added are ids, anchors, boxes and, where a word of
the field first appears, a button that opens its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from journeylib.glossary import TERMS, Term, find
from journeylib.reporting.records import slug

RESERVED = frozenset(
    (
        *("main", "findings", "contents", "provenance", "what-failed", "jr-toggle"),
        *("estimand", "sure", "words", "assumptions"),
    )
)
_LONG = re.compile(r"\S{200}")
_APART = re.compile(r"<details class='jr-data'>.*?</details>", re.DOTALL)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_EXPLAINED_IN = ("p", "li", "figcaption", "caption", "td", "dd")
_NOT_IN = ("a", "button", "code", "pre", "summary", "th", "thead", *_HEADINGS)


@dataclass
class Outline:
    """A part of a page and what stands in it.

    Parameters
    ----------
    html
        The part.
    contents
        Its sections as ``(id, text)``.
    words
        Words of the field that it explains, in the order in which they appear.
    """

    html: str
    contents: list[tuple[str, str]] = field(default_factory=list)
    words: list[Term] = field(default_factory=list)


def outline(html: str) -> Outline:
    """Set headings in order below the page's one h1, tables in boxes, and explain words.

    Examples
    --------
    >>> made = outline("<h1>Who</h1><h4>How</h4><p>A median of 3.</p>")
    >>> made.contents, [term.word for term in made.words]
    ([('who', 'Who')], ['median'])
    """
    from bs4 import BeautifulSoup

    apart: list[str] = []

    def put_aside(match: re.Match[str]) -> str:
        apart.append(match[0])
        return f"<!--apart-{len(apart) - 1}-->"

    # the numbers behind pictures are in order already, and long
    soup = BeautifulSoup(_APART.sub(put_aside, html), "html.parser")
    made = Outline("", _set_headings(soup))
    for number, table in enumerate(soup.find_all("table"), 1):
        _set_table(soup, table, number)
    boxes = soup.select(".jr-scroll:has(> .jr-ledger)")
    if boxes:
        boxes[-1]["id"] = "assumptions"
    _fold_long(soup)
    made.words = _explain(soup)
    made.html = re.sub(r"<!--apart-(\d+)-->", lambda m: apart[int(m[1])], str(soup))
    return made


def _set_headings(soup: Any) -> list[tuple[str, str]]:
    contents: list[tuple[str, str]] = []
    taken, level = set(RESERVED), 1
    for heading in soup.find_all(_HEADINGS):
        text = heading.get_text(" ", strip=True)
        if not text:
            heading.decompose()
            continue
        level = max(2, min(int(heading.name[1]), level + 1))
        heading.name = f"h{level}"
        name = heading["id"] = _unique(slug(text), taken)
        anchor = soup.new_tag("a", attrs={"class": "jr-anchor", "href": f"#{name}"})
        anchor["aria-label"] = f"Link to {text}"
        heading.append(anchor)
        if level == 2:
            contents.append((name, text))
    return contents


def _unique(base: str, taken: set[str]) -> str:
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return name


def _set_table(soup: Any, table: Any, number: int) -> None:
    """Scopes where they are missing, and a box that scrolls and can be reached by keyboard."""
    for cell in table.find_all("th"):
        if not cell.get_text(strip=True):
            cell.name = "td"  # a corner heads nothing
            del cell["scope"]
        elif not cell.get("scope"):
            cell["scope"] = "col" if cell.find_parent("thead") else "row"
    if not table.find("th"):
        for cell in table.select("tr:first-child > td"):
            cell.name, cell["scope"] = "th", "col"
    caption = table.find("caption")
    label = caption.get_text(" ", strip=True) if caption else ""
    box = soup.new_tag("div", attrs={"class": "jr-scroll", "role": "region", "tabindex": "0"})
    box["aria-label"] = f"{label[:120]} (table {number})" if label else f"Table {number}"
    _set_for_phones(table)
    table.wrap(box)


def _set_for_phones(table: Any) -> None:
    """Tables of words are shown row under row on a phone: each cell knows the head of its column.

    A table of numbers stays a table and scrolls: its columns are there to be compared.
    """
    heads = [cell.get_text(" ", strip=True) for cell in table.select("thead tr:last-child > *")]
    rows = table.select("tbody tr")
    told = [cell for cell in (rows[0].find_all("td") if rows else []) if not _is_number(cell)]
    if len(heads) < 4 or len(told) < 2 or "jr-ledger" in table.get("class", []):
        return
    table["class"] = [*table.get("class", []), "jr-stack"]
    for row in rows:
        for head, cell in zip(heads, row.find_all(["th", "td"], recursive=False)):
            if cell.name == "td" and head:
                cell["data-head"] = head


def _is_number(cell: Any) -> bool:
    return "num" in cell.get("class", [])


def _fold_long(soup: Any) -> None:
    """Words that would fill a screen are cut off where they are shown, not in the page."""
    for text in list(soup.find_all(string=_LONG)):
        if not text.find_parent(("pre", "code")):
            span = soup.new_tag("span", attrs={"class": "jr-long"})
            text.wrap(span)


def _explain(soup: Any) -> list[Term]:
    """Put a button with its meaning where a word first appears; words in that order."""
    seen: dict[str, Term] = {}
    for text in _explainable(soup, False):
        if len(seen) == len(TERMS):
            break
        new = [f for f in find(str(text)) if f[2].word not in seen]
        new = list({f[2].word: f for f in reversed(new)}.values())
        if new:
            seen.update((term.word, term) for _, _, term in sorted(new, key=lambda f: f[0]))
            text.replace_with(*_with_buttons(soup, str(text), sorted(new, key=lambda f: f[0])))
    return list(seen.values())


def _explainable(node: Any, inside: bool) -> list[Any]:
    """Texts of the story itself, in order: a walk, since to ask each for its parents takes long."""
    found: list[Any] = []
    for child in node.children:
        name = child.name
        if name is None:
            found += [child] if inside and type(child).__name__ == "NavigableString" else []
        elif name not in _NOT_IN:
            found += _explainable(child, inside or name in _EXPLAINED_IN)
    return found


def _with_buttons(soup: Any, text: str, found: Iterable[tuple[int, int, Term]]) -> list[Any]:
    from bs4 import BeautifulSoup

    parts: list[Any] = []
    at = 0
    for start, end, term in found:
        parts.append(text[at:start])
        parts.extend(BeautifulSoup(word_html(text[start:end], term), "html.parser").contents)
        at = end
    return [*parts, text[at:]]


def word_html(text: str, term: Term, place: str = "s") -> str:
    """A word with its meaning behind a button; works by keyboard, by touch and without script."""
    from html import escape

    name = f"w-{place}-{term.key}"
    return (
        f'<button type="button" class="jr-term" popovertarget="{name}">{escape(text)}</button>'
        f'<span class="jr-meaning" id="{name}" popover role="note">'
        f"<strong>{escape(term.word)}</strong> {escape(term.meaning)}</span>"
    )
