"""Whether everybody can read a page: what its structure must have, checked at every rendering.

A page that a screen reader cannot follow is not delivered. These are the faults
that a program can see without a browser; axe-core looks for the others in the tests.
"""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

from journeylib.errors import RunError
from journeylib.reporting.sanitise import NO_ALT

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_NAMED = ("a", "button", "summary", "caption", "title", *_HEADINGS)
_TOLD = 6  # faults told one by one


class PageError(RunError):
    """A page that some readers could not use."""


def require(html: str) -> str:
    """The page as it is.

    Raises
    ------
    PageError
        When something keeps readers out; says what, where on the page, and what to do.

    Examples
    --------
    >>> require("<h1>Churn</h1>")
    Traceback (most recent call last):
    journeylib.reporting.access.PageError: 2 faults keep some readers out of the page:
    the page names no language; the page has no title
      fix:   ...
    """
    found = faults(html)
    if not found:
        return html
    more = len(found) - _TOLD
    told = "; ".join(found[:_TOLD]) + (f"; and {more} more" if more > 0 else "")
    count = "1 fault keeps" if len(found) == 1 else f"{len(found)} faults keep"
    raise PageError(
        f"{count} some readers out of the page: {told}",
        fix="draw with jl.plot_…, or describe your own picture in words with "
        "journeylib.plots.style.describe(ax, alt, caption); show tables with jl.show",
    )


def faults(html: str) -> list[str]:
    """What is wrong with the structure of a page, in words.

    Parameters
    ----------
    html
        A whole document.

    Returns
    -------
    list of str
        Pictures without an alternative text, headings that are missing, doubled or
        skip a level, table headers without a scope, links and buttons without a
        name, ids that are not unique, links to places that are not there.

    Examples
    --------
    >>> page = "<html lang='en'><title>T</title><h1>T</h1>{}</html>"
    >>> faults(page.format("<h2>Part</h2><img src='data:,' alt='a curve'>"))
    []
    >>> faults(page.format("<h3>Part</h3><img src='data:,'>"))
    ["heading 'Part' is of level 3 after level 1", "picture 1, under 'Part', has no words"]
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.verdict()


class _Reader(HTMLParser):
    """Reads a page once and notes what it meets."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.lang = self.title = False
        self.level, self.first_headings, self.section = 0, 0, ""
        self.pictures = self.tables = 0
        self.tables_open: list[set[str]] = []  # kinds of cells in each
        self.ids: Counter[str] = Counter()
        self.targets: list[str] = []
        self.open: list[tuple[str, list[str], bool]] = []  # tag, text in it, named otherwise

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if given.get("id"):
            self.ids[given["id"]] += 1
        if tag == "html":
            self.lang = bool(given.get("lang"))
        elif tag == "img":
            self._picture(given)
        elif tag == "table":
            self.tables += 1
            self.tables_open.append(set())
        elif tag in ("td", "th") and self.tables_open:
            self.tables_open[-1].add(tag)
        if tag == "th" and given.get("scope") not in ("col", "row", "colgroup", "rowgroup"):
            self.found.append(f"a header of table {self.tables}, {self._place()}, has no scope")
        if tag == "a" and given.get("href", "").startswith("#"):
            self.targets.append(given["href"][1:])
        for name in ("aria-labelledby", "aria-describedby", "aria-controls", "popovertarget"):
            self.targets += given.get(name, "").split()
        if tag in _NAMED:
            named = bool(given.get("aria-label", "").strip() or given.get("aria-labelledby"))
            self.open.append((tag, [], named))

    def handle_data(self, data: str) -> None:
        for _, text, _ in self.open:
            text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self.tables_open and self.tables_open.pop() == {"td"}:
            self.found.append(f"table {self.tables}, {self._place()}, has no header cells")
        if tag not in _NAMED or not any(name == tag for name, _, _ in self.open):
            return
        while self.open:
            name, parts, named = self.open.pop()
            if name == tag:
                self._ended(tag, " ".join("".join(parts).split()), named)
                return

    def verdict(self) -> list[str]:
        """All that was found, once the page has been read."""
        whole = []
        if not self.lang:
            whole.append("the page names no language")
        if not self.title:
            whole.append("the page has no title")
        if self.first_headings != 1:
            whole.append(f"the page has {self.first_headings} headings of the first level, not one")
        doubled = [f"the id {name!r} occurs {n} times" for name, n in self.ids.items() if n > 1]
        lost = [
            f"there is no place {name!r} to go to"
            for name in dict.fromkeys(self.targets)
            if name not in self.ids
        ]
        return [*whole, *self.found, *doubled, *lost]

    def _place(self) -> str:
        return f"under {self.section[:60]!r}" if self.section else "at the top"

    def _picture(self, given: dict[str, str]) -> None:
        self.pictures += 1
        alt = given.get("alt", "").strip()
        if not alt or alt == NO_ALT:
            self.found.append(f"picture {self.pictures}, {self._place()}, has no words")
        for _, text, _ in self.open:
            text.append(alt)

    def _ended(self, tag: str, text: str, named: bool) -> None:
        if tag == "title":
            self.title = bool(text)
            return
        if not text and not named:
            kind = "a heading" if tag in _HEADINGS else f"an element <{tag}>"
            self.found.append(f"{kind}, {self._place()}, is empty")
        if tag not in _HEADINGS:
            return
        level = _HEADINGS[tag]
        self.first_headings += level == 1
        if level > self.level + 1 and self.level:
            self.found.append(f"heading {text[:60]!r} is of level {level} after level {self.level}")
        self.level, self.section = level, text
