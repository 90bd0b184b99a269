"""Verdicts in plain words: what failed, and what to do. All sentences stand here, in one place."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from journeylib.reporting.records import RunRecord

LABELS = {
    "ok": "ok",
    "failed": "failed",
    "timed_out": "timed out",
    "killed": "stopped",
    "invalid": "not started",
}


def headline(record: RunRecord) -> str:
    """One sentence on how the run ended.

    Examples
    --------
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


def short(record: RunRecord) -> str:
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


def link_html(record: RunRecord) -> str:
    """A run as a line of HTML for a notebook cell, with a link to its page.

    The link is relative to the working directory, as JupyterLab follows only such.
    """
    title = escape(record.title or record.report_id)
    state = escape(LABELS[record.verdict])
    tail = f": {escape(short(record))}" if record.error else f" ({record.seconds:.0f} s)"
    if record.folder is not None:
        path = Path(os.path.relpath(record.folder / "report.html"))
        title = f"<a href='{escape(quote(path.as_posix()))}' target='_blank'>{title}</a>"
    return f"<p class='journey'><strong>{title}</strong> {state}{tail}</p>"
