"""A batch: every job of a plan, in parallel, each with a verdict of its own.

By default the reports are made by threads of this process, since each is computed
in a process of its own (a kernel) and the threads only wait. There is one thread more
than kernels may compute at once, so that the next one comes up, and the page of the last
one is written, while the others compute.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

from journeylib.errors import RunError
from journeylib.reporting import kernels, memory
from journeylib.reporting.checked import Checked, check_job, why_run
from journeylib.reporting.jobs import ReportJob
from journeylib.reporting.outcomes import Batch, Outcome, as_json, table
from journeylib.reporting.plan import Plan
from journeylib.reporting.portal import publish, write_index
from journeylib.reporting.progress import Bar
from journeylib.reporting.schedule import run_all, unwritten
from journeylib.reporting.store import Store
from journeylib.reporting.turns import turns
from journeylib.reporting.warm import warm_kernels

__all__ = ["Batch", "Outcome", "as_json", "run_batch", "table"]


def run_batch(
    plan: Plan,
    *,
    force: bool = False,
    only: tuple[str, ...] = (),
    only_failed: bool = False,
    resume: bool = False,
    workers: int | None = None,
    dry_run: bool = False,
    progress: bool = True,
    executor: Executor | None = None,
    dask: str | None = None,
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
    only_failed
        Only those whose last run is not ok.
    resume
        Finish the last batch where it did not come to its end: what it has run, whatever
        the verdict, is not run again; what it was to be forced to run is.
    workers
        Kernels that compute at once; by default the plan's, else one per core if memory allows.
    dry_run
        Only say what would run and why.
    progress
        Whether to show progress on standard error.
    executor
        Where the jobs run; a pool of threads here unless given.
    dask
        Address of a Dask cluster on which the jobs run; it must see the same folders.

    Returns
    -------
    Batch
        A failed job is an outcome; it keeps neither the other jobs nor the index back.

    Raises
    ------
    PlanError
        When ``only`` names no job.
    RunError
        When the folder cannot be written to, another batch holds it, or there is no cluster.
    """
    jobs, store = plan.only(only), Store(plan.output)
    checked = [check_job(job, plan.root) for job in jobs]
    begun = _begun(store) if resume else None
    reasons = _reasons(checked, store, force, begun)
    if only_failed:
        checked = [c for c in checked if _failed(store, c.job.id)]
        jobs = tuple(c.job for c in checked)
    if dry_run:
        return Batch(tuple(_planned(c, reasons[c.job.id]) for c in checked), plan.output)
    todo = [c for c in checked if reasons[c.job.id]]
    with store.lock(), _noted(store, force, begun):
        store.clear_staging()
        kernels.clear_folders()
        count = workers or plan.workers or memory.workers(len(todo), [c.job.memory for c in todo])
        here = executor is None and dask is None
        with (
            warm_kernels(here and plan.warm and len(todo) > 1),
            turns(count),
            _pool(executor, dask, min(count + 1, len(todo) or 1)) as pool,
            Bar(len(todo), enabled=progress) as bar,
        ):
            made = run_all(todo, plan.output, plan.root, pool, bar, here=here)
        for job in jobs:
            _settle(store, job, plan.keep)
        if not only and not only_failed:
            _retire_others(store, plan)
        write_index(store)
    outcomes = (
        Outcome(
            j.id,
            reasons[j.id],
            made.get(j.id) or store.latest(j.id),
            store.latest_good(j.id) or store.latest(j.id),
        )
        for j in jobs
    )
    return Batch(tuple(outcomes), plan.output)


def _reasons(
    checked: Sequence[Checked], store: Store, force: bool, begun: Mapping[str, object] | None
) -> dict[str, str]:
    """Report id -> why it has to run; empty where its last run still stands."""
    reasons = {}
    for c in checked:
        last = store.latest(c.job.id)
        if begun and last is not None and last.run_id >= str(begun["run"]) and last.key == c.key:
            reasons[c.job.id] = ""
        else:
            forced = force or bool(begun and begun["force"])
            reasons[c.job.id] = why_run(c, store, forced)
    # a report that reads the records of others is as old as the oldest of what it read
    waiting = True
    while waiting:
        waiting = False
        for c in checked:
            if not reasons[c.job.id] and any(_newer(n, c.job, reasons, store) for n in c.job.needs):
                reasons[c.job.id], waiting = "a report it needs is newer", True
    return reasons


def _newer(name: str, job: ReportJob, reasons: Mapping[str, str], store: Store) -> bool:
    """Whether a needed report runs now, or ran after the report that needs it."""
    needed, own = store.latest(name), store.latest(job.id)
    ran = needed is not None and own is not None and needed.run_id > own.run_id
    return bool(reasons.get(name)) or ran


def _failed(store: Store, report_id: str) -> bool:
    last = store.latest(report_id)
    return last is not None and not last.ok


def _begun(store: Store) -> Mapping[str, object] | None:
    """When the last batch began, where it did not come to its end."""
    try:
        noted = json.loads((store.root / ".batch.json").read_text(encoding="utf-8"))
        return {"run": str(noted["run"]), "force": bool(noted["force"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def _noted(store: Store, force: bool, begun: Mapping[str, object] | None) -> Iterator[None]:
    """A note that a batch is under way, which stays where it is killed or interrupted."""
    path = store.root / ".batch.json"
    note = begun or {"run": f"{datetime.now(UTC):%Y%m%dT%H%M%S}", "force": force}
    store.replace(path.name, json.dumps(dict(note)).encode())
    yield
    path.unlink(missing_ok=True)


@contextmanager
def _pool(executor: Executor | None, dask: str | None, workers: int) -> Iterator[Executor]:
    """Where the jobs run."""
    if executor is not None:
        yield executor
    elif dask is not None:
        with _cluster(dask) as there:
            yield there
    else:
        pool = ThreadPoolExecutor(workers, thread_name_prefix="report")
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError as error:
        raise RunError(
            "Dask is not installed", where="--dask", fix="pip install 'journeylib[dask]'"
        ) from error
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise RunError(
            f"the Dask cluster cannot be reached: {error}",
            where=address,
            fix="start it with dask scheduler and dask worker, or leave --dask out",
        ) from error
    with client:
        # reports are not pure: two with one notebook and values are still two
        yield client.get_executor(pure=False, retries=0)


def _planned(checked: Checked, why: str) -> Outcome:
    """A dry run knows the verdict of what cannot even start."""
    if checked.failure is None:
        return Outcome(checked.job.id, why)
    return Outcome(checked.job.id, why, unwritten(checked, checked.verdict, checked.failure))


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
