"""One report from job to page: check, execute, judge, render, and move to its place.

``run_job`` is what a batch hands to its executor: arguments and result are plain
data, so that it may be sent to another process or machine.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from journeylib.errors import JourneyError, RunError
from journeylib.reporting import extras, kernels, keys, leaks
from journeylib.reporting.changes import previous
from journeylib.reporting.checked import Checked, check_job, with_needed
from journeylib.reporting.declared import declared, read_notebook
from journeylib.reporting.jobs import ReportJob
from journeylib.reporting.params import bind, parse
from journeylib.reporting.plan import declared_secrets
from journeylib.reporting.records import (
    Failure,
    RunRecord,
    collect_checks,
    collect_findings,
    collect_provenance,
    slug,
)
from journeylib.reporting.store import Store
from journeylib.reporting.turns import coming
from journeylib.reporting.verdicts import rerun_command
from journeylib.revision import revision

OnCell = Callable[[int, int], None]


def run_job(
    checked: Checked, output: Path, root: Path, place: int = 0, on_cell: OnCell | None = None
) -> RunRecord:
    """Run one checked job and store the result.

    Parameters
    ----------
    checked
        From :func:`check_job`.
    output
        Folder of the reports.
    root
        The project, to which paths in the record are relative.
    place
        When it was handed out; of those that wait for their turn, the lowest comes first.
    on_cell
        Called with the number of cells done and their total.

    Returns
    -------
    RunRecord
        Stored, whatever the verdict.

    Raises
    ------
    RunError, OSError
        When the result cannot be written.
    """
    store = Store(output)
    checked = with_needed(checked, store)
    with coming(place), store.staging() as staged:
        begin, record = time.monotonic(), _new_record(checked, root)
        notebook: Any = None
        if checked.failure is None:
            notebook, record = _executed(checked, record, output, staged, place, on_cell)
            if kernels.stopped():
                raise RunError("the batch was stopped", where=checked.job.id)
        record = replace(record, seconds=round(time.monotonic() - begin, 3))
        record = _written(staged, notebook, record, checked, store)
        record = _without_secrets(staged, record, checked)
        return replace(record, folder=store.commit(staged, record))


def run(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    output: str | Path | None = None,
    title: str = "",
    question: str = "",
    group: str = "Single runs",
    timeout: float | None = 3600.0,
    cell_timeout: float | None = None,
    progress: bool = True,
) -> RunRecord:
    """Run one notebook as a report, from the command line or from a cell in JupyterLab.

    Parameters
    ----------
    notebook
        Path of the notebook.
    parameters
        Name -> value; the others keep their defaults.
    output
        Folder of the reports; by default ``reports`` beside the notebook's folder.
    title, question, group
        As shown in the index; by default the notebook's own.
    timeout, cell_timeout
        Seconds for the whole notebook and for one cell; None is no limit.
    progress
        Whether to show a progress bar.

    Returns
    -------
    RunRecord
        In a notebook it shows itself as a link to the page.

    Raises
    ------
    PlanError
        When the notebook or a parameter is not valid; then nothing was started.
    RunError
        When the result cannot be written.
    """
    from journeylib.reporting.portal import publish, write_index
    from journeylib.reporting.progress import Bar

    path = Path(notebook).resolve()
    root = path.parent.parent
    folder = Path(output).resolve() if output is not None else root / "reports"
    given = dict(parameters or {})
    bind(declared(read_notebook(path), path.name), given, path.name)
    job = ReportJob(
        single_id(path, given), path, title, question, group, given, timeout, cell_timeout
    )
    job = replace(job, secrets=declared_secrets(root))
    with Bar(1, enabled=progress) as bar:
        record = run_job(check_job(job, root), folder, root, on_cell=bar.watcher(job.id))
        bar.finished(record)
    publish(Store(folder), record.report_id)
    write_index(Store(folder))
    return record


def parse_values(notebook: Path, texts: Mapping[str, str]) -> dict[str, Any]:
    """Values typed on the command line as ``name=value``, as the notebook declares them."""
    parameters = declared(read_notebook(notebook), notebook.name)
    return parse(parameters, texts, notebook.name)


def single_id(notebook: Path, given: Mapping[str, Any]) -> str:
    """Report id of a run outside a plan: the notebook and what was given, but not the cutoff.

    Examples
    --------
    >>> single_id(Path("03_churn.ipynb"), {"days": 90, "cutoff": "2018-01-01"})
    'run-03_churn-days-90'
    """
    parts = [f"{slug(k)}-{slug(v)}" for k, v in given.items() if k != "cutoff"]
    name = "-".join(["run", slug(notebook.stem), *parts])
    if len(name) > 100:
        name = f"{name[:90]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return name


def _new_record(checked: Checked, root: Path) -> RunRecord:
    job, now = checked.job, datetime.now(UTC)
    state = revision(root)
    inside = job.notebook.is_relative_to(root)
    notebook = job.notebook.relative_to(root).as_posix() if inside else str(job.notebook)
    return RunRecord(
        report_id=job.id,
        run_id=f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{uuid.uuid4().hex[:6]}",
        title=job.title or checked.heading[0] or job.id,
        question=job.question or checked.heading[1],
        group=job.group,
        notebook=notebook,
        parameters=dict(checked.parameters or job.parameters),
        verdict=checked.verdict,
        started=now.isoformat(timespec="seconds"),
        key=checked.key,
        parts=dict(checked.parts),
        fingerprint=checked.fingerprint,
        versions=keys.versions(),
        rerun=rerun_command(notebook, job.parameters),
        error=checked.failure,
        plan=job.plan,
        order=job.order,
        git=state.record if state else {},
        base=job.base,
        cell=dict(job.cell),
    )


def _executed(
    checked: Checked,
    record: RunRecord,
    output: Path,
    staged: Path,
    place: int,
    on_cell: OnCell | None,
) -> tuple[Any, RunRecord]:
    from journeylib.reporting.execute import execute

    job = checked.job
    given = {name: checked.parameters[name] for name in job.parameters}
    done = execute(
        job.notebook,
        given,
        timeout=job.timeout,
        cell_timeout=job.cell_timeout,
        memory=job.memory,
        env={"JOURNEY_REPORTS": str(output), **extras.offered(staged)},
        on_cell=on_cell,
        place=place,
    )
    record = replace(record, verdict=done.verdict, error=done.failure)
    if record.ok and _data_moved(checked):
        text = "data changed during the run: what the page says may mix old and new data"
        record = replace(record, verdict="failed", error=Failure("DataChanged", text))
    if record.ok:
        record = replace(
            record,
            findings=collect_findings(done.notebook),
            provenance=collect_provenance(done.notebook),
            checks=collect_checks(done.notebook),
        )
    return done.notebook, record


def _data_moved(checked: Checked) -> bool:
    try:
        now = keys.data_fingerprint(checked.parameters, checked.job.notebook.parent)
    except (JourneyError, OSError):
        return True
    return now != checked.fingerprint


def _written(
    staged: Path, notebook: Any, record: RunRecord, checked: Checked, store: Store
) -> RunRecord:
    """Write notebook and page; a page that cannot be rendered is a failure of its own."""
    from journeylib.reporting.render import render

    if notebook is not None:
        import nbformat

        nbformat.write(notebook, str(staged / "run.ipynb"))
    else:
        (staged / "run.ipynb").write_bytes(_bytes_of(checked.job.notebook))
    try:
        before = previous(record, store.history(record.report_id)) if record.ok else None
        page = render(record, notebook, before)
    except Exception as error:
        text = f"the page could not be rendered: {error}"
        failure = record.error or Failure(type(error).__name__, text)
        verdict = "failed" if record.ok else record.verdict
        record = replace(record, verdict=verdict, error=failure, findings=())
        page = render(record, None)
    (staged / "report.html").write_text(page, encoding="utf-8")
    return record


def _without_secrets(staged: Path, record: RunRecord, checked: Checked) -> RunRecord:
    """The record as it is, or that of a run which failed because it would have told a secret."""
    from journeylib.reporting.render import render

    secrets = leaks.secret_values(checked.job.secrets)
    files = {name: staged / name for name in ("run.ipynb", "report.html")}
    texts = {
        name: path.read_text(encoding="utf-8", errors="replace") for name, path in files.items()
    }
    texts["run.json"] = record.to_json()
    found = {name: leaks.leaked(text, secrets) for name, text in texts.items()}
    found[extras.FOLDER] = extras.keep_or_clear(staged, record.ok, secrets)
    names = sorted({n for leaked in found.values() for n in leaked})
    if not names:
        return record
    places = " and ".join(name for name, leaked in found.items() if leaked)
    text = (
        f"the value of the secret {', '.join(names)} stood in {places}, which was thrown away\n"
        "  fix: print no connection strings, and take secrets from the environment where they "
        "are used; look at what the notebook itself holds, too"
    )
    record = RunRecord.from_json(leaks.redacted(record.to_json(), secrets))
    failure = Failure("SecretFound", text)
    extras.keep_or_clear(staged, False, {})
    record = replace(record, verdict="failed", error=failure, findings=(), provenance={})
    files["run.ipynb"].write_text('{"cells": [], "metadata": {}, "nbformat": 4}')
    page = leaks.redacted(render(record, None), secrets)
    files["report.html"].write_text(page, encoding="utf-8")
    return record


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
