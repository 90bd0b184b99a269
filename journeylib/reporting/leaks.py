"""Secrets stay in the environment: no report may carry one out.

A plan names the variables that hold secrets, a journey file those that hold an address with
its password. Their values are looked for in all
that a run leaves behind, as written and as JSON, HTML, URLs and base64 write them.
"""

from __future__ import annotations

import base64
import html
import json
import os
import tomllib
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from journeylib.reporting.keys import as_seen_from

SHORTEST = 4  # a value of three letters is in every page
HIDDEN = "[hidden]"
ENV = "env:"


def secret_values(names: Iterable[str], env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Name -> value of the secrets that are set, the longest value first.

    Examples
    --------
    >>> secret_values(["DB", "NONE", "PIN"], {"DB": "postgres://u:pw@host", "PIN": "12"})
    {'DB': 'postgres://u:pw@host'}
    """
    known = os.environ if env is None else env
    found = {name: known[name] for name in names if len(known.get(name, "")) >= SHORTEST}
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def addresses(parameters: Mapping[str, Any], near: Path) -> tuple[str, ...]:
    """Environment variables from which the journey file of a report takes an address.

    Parameters
    ----------
    parameters
        Of the notebook.
    near
        Its folder.
    """
    value = parameters.get("journey")
    if not isinstance(value, str) or not value:
        return ()
    try:
        given = tomllib.loads(as_seen_from(near, value).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    texts = (t for t in _texts(given) if t.startswith(ENV))
    return tuple(dict.fromkeys(t.removeprefix(ENV) for t in texts))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)


def written(value: str) -> tuple[str, ...]:
    """The ways in which a value may stand in a file.

    Examples
    --------
    >>> written("a&b")
    ('a&b', 'a&amp;b', 'a%26b', 'YSZi')
    """
    ways = (
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        html.escape(value),
        html.escape(value, quote=False),
        urllib.parse.quote(value),
        urllib.parse.quote(value, safe=""),
        base64.b64encode(value.encode()).decode().rstrip("="),
    )
    return tuple(dict.fromkeys(ways))


def leaked(text: str, secrets: Mapping[str, str]) -> list[str]:
    """Names of the secrets whose value stands in a text."""
    return [name for name, value in secrets.items() if any(w in text for w in written(value))]


def redacted(text: str, secrets: Mapping[str, str]) -> str:
    """A text without the values of secrets.

    Examples
    --------
    >>> redacted("at postgres://u:pw@host", {"DB": "postgres://u:pw@host"})
    'at [hidden]'
    """
    for value in secrets.values():
        for way in written(value):
            text = text.replace(way, HIDDEN)
    return text
