"""A job before it runs: is it valid, does it have to run, and which key would its run have?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from journeylib.errors import JourneyError, PlanError
from journeylib.reporting import digest, keys, leaks
from journeylib.reporting.declared import declared, read_notebook
from journeylib.reporting.jobs import ReportJob
from journeylib.reporting.params import Scalar, bind
from journeylib.reporting.records import (
    Failure,
    source,
)
from journeylib.reporting.store import Store

NEEDED = "needed reports"


@dataclass(frozen=True)
class Checked:
    """A job whose notebook and parameters were checked, with the hashes that tell it from others.

    Parameters
    ----------
    job
        The job.
    parameters
        Every parameter of the notebook with its value; empty when ``failure`` is set.
    parts, fingerprint
        Ingredients of the run key, and the fingerprint of the data among them.
    heading
        Title and question that the notebook itself has.
    verdict, failure
        ``ok`` so far, or why no kernel need be started.
    """

    job: ReportJob
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str | None = None
    heading: tuple[str, str] = ("", "")
    verdict: str = "ok"
    failure: Failure | None = None

    @property
    def key(self) -> str:
        """The run key; empty where the job cannot run."""
        return "" if self.failure else keys.run_key(self.parts)


def check_job(job: ReportJob, root: Path) -> Checked:
    """Check a job against its notebook and its data, without starting anything.

    Never raises for what is wrong with the job: the verdict says it, so that one
    bad job does not keep the others from running.
    """
    try:
        notebook = read_notebook(job.notebook)
        values = bind(declared(notebook, job.notebook.name), job.parameters, job.notebook.name)
    except PlanError as error:
        return Checked(job, verdict="invalid", failure=Failure(type(error).__name__, str(error)))
    heading = _heading(notebook)
    try:
        fingerprint = keys.data_fingerprint(values, job.notebook.parent)
        found = leaks.addresses(values, job.notebook.parent)
        job = replace(job, secrets=tuple(dict.fromkeys([*job.secrets, *found])))
    except (JourneyError, OSError) as error:
        failure = Failure(type(error).__name__, str(error))
        return Checked(job, values, heading=heading, verdict="failed", failure=failure)
    titles = (job.title, job.question, job.group)
    parts = keys.key_parts(notebook, values, fingerprint, titles, root / "requirements.lock")
    return Checked(job, values, parts, fingerprint, heading)


def why_run(checked: Checked, store: Store, force: bool = False) -> str:
    """Why a job has to run; empty where its last run still stands."""
    if checked.failure is not None:
        return checked.verdict
    if force:
        return "forced"
    last = store.latest(checked.job.id)
    if last is None:
        return "never run"
    if not last.ok:
        return f"last run {last.verdict.replace('_', ' ')}"
    if not store.is_whole(last):
        return "its files are gone"
    names = keys.changed(last.parts, with_needed(checked, store).parts)
    if names == [NEEDED]:
        return "a report it needs is newer"
    return f"{', '.join(names)} changed" if names else ""


def with_needed(checked: Checked, store: Store) -> Checked:
    """The job with what the reports that it needs say by now as one more ingredient of its key.

    What they say counts, not when they said it: a needed report that was merely made once
    more leaves the key as it was.
    """
    if checked.failure is not None or not checked.job.needs:
        return checked
    latest = (store.latest(name) for name in checked.job.needs)
    said = digest.contents(record for record in latest if record is not None)
    return replace(checked, parts={**checked.parts, NEEDED: said})


def _heading(notebook: Mapping[str, Any]) -> tuple[str, str]:
    """Title and question from the first text cell of a notebook."""
    from journeylib.reporting.story import split_heading

    for cell in notebook["cells"]:
        if cell.get("cell_type") == "markdown":
            title, question, _ = split_heading(source(cell))
            return title, question
    return "", ""
