"""Everything that can go wrong, said in words that a researcher can act on.

Each error answers three questions: *what* is wrong, *where* it is, and *how to
fix it*. Each class has an exit code of its own, so that a scheduler can tell a
typo in a journey file from a database that is down without reading text.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class JourneyError(Exception):
    """Base of all errors that this package raises on purpose.

    Parameters
    ----------
    what
        What is wrong, with the offending value in it.
    where
        The file and key, table and column, or notebook and cell concerned.
    fix
        What to do about it.

    Examples
    --------
    >>> print(DataError("no row is left", where="data/shop/journey.toml", fix="widen [window]"))
    no row is left
      where: data/shop/journey.toml
      fix:   widen [window]
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  fix:   {self.fix}")
        return "\n".join(lines)

    def __reduce__(self):  # type: ignore[no-untyped-def]
        # keyword-only arguments do not survive the default pickling between processes
        return _rebuild, (type(self), self.what, self.where, self.fix)


def _rebuild(
    cls: type[JourneyError], what: str, where: str | None, fix: str | None
) -> JourneyError:
    return cls(what, where=where, fix=fix)


class JourneyFileError(JourneyError):
    """A journey file cannot be read or says something impossible."""

    exit_code = 3


class SourceError(JourneyError):
    """The data that a journey file points at cannot be opened."""

    exit_code = 4


class DataError(JourneyError):
    """The data is there but cannot answer the question asked of it."""

    exit_code = 5


class ModelError(JourneyError):
    """An estimate does not exist for this data and model."""

    exit_code = 6


class PlanError(JourneyError):
    """A batch plan, a parameter or a notebook's parameters cell is invalid."""

    exit_code = 7


class RunError(JourneyError):
    """A report could not be executed or rendered."""

    exit_code = 8


class BiasError(JourneyError):
    """A structural fault would make the numbers of a report precise and wrong."""

    exit_code = 9


def nearest(name: object, allowed: Iterable[object]) -> str:
    """Advice that names the nearest valid name and what is allowed.

    Examples
    --------
    >>> nearest("chanel", ["channel", "content"])
    "did you mean 'channel'? allowed: channel, content"
    >>> nearest("x", [])
    'nothing is allowed here'
    """
    names = [str(a) for a in allowed]
    if not names:
        return "nothing is allowed here"
    close = difflib.get_close_matches(str(name), names, n=1)
    shown = ", ".join(names[:20]) + (f", and {len(names) - 20} more" if len(names) > 20 else "")
    return (f"did you mean {close[0]!r}? " if close else "") + f"allowed: {shown}"
