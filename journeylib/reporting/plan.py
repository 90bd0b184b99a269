"""The batch plan: ``reports.toml`` -> frozen jobs, or an error that names the key.

A ``[[report]]`` is a notebook with parameters; its ``matrix`` makes one job of
each combination of values. A report's id is the plan's id and the matrix cell,
but never the cutoff, so that one report can be followed while its cutoff moves.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journeylib.errors import PlanError, nearest
from journeylib.reporting.jobs import ReportJob
from journeylib.reporting.matrix import cells
from journeylib.reporting.needs import belongs, with_needs
from journeylib.reporting.records import slug

KERNELS = ("warm", "ordinary")
_BATCH: dict[str, tuple[type, ...]] = {
    "timeout": (int, float),
    "cell_timeout": (int, float),
    "workers": (int,),
    "keep": (int,),
    "notebooks": (str,),
    "output": (str,),
    "kernels": (str,),
    "memory": (int,),
    "secrets": (list,),
}
_REPORT: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "notebook": (str,),
    "title": (str,),
    "question": (str,),
    "group": (str,),
    "parameters": (dict,),
    "matrix": (dict,),
    "exclude": (list,),
    "include": (list,),
    "timeout": (int, float),
    "cell_timeout": (int, float),
    "memory": (int,),
    "needs": (list,),
}


@dataclass(frozen=True)
class Plan:
    """A validated plan.

    Parameters
    ----------
    path
        The file it was read from.
    jobs
        In the order of the file.
    output
        Folder of the reports.
    workers
        Kernels at once; None is one per core.
    keep
        Runs kept of each report.
    warm
        Whether kernels are forked from a process that has imported the analysis, where that
        can be.
    """

    path: Path
    jobs: tuple[ReportJob, ...]
    output: Path
    workers: int | None = None
    keep: int = 20
    warm: bool = True

    @property
    def root(self) -> Path:
        """The project: the folder above the plan's."""
        return self.path.parent.parent

    def only(self, names: tuple[str, ...]) -> tuple[ReportJob, ...]:
        """The jobs with these ids, or of these plan ids.

        Raises
        ------
        PlanError
            When a name is the id of no job.
        """
        ids = [job.id for job in self.jobs]
        for name in names:
            if not any(belongs(i, name) for i in ids):
                raise PlanError(
                    f"the plan has no report {name!r}", where=str(self.path), fix=nearest(name, ids)
                )
        return tuple(j for j in self.jobs if not names or any(belongs(j.id, n) for n in names))


def find_plan(start: Path | None = None) -> Path:
    """The plan to run: upwards from here, else under ``$JOURNEY_HOME``, else beside the package.

    Raises
    ------
    PlanError
        When there is none.
    """
    here = (start or Path.cwd()).resolve()
    homes = [here, *here.parents]
    if os.environ.get("JOURNEY_HOME"):
        homes.append(Path(os.environ["JOURNEY_HOME"]))
    homes.append(Path(__file__).resolve().parents[2])
    for home in homes:
        if (home / "reports" / "reports.toml").is_file():
            return home / "reports" / "reports.toml"
    raise PlanError(
        "no plan was found",
        where=f"{here} and the folders above it",
        fix="name one: journey batch path/to/reports.toml",
    )


def read_plan(path: str | Path) -> Plan:
    """Read and validate a plan.

    Parameters
    ----------
    path
        A TOML file with ``[batch]`` and ``[[report]]`` tables.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        For a missing or broken file, an unknown key, a value of the wrong type, a
        missing notebook, or two jobs with one id.
    """
    path = Path(path).resolve()
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlanError(
            "there is no such plan", where=str(path), fix="name an existing reports.toml"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlanError(f"the plan cannot be read: {error}", where=str(path)) from error
    _check(given, {"batch": (dict,), "report": (list,)}, str(path))
    batch = given.get("batch", {})
    _check(batch, _BATCH, f"{path}, [batch]")
    for key in ("workers", "keep", "memory"):
        if key in batch and batch[key] < 1:
            raise PlanError(f"{key} must be at least 1, not {batch[key]}", where=f"{path}, [batch]")
    if batch.get("kernels", "warm") not in KERNELS:
        raise PlanError(
            f"kernels must be 'warm' or 'ordinary', not {batch['kernels']!r}",
            where=f"{path}, [batch]",
            fix=nearest(batch["kernels"], KERNELS),
        )
    if not given.get("report"):
        raise PlanError("the plan has no report", where=str(path), fix="add a [[report]] table")
    jobs = tuple(
        job
        for number, table in enumerate(given["report"], 1)
        for job in _jobs(table, batch, path, number)
    )
    _need_unique(jobs, path)
    name, secrets = f"{path.parent.name}/{path.name}", _texts(batch, "secrets", f"{path}, [batch]")
    jobs = tuple(
        replace(job, plan=name, order=order, secrets=secrets) for order, job in enumerate(jobs)
    )
    jobs = with_needs(jobs, str(path))
    output = (path.parent / batch.get("output", ".")).resolve()
    warm = batch.get("kernels", "warm") == "warm"
    return Plan(path, jobs, output, batch.get("workers"), batch.get("keep", 20), warm)


def declared_secrets(root: Path) -> tuple[str, ...]:
    """Names of the secrets that a project's plan declares; none where no plan can be read."""
    try:
        text = (root / "reports" / "reports.toml").read_text(encoding="utf-8")
        named = tomllib.loads(text)["batch"]["secrets"]
    except (OSError, ValueError, LookupError, TypeError):
        return ()
    return tuple(name for name in named if isinstance(name, str))


def _jobs(table: Any, batch: Mapping[str, Any], path: Path, number: int) -> Iterator[ReportJob]:
    where = f"{path}, [[report]] number {number}"
    if not isinstance(table, dict):
        raise PlanError("a report must be a table", where=where, fix="write [[report]]")
    _check(table, _REPORT, where)
    for key in ("id", "notebook"):
        if not table.get(key):
            raise PlanError(f"the report has no {key}", where=where, fix=f"add {key} = ...")
    name = table["id"]
    if slug(name) != name:
        raise PlanError(
            f"id {name!r} cannot be a file name",
            where=where,
            fix=f"use lower-case letters, digits, '-' and '_': {slug(name)!r}",
        )
    where = f"{path}, report {name!r}"
    notebook = _notebook(table["notebook"], batch, path, where)
    for cell, cell_id in cells(table, notebook, where):
        values = {**table.get("parameters", {}), **cell}
        limits = {k: table.get(k, batch.get(k)) for k in ("timeout", "cell_timeout", "memory")}
        yield ReportJob(
            id=f"{name}-{cell_id}" if cell_id else name,
            notebook=notebook,
            title=_filled(table.get("title", ""), values, f"{where}, title"),
            question=_filled(table.get("question", ""), values, f"{where}, question"),
            group=_filled(table.get("group", ""), values, f"{where}, group"),
            parameters=values,
            timeout=3600.0 if limits["timeout"] is None else float(limits["timeout"]),
            cell_timeout=limits["cell_timeout"],
            memory=limits["memory"],
            needs=_texts(table, "needs", where),
            base=name,
            cell=cell,
        )


def _texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    given = table.get(key, [])
    if not all(isinstance(text, str) and text for text in given):
        raise PlanError(f"{key} must be a list of names, not {given!r}", where=f"{where}, {key}")
    return tuple(given)


def _notebook(name: str, batch: Mapping[str, Any], path: Path, where: str) -> Path:
    """A notebook by its name in the folder of notebooks, or by a path."""
    base = path.parent / batch.get("notebooks", "../notebooks")
    file = name if name.endswith(".ipynb") else f"{name}.ipynb"
    for folder in (base, path.parent, path.parent.parent):
        if (folder / file).is_file():
            return (folder / file).resolve()
    known = sorted(p.stem for p in base.glob("*.ipynb")) if base.is_dir() else []
    raise PlanError(
        f"there is no notebook {name!r}", where=f"{where}, notebook", fix=nearest(name, known)
    )


def _filled(text: str, values: Mapping[str, Any], where: str) -> str:
    """A title with ``{parameter}`` replaced by its value, a column's name in plain words."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value).replace("_", " "))
    if "{" in text and "}" in text[text.index("{") :]:
        left = text[text.index("{") + 1 :].split("}")[0]
        raise PlanError(
            f"{{{left}}} is not a parameter of this report", where=where, fix=nearest(left, values)
        )
    return text


def _check(table: Mapping[str, Any], keys: Mapping[str, tuple[type, ...]], where: str) -> None:
    """Every key is known and of its type."""
    words = {dict: "a table", list: "a list", str: "text", int: "a whole number", float: "a number"}
    for key, value in table.items():
        if key not in keys:
            raise PlanError(f"unknown key {key!r}", where=where, fix=nearest(key, keys))
        if not isinstance(value, keys[key]) or (isinstance(value, bool)):
            raise PlanError(
                f"{key} must be {words[keys[key][-1]]}, not {value!r}", where=f"{where}, {key}"
            )


def _need_unique(jobs: tuple[ReportJob, ...], path: Path) -> None:
    for name, count in Counter(job.id for job in jobs).items():
        if count > 1:
            raise PlanError(
                f"{count} jobs share the report id {name!r}",
                where=str(path),
                fix="give them different ids; a matrix over the cutoff alone is one report, "
                "whose cutoff moves from batch to batch",
            )
