"""What a batch did: an outcome a job, the closing table, JSON for machines, the exit code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeylib.errors import PlanError
from journeylib.reporting.records import RunRecord
from journeylib.reporting.verdicts import LABELS, short


@dataclass(frozen=True)
class Outcome:
    """What a batch did with one job.

    Parameters
    ----------
    report_id
        Of the job.
    reason
        Why it was to run; empty where it was skipped.
    record
        Of the run made, or the one that still stands; None in a dry run.
    shown
        The run that the stable link shows: the last good one where there is any.
    """

    report_id: str
    reason: str
    record: RunRecord | None = None
    shown: RunRecord | None = None

    @property
    def stale(self) -> bool:
        """Whether the last good report is kept in place of a run that is not ok."""
        return (
            self.record is not None
            and not self.record.ok
            and self.shown is not None
            and self.shown.ok
        )

    @property
    def verdict(self) -> str:
        """Of the run made, or of the one that still stands; empty where there is none."""
        return self.record.verdict if self.record else ""

    @property
    def status(self) -> str:
        """The verdict, or ``skipped``, or ``would run``."""
        if not self.reason:
            return "skipped"
        return "would run" if self.record is None else self.record.verdict


@dataclass(frozen=True)
class Batch:
    """What a batch did.

    Parameters
    ----------
    outcomes
        One a job, in the order of the plan.
    output
        Folder of the reports.
    """

    outcomes: tuple[Outcome, ...]
    output: Path

    @property
    def exit_code(self) -> int:
        """0 when every job is ok or skipped, 7 when one is invalid, else 1."""
        found = {o.status for o in self.outcomes}
        if "invalid" in found:
            return PlanError.exit_code
        return 1 if found & {"failed", "timed_out", "killed"} else 0

    @property
    def index(self) -> Path:
        """The page to open."""
        return self.output / "index.html"


def table(batch: Batch) -> str:
    """The closing table of a batch, as text."""
    rows = [_line(o) for o in batch.outcomes]
    width = max((len(r[1]) for r in rows), default=0)
    lines = [f"{r[0]:<11} {r[1]:<{width}} {r[2]:>8}  {r[3]}".rstrip() for r in rows]
    counts = Counter(LABELS.get(o.status, o.status) for o in batch.outcomes)
    counts["stale"] = sum(o.stale for o in batch.outcomes)
    total = ", ".join(f"{n} {status}" for status, n in counts.items() if n)
    return "\n".join([*lines, "", f"{len(batch.outcomes)} reports: {total}"])


def as_json(batch: Batch) -> dict[str, Any]:
    """What a batch did, for machines."""
    reports = [
        {
            "id": o.report_id,
            "status": o.status,
            "reason": o.reason,
            "verdict": o.verdict,
            "run": o.record.run_id if o.record else None,
            "seconds": o.record.seconds if o.record and o.reason else None,
            "error": short(o.record) if o.record and o.reason else "",
            "stale": o.stale,
            "shown": o.shown.run_id if o.shown else None,
        }
        for o in batch.outcomes
    ]
    return {"exit_code": batch.exit_code, "index": str(batch.index), "reports": reports}


def _line(outcome: Outcome) -> tuple[str, str, str, str]:
    status = LABELS.get(outcome.status, outcome.status)
    if outcome.record is None or not outcome.reason:
        return status, outcome.report_id, "", outcome.reason
    remark = short(outcome.record) if outcome.record.error else outcome.reason
    if outcome.stale and outcome.shown is not None:
        remark += f" (stale: the report of {outcome.shown.started[:10]} is kept)"
    return status, outcome.report_id, f"{outcome.record.seconds:.1f} s", remark
