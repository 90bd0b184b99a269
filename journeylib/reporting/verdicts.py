"""Verdicts in plain words: what failed, and what to do. All sentences stand here, in one place."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

VERDICTS = ("ok", "failed", "timed_out", "killed", "invalid")
LABELS = {
    "ok": "ok",
    "failed": "failed",
    "timed_out": "timed out",
    "killed": "stopped",
    "invalid": "not started",
}


@dataclass(frozen=True)
class Failure:
    """Why a run is not ok.

    Parameters
    ----------
    name
        Class of the error, for instance ``"DataError"``.
    message
        Its text; for errors of this package what, where and fix.
    cell
        Number of the cell in the notebook, the first being 1; None where no cell is to blame.
    source
        Code of that cell.
    traceback
        As Python printed it, without colours.
    """

    name: str
    message: str
    cell: int | None = None
    source: str = ""
    traceback: str = ""


class Ended(Protocol):
    """What ended with a verdict, such as a run record."""

    @property
    def verdict(self) -> str:
        """One of ``VERDICTS``."""

    @property
    def error(self) -> Failure | None:
        """Why it is not ok."""


def headline(record: Ended) -> str:
    """One sentence on how the run ended.

    Examples
    --------
    >>> from journeylib.reporting.records import RunRecord
    >>> headline(RunRecord("a", "1", verdict="timed_out"))
    'The report took longer than it may and was stopped.'
    """
    failure, cell = record.error, ""
    if failure is not None and failure.cell is not None:
        cell = f" in cell {failure.cell} of the notebook"
    if record.verdict == "failed":
        return f"The report stopped with an error{cell}."
    return {
        "ok": "The report ran to its end.",
        "timed_out": f"The report took longer than it may and was stopped{cell}.",
        "killed": f"The process that computed the report ended{cell} without finishing it.",
        "invalid": "The report was not started, because its plan or its notebook is not valid.",
    }[record.verdict]


def short(record: Ended) -> str:
    """The first line of what went wrong, for tables; empty where nothing did."""
    if record.error is None:
        return ""
    line = (record.error.message.strip().splitlines() or [""])[0]
    cell = f"cell {record.error.cell}: " if record.error.cell is not None else ""
    name = "" if record.verdict == "invalid" else f"{record.error.name}: "
    return f"{cell}{name}{line}"


def rerun_command(notebook: str, parameters: Mapping[str, Any]) -> str:
    """The command that runs a notebook once more with these parameters.

    Examples
    --------
    >>> rerun_command("notebooks/03_churn.ipynb", {"days": 90, "segment": "A B", "by": None})
    "journey run notebooks/03_churn.ipynb -p days=90 -p 'segment=A B' -p by=none"
    """
    words = ["journey", "run", notebook]
    for name, value in parameters.items():
        words += ["-p", f"{name}={as_text(value)}"]
    return shlex.join(words)


def as_text(value: object) -> str:
    """A parameter's value as it is typed on the command line."""
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
