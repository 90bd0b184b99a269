"""Plain words for the names of a journey, as its file gives them under ``[labels]``.

Opening a log makes the labels of its journey those of the process: a notebook
tells one journey, and a report is a process of its own. Loads nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping

LONGEST = 120  # letters of a name in a sentence
_PARTS = ("day", "week", "month", "quarter", "year")
_OURS = {f"origin_{part}": f"{part} of the start" for part in _PARTS}  # as time_to makes them
_in_use: dict[str, str] = {}


def use(labels: Mapping[str, str]) -> None:
    """Take these labels from now on, in place of any others."""
    _in_use.clear()
    _in_use.update(labels)


def also(name: str, text: str) -> None:
    """Call a column so that was made from the data, unless the journey file has a label for it.

    Examples
    --------
    >>> also("channel_e_mail", "channel: e-mail")
    >>> label("channel_e_mail")
    'channel: e-mail'
    >>> use({})
    """
    _in_use.setdefault(name, text)


def label(name: object) -> str:
    """A name in plain words: its label, or itself without underscores.

    Several names joined by "or" are put into words one by one. A name too long for
    a sentence is cut in its middle.

    Examples
    --------
    >>> use({"coupon_redeemed": "coupon redeemed in a shop"})
    >>> label("coupon_redeemed"), label("coupon_redeemed or opted_out"), label("opted_out")
    ('coupon redeemed in a shop', 'coupon redeemed in a shop or opted out', 'opted out')
    >>> use({})
    >>> label("origin_month")
    'month of the start'
    >>> len(label("x" * 10_000))
    120
    """
    text = str(name)
    if text in _in_use:
        return _in_use[text]
    if any(part in _in_use for part in text.split(" or ")):
        return " or ".join(label(part) for part in text.split(" or "))
    if text in _OURS:
        return _OURS[text]
    text = text.replace("_", " ").strip()
    half = (LONGEST - 3) // 2
    return text if len(text) <= LONGEST else f"{text[: half + 1]} … {text[-half:]}"
