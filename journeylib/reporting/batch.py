"""A batch: every job of a plan, in parallel, each with a verdict of its own.

The only seam for parallelism is a ``concurrent.futures.Executor``. By default
that is a pool of threads, since each report is computed in a process of its own
(a kernel) and the threads only wait.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from journeylib.errors import PlanError
from journeylib.reporting import kernels
from journeylib.reporting.plan import Plan, ReportJob
from journeylib.reporting.portal import publish, write_index
from journeylib.reporting.progress import Bar
from journeylib.reporting.records import Failure, RunRecord
from journeylib.reporting.run import Checked, check_job, run_job, why_run
from journeylib.reporting.store import Store
from journeylib.reporting.verdicts import LABELS, short
from journeylib.reporting.warm import warm_kernels


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
    """

    report_id: str
    reason: str
    record: RunRecord | None = None

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


def run_batch(
    plan: Plan,
    *,
    force: bool = False,
    only: tuple[str, ...] = (),
    workers: int | None = None,
    dry_run: bool = False,
    progress: bool = True,
    executor: Executor | None = None,
) -> Batch:
    """Run the jobs of a plan that have something new to say, then make the index.

    Parameters
    ----------
    plan
        From :func:`read_plan`.
    force
        Run what could be skipped, too.
    only
        Ids of jobs, or plan ids; empty is all.
    workers
        Kernels at once; by default the plan's, else one per core.
    dry_run
        Only say what would run and why.
    progress
        Whether to show progress on standard error.
    executor
        Where the jobs run; a pool of threads here unless given.

    Returns
    -------
    Batch
        A failed job is an outcome; it keeps neither the other jobs nor the index back.

    Raises
    ------
    PlanError
        When ``only`` names no job.
    RunError
        When the folder cannot be written to, or another batch holds it.
    """
    jobs, store = plan.only(only), Store(plan.output)
    checked = [check_job(job, plan.root) for job in jobs]
    reasons = {c.job.id: why_run(c, store, force) for c in checked}
    if dry_run:
        return Batch(tuple(_planned(c, reasons[c.job.id]) for c in checked), plan.output)
    todo = [c for c in checked if reasons[c.job.id]]
    with store.lock():
        store.clear_staging()
        kernels.clear_folders()
        count = workers or plan.workers or os.cpu_count() or 1
        here = plan.warm and len(todo) > 1 and executor is None
        with warm_kernels(here), Bar(len(todo), enabled=progress) as bar:
            made = _run_all(todo, plan, min(count, len(todo) or 1), bar, executor)
        for job in jobs:
            _settle(store, job, plan.keep)
        if not only:
            _retire_others(store, plan)
        write_index(store)
    outcomes = (Outcome(j.id, reasons[j.id], made.get(j.id) or store.latest(j.id)) for j in jobs)
    return Batch(tuple(outcomes), plan.output)


def table(batch: Batch) -> str:
    """The closing table of a batch, as text."""
    rows = [_line(o) for o in batch.outcomes]
    width = max((len(r[1]) for r in rows), default=0)
    lines = [f"{r[0]:<11} {r[1]:<{width}} {r[2]:>8}  {r[3]}".rstrip() for r in rows]
    counts: dict[str, int] = {}
    for outcome in batch.outcomes:
        counts[outcome.status] = counts.get(outcome.status, 0) + 1
    total = ", ".join(f"{n} {LABELS.get(s, s)}" for s, n in counts.items())
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
        }
        for o in batch.outcomes
    ]
    return {"exit_code": batch.exit_code, "index": str(batch.index), "reports": reports}


def _line(outcome: Outcome) -> tuple[str, str, str, str]:
    status = LABELS.get(outcome.status, outcome.status)
    if outcome.record is None or not outcome.reason:
        return status, outcome.report_id, "", outcome.reason
    remark = short(outcome.record) if outcome.record.error else outcome.reason
    return status, outcome.report_id, f"{outcome.record.seconds:.1f} s", remark


def _planned(checked: Checked, why: str) -> Outcome:
    """A dry run knows the verdict of what cannot even start."""
    if checked.failure is None:
        return Outcome(checked.job.id, why)
    return Outcome(checked.job.id, why, _unwritten(checked, checked.verdict, checked.failure))


def _run_all(
    todo: list[Checked], plan: Plan, workers: int, bar: Bar, executor: Executor | None
) -> dict[str, RunRecord]:
    pool = executor or ThreadPoolExecutor(workers, thread_name_prefix="report")
    # a watcher writes to this process's terminal and cannot be sent to another one
    jobs: dict[Future[RunRecord], Checked] = {}
    try:
        for c in todo:
            watcher = (bar.watcher(c.job.id),) if executor is None else ()
            jobs[pool.submit(run_job, c, plan.output, plan.root, *watcher)] = c
        return {jobs[f].job.id: _result(f, jobs[f], bar) for f in as_completed(jobs)}
    except BaseException:
        for future in jobs:
            future.cancel()
        # again and again, as a report may be just about to start its kernel
        while wait(jobs, timeout=0.2).not_done:
            kernels.kill_all()
        raise
    finally:
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)


def _result(future: Future[RunRecord], checked: Checked, bar: Bar) -> RunRecord:
    """The record of a job; whatever prevented one is the job's failure and nobody else's."""
    try:
        record = future.result()
    except Exception as error:
        failure = Failure(type(error).__name__, str(error))
        record = _unwritten(checked, "failed", failure)
    bar.finished(record)
    return record


def _unwritten(checked: Checked, verdict: str, failure: Failure) -> RunRecord:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    empty = RunRecord(checked.job.id, "", started=now)
    return replace(empty, verdict=verdict, error=failure, title=checked.job.title)


def _settle(store: Store, job: ReportJob, keep: int) -> None:
    """Stable link and bounded history of one report."""
    if store.latest(job.id) is not None:
        store.retire(job.id, out=False)
        publish(store, job.id)
        store.prune(job.id, keep)


def _retire_others(store: Store, plan: Plan) -> None:
    """Reports that this plan once asked for and no longer does leave the index."""
    ids, names = {j.id for j in plan.jobs}, {j.plan for j in plan.jobs}
    for report_id in store.report_ids():
        last = store.latest(report_id)
        if report_id not in ids and last is not None and last.plan in names:
            store.retire(report_id)
