"""Reading a TOML file so that every complaint names the file and the key.

A complaint says what the value was, what is allowed, and the nearest valid name.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeylib.errors import JourneyFileError, nearest

Moment = dt.date | dt.datetime

_NO_DEFAULT: Any = object()


@dataclass(frozen=True)
class Table:
    """A table of the file, so that a message can say which key of which file."""

    file: Path
    key: str
    values: Mapping[str, Any]

    def at(self, name: str) -> str:
        """File and dotted key."""
        key = ".".join(part for part in (self.key, name) if part)
        return f"{self.file}, key {key}" if key else str(self.file)

    def bad(self, name: str, was: object, allowed: str) -> JourneyFileError:
        """The error for a value that is not allowed."""
        return JourneyFileError(
            f"{name or self.key} cannot be {was!r}", where=self.at(name), fix=f"allowed: {allowed}"
        )

    def missing(self, name: str, allowed: str) -> JourneyFileError:
        """The error for a key that must be there."""
        return JourneyFileError(
            f"the key {name!r} is missing", where=self.at(name), fix=f"add it: {allowed}"
        )

    def only(self, *allowed: str) -> None:
        """Raise unless every key is one of these."""
        for name in self.values:
            if name not in allowed:
                raise JourneyFileError(
                    f"there is no key {name!r}", where=self.at(name), fix=nearest(name, allowed)
                )

    def table(self, name: str, default: Mapping[str, Any] = _NO_DEFAULT) -> Table:
        """The table under a key."""
        value = self._get(name, default, "a table")
        if not isinstance(value, Mapping):
            raise self.bad(name, value, f"a table, [{name}]")
        return Table(self.file, ".".join(p for p in (self.key, name) if p), value)

    def tables(self, name: str) -> list[Table]:
        """The tables of a list of tables, ``[[name]]``, each known by its place in it."""
        value = self.values[name]
        if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
            raise self.bad(name, value, f"one or more tables, [[{name}]]")
        return [Table(self.file, f"{name}[{i}]", entry) for i, entry in enumerate(value, 1)]

    def text(self, name: str, default: str = _NO_DEFAULT) -> str:
        """The text under a key, which is not blank."""
        value = self._get(name, default, "a text")
        if not isinstance(value, str) or not value.strip():
            raise self.bad(name, value, "a text that is not blank")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of different texts under a key that is there."""
        value = self.values[name]
        good = isinstance(value, list) and value
        if not good or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.bad(name, value, 'a list of texts, for instance ["basket"]')
        if len(set(value)) < len(value):
            raise self.bad(name, value, "each text once")
        return tuple(value)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """The text under a key, one of those allowed."""
        value = self.text(name, default)
        if value not in allowed:
            raise JourneyFileError(
                f"{name} cannot be {value!r}", where=self.at(name), fix=nearest(value, allowed)
            )
        return value

    def _get(self, name: str, default: Any, kind: str) -> Any:
        if name in self.values:
            return self.values[name]
        if default is _NO_DEFAULT:
            raise self.missing(name, kind)
        return default


def read_moment(value: object, where: str, also: tuple[str, ...] = ()) -> Moment:
    """A date or a moment, as TOML has it or as ISO text."""
    if isinstance(value, str):
        try:
            bare = len(value) == len("2017-12-31")
            return dt.date.fromisoformat(value) if bare else dt.datetime.fromisoformat(value)
        except ValueError:
            pass
    if not isinstance(value, dt.date):
        hint = "" if value not in ("now", "today") else "; never now: a report must stay repeatable"
        words = "".join(f', or "{word}"' for word in also)
        raise JourneyFileError(
            f"{value!r} is not a date", where=where, fix=f"a date such as 2017-12-31{words}{hint}"
        )
    return value


def parse(file: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise JourneyFileError(
            f"this is not TOML: {error}", where=str(file), fix="see toml.io for the syntax"
        ) from None
    except UnicodeDecodeError as error:
        raise JourneyFileError(
            f"the file is not UTF-8: {error.reason} at byte {error.start}", where=str(file)
        ) from None
    except OSError as error:
        raise JourneyFileError(
            f"the file cannot be read: {error.strerror}", where=str(file)
        ) from None
