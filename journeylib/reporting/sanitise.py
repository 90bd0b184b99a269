"""What notebook outputs may put on a page: an allow-list, and everything else is shown as text."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from typing import Any

TAGS = frozenset(
    (
        *("a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt"),
        *("em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img"),
        *("kbd", "li", "ol", "p", "pre", "s", "section", "small", "span", "strong", "sub"),
        *("summary", "sup", "u", "ul", "caption", "col", "colgroup", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "tr"),
    )
)
NO_ALT = "Picture without a description"
_PLAIN = frozenset(("class", "colspan", "rowspan", "scope", "title", "lang", "open", "start"))
_STYLE = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.IGNORECASE | re.DOTALL)
_CLASSES = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\s+[A-Za-z][A-Za-z0-9_-]*)*")
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=\s]+")
_one_at_a_time = threading.Lock()  # a Cleaner keeps the state of what it parses
_LINK = re.compile(r"(#|https?://|mailto:)", re.IGNORECASE)
_REPORT = re.compile(r"\.\./\.\./\.\./[a-z0-9_-]+\.html")  # beside, as seen from a run's folder


def clean(html: str) -> str:
    """HTML with only what the allow-list knows; other tags appear as the text they are.

    Style sheets are dropped, since a page has its own. Pictures must be embedded,
    links may lead to the web, to the report beside or within the page, and there is no
    script, style attribute or event handler.

    Examples
    --------
    >>> clean("<b onclick='x()'>bold</b><script>x()</script>")
    '<b>bold</b>&lt;script&gt;x()&lt;/script&gt;'
    >>> clean("a <img src='https://example.org/x.png'> b")
    'a  b'
    >>> clean("<img src='data:image/png;base64,AAAA'>")
    '<img src="data:image/png;base64,AAAA" alt="Picture without a description">'
    """
    with _one_at_a_time:
        return str(_cleaner().clean(_STYLE.sub("", visible(html))))


# overrides and isolates would turn around the numbers that follow them; the others are no text
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def visible(text: str) -> str:
    """A text whose control characters are seen: null bytes, and marks that turn around a line.

    Examples
    --------
    >>> visible("a\\0b\\u202ec")
    'a\ufffdb\ufffdc'
    """
    return _INVISIBLE.sub("\ufffd", text)


@functools.cache
def _cleaner() -> Any:
    from bleach.html5lib_shim import Filter  # type: ignore[import-untyped]
    from bleach.sanitizer import Cleaner  # type: ignore[import-untyped]

    class Pictures(Filter):
        """Leaves out pictures that pointed elsewhere; the others have a description."""

        def __iter__(self) -> Iterator[Any]:
            for token in super().__iter__():
                if token.get("name") == "img" and token["type"] != "EndTag":
                    if (None, "src") not in token["data"]:
                        continue
                    token["data"].setdefault((None, "alt"), NO_ALT)
                yield token

    return Cleaner(
        tags=TAGS,
        filters=[Pictures],
        attributes=_allowed,
        protocols={"http", "https", "mailto", "data"},
        strip=False,
        strip_comments=True,
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if name == "class":
        # names that begin with jr- belong to the page itself
        return bool(_CLASSES.fullmatch(value.strip())) and "jr-" not in value
    if tag == "a" and name == "href":
        return bool(_LINK.match(value) or _REPORT.fullmatch(value))
    if tag == "img":
        if name == "src":
            return bool(_PICTURE.fullmatch(value))
        return name in ("alt", "width", "height")
    return name in _PLAIN
