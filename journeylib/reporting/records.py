"""What is known of a run when it is over: one small JSON file, and all that the index reads.

A record is complete in itself. The index, the list of what may be skipped and
the comparison of two runs are made from records alone; no notebook and no
page is opened for them.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from journeylib.errors import RunError
from journeylib.reporting.verdicts import LABELS, VERDICTS, Failure, short

SCHEMA = 1
FINDING_MIME = "application/vnd.journey.finding+json"
PROVENANCE_MIME = "application/vnd.journey.provenance+json"
LEDGER_MIME = "application/vnd.journey.ledger+json"


@dataclass(frozen=True)
class RunRecord:
    """One run of one report.

    Parameters
    ----------
    report_id, run_id
        The report that was run, and this run of it. Run ids sort by time.
    title, question, group
        As shown in the index.
    notebook
        Path of the notebook, relative to the project where it lies inside it.
    parameters
        Every parameter of the notebook with the value it had.
    verdict
        ``ok``, ``failed``, ``timed_out``, ``killed`` or ``invalid``.
    started, seconds
        Time of the start in UTC (ISO 8601), and how long the run took.
    key, parts
        Hash over all that could change the result, and the hash of each ingredient.
    fingerprint
        Of the data read; None where the notebook names no journey.
    findings
        What the cells tagged ``answer`` emitted, in their order.
    provenance
        What the cell tagged ``provenance`` emitted.
    checks
        Assumptions that were warned of or failed, from the cells tagged ``ledger``.
    versions
        Package -> version.
    rerun
        The command that runs this once more.
    error
        Why it is not ok.
    plan, order
        The plan that asked for it and the place in it; empty for a run outside a plan.
    base, cell
        The report in the plan of which it is one cell of a matrix, and that cell's values.
    git
        The project's state when it ran: ``revision``, and ``dirty`` where files had been
        changed since; empty where it is not under git.
    folder
        Where it lies; not part of the file.

    Examples
    --------
    >>> record = RunRecord("churn", "20260101T000000Z-0", verdict="ok")
    >>> RunRecord.from_json(record.to_json()) == record
    True
    """

    report_id: str
    run_id: str
    title: str = ""
    question: str = ""
    group: str = ""
    notebook: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    verdict: str = "ok"
    started: str = ""
    seconds: float = 0.0
    key: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str | None = None
    findings: tuple[Mapping[str, Any], ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[Mapping[str, Any], ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    rerun: str = ""
    error: Failure | None = None
    plan: str = ""
    order: int = 0
    base: str = ""
    cell: Mapping[str, Any] = field(default_factory=dict)
    git: Mapping[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA
    folder: Path | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"no such verdict: {self.verdict!r}")

    @property
    def ok(self) -> bool:
        """Whether the report was executed to its end and rendered."""
        return self.verdict == "ok"

    @property
    def simulated(self) -> bool:
        """Whether its data say that they are simulated, so that no customer in it is real."""
        data = self.provenance.get("data")
        return isinstance(data, Mapping) and data.get("simulated") is True

    def to_json(self) -> str:
        """The record as JSON text."""
        kept = {k: v for k, v in asdict(self).items() if k != "folder"}
        kept["simulated"] = self.simulated
        return json.dumps(kept, indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> RunRecord:
        """Read a record; keys that a later version added are left aside."""
        given = json.loads(text)
        if not isinstance(given, dict) or int(given.get("schema", 0)) < 1:
            raise ValueError("not a run record")
        known = {f.name for f in fields(cls)} - {"folder"}
        kept = {k: v for k, v in given.items() if k in known}
        kept["findings"] = tuple(kept.get("findings", ()))
        kept["checks"] = tuple(kept.get("checks", ()))
        if kept.get("error") is not None:
            kept["error"] = Failure(**kept["error"])
        return cls(**kept)

    def _repr_html_(self) -> str:
        title = escape(self.title or self.report_id)
        tail = f": {escape(short(self))}" if self.error else f" ({self.seconds:.0f} s)"
        if self.folder is not None:
            # relative to the working directory, as JupyterLab follows only such links
            path = quote(Path(os.path.relpath(self.folder / "report.html")).as_posix())
            title = f"<a href='{escape(path)}' target='_blank'>{title}</a>"
        state = escape(LABELS[self.verdict])
        return f"<p class='journey'><strong>{title}</strong> {state}{tail}</p>"


def read_record(path: Path) -> RunRecord:
    """Read one ``run.json``.

    Raises
    ------
    RunError
        When the file is not a run record.
    """
    try:
        return replace(RunRecord.from_json(path.read_text(encoding="utf-8")), folder=path.parent)
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(
            f"this is not a run record: {error}", where=str(path), fix="delete its folder"
        ) from error


def collect_findings(notebook: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The findings that an executed notebook emitted in cells tagged ``answer``.

    Examples
    --------
    >>> data = {FINDING_MIME: {"findings": [{"name": "median", "value": float("nan")}]}}
    >>> cell = {"metadata": {"tags": ["answer"]}, "outputs": [{"data": data}]}
    >>> collect_findings({"cells": [cell]})
    ({'name': 'median', 'value': None},)
    """
    found: list[dict[str, Any]] = []
    for payload in _payloads(notebook, "answer", FINDING_MIME):
        found.extend(_plain(f) for f in payload.get("findings", []) if isinstance(f, Mapping))
    return tuple(found)


def collect_provenance(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """What an executed notebook emitted in the cell tagged ``provenance``."""
    merged: dict[str, Any] = {}
    for payload in _payloads(notebook, "provenance", PROVENANCE_MIME):
        merged.update(_plain(payload))
    return merged


def collect_checks(notebook: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The assumptions that an executed notebook warned of or saw fail, each once.

    Examples
    --------
    >>> checks = [{"assumption": "no holes", "verdict": v} for v in ("passed", "warned", "warned")]
    >>> cell = {"metadata": {"tags": ["ledger"]},
    ...         "outputs": [{"data": {LEDGER_MIME: {"checks": checks}}}]}
    >>> collect_checks({"cells": [cell]})
    ({'assumption': 'no holes', 'verdict': 'warned'},)
    """
    found: list[dict[str, Any]] = []
    for payload in _payloads(notebook, "ledger", LEDGER_MIME):
        given = payload.get("checks")
        for check in given if isinstance(given, list) else ():
            if isinstance(check, Mapping) and check.get("verdict") in ("warned", "failed"):
                found.append(_plain(check))
    return tuple(c for k, c in enumerate(found) if c not in found[:k])


def tags(cell: Mapping[str, Any]) -> frozenset[str]:
    """Tags of a notebook cell."""
    given = cell.get("metadata", {}).get("tags", [])
    return frozenset(given) if isinstance(given, list) else frozenset()


def source(cell: Mapping[str, Any]) -> str:
    """Text of a notebook cell, which the file format may split into lines."""
    text = cell.get("source", "")
    return "".join(text) if isinstance(text, list) else str(text)


def slug(text: object, limit: int = 60) -> str:
    """A text as part of a file name: lower-case letters, digits, ``-`` and ``_``.

    Examples
    --------
    >>> slug("Type A / e-mail"), slug(90), slug("…")
    ('type-a-e-mail', '90', 'x')
    """
    return re.sub(r"[^a-z0-9_]+", "-", str(text).lower()).strip("-")[:limit].strip("-") or "x"


def _payloads(notebook: Mapping[str, Any], tag: str, mime: str) -> list[Mapping[str, Any]]:
    data = [
        output.get("data", {}).get(mime)
        for cell in notebook.get("cells", [])
        if tag in tags(cell)
        for output in cell.get("outputs", [])
    ]
    return [d for d in data if isinstance(d, Mapping)]


def _plain(value: Any) -> Any:
    """JSON values only, numbers finite: NaN and infinity mean that there is no number."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
