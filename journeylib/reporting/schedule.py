"""The order of the jobs: each as soon as the reports that it needs are made.

The only seam for parallelism is a ``concurrent.futures.Executor``: a pool of
threads here, or the executor of a cluster.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import replace
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from journeylib.reporting import kernels
from journeylib.reporting.checked import Checked
from journeylib.reporting.progress import Bar
from journeylib.reporting.records import Failure, RunRecord
from journeylib.reporting.run import run_job


def run_all(
    todo: Sequence[Checked], output: Path, root: Path, pool: Executor, bar: Bar, *, here: bool
) -> dict[str, RunRecord]:
    """Run jobs; whatever happens to one, the others run.

    Parameters
    ----------
    todo
        Checked jobs.
    output, root
        As for :func:`run_job`.
    pool
        Where they run.
    bar
        Told of every cell, where the pool is ``here``, and of every job.
    here
        Whether the pool is threads of this process.

    Returns
    -------
    dict
        Report id -> record.
    """
    checked = {c.job.id: c for c in todo}
    order = TopologicalSorter({c.job.id: [n for n in c.job.needs if n in checked] for c in todo})
    order.prepare()
    running: dict[Any, str] = {}
    made: dict[str, RunRecord] = {}
    places = itertools.count()
    kernels.start_anew()
    try:
        while order.is_active():
            for name in order.get_ready():
                # a watcher writes to this process's terminal and cannot be sent to another one
                watcher = (bar.watcher(name),) if here else ()
                given = (checked[name], output, root, next(places) if here else 0, *watcher)
                running[pool.submit(run_job, *given)] = name
            for future in _finished(running):
                name = running.pop(future)
                made[name] = _record(future, checked[name])
                bar.finished(made[name])
                order.done(name)
    except BaseException:
        _stop(running)
        raise
    return made


def unwritten(checked: Checked, verdict: str, failure: Failure) -> RunRecord:
    """The record of a run that left nothing behind."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    empty = RunRecord(checked.job.id, "", started=now)
    return replace(empty, verdict=verdict, error=failure, title=checked.job.title)


def _finished(running: Mapping[Any, str]) -> Iterator[Any]:
    """Those that are over, after at least one is."""
    if all(isinstance(future, Future) for future in running):
        return iter(wait(running, return_when=FIRST_COMPLETED).done)
    from distributed import wait as wait_there

    return iter(wait_there(list(running), return_when=FIRST_COMPLETED).done)


def _stop(running: Mapping[Any, str]) -> None:
    for future in running:
        future.cancel()
    ours = [future for future in running if isinstance(future, Future)]
    # again and again, as a report may be just about to start its kernel
    kernels.kill_all()
    while wait(ours, timeout=0.2).not_done:
        kernels.kill_all()
    kernels.start_anew()


def _record(future: Any, checked: Checked) -> RunRecord:
    """The record of a job; whatever prevented one is the job's failure and nobody else's."""
    try:
        return future.result()
    except Exception as error:
        return unwritten(checked, "failed", Failure(type(error).__name__, str(error)))
