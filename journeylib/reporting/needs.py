"""Which reports are made before which: those whose records another one reads."""

from __future__ import annotations

import graphlib
from dataclasses import replace

from journeylib.errors import PlanError, nearest
from journeylib.reporting.jobs import ReportJob


def with_needs(jobs: tuple[ReportJob, ...], where: str) -> tuple[ReportJob, ...]:
    """The jobs with ``needs`` as ids of jobs: ``"*"`` is every report that does not say so itself.

    Raises
    ------
    PlanError
        When a need is the id of no job, or reports need each other in a circle.
    """
    ids = [job.id for job in jobs]
    others = [job.id for job in jobs if "*" not in job.needs]
    found = []
    for job in jobs:
        needed: dict[str, None] = {}
        for name in job.needs:
            known = others if name == "*" else [i for i in ids if belongs(i, name)]
            if not known and name != "*":
                raise PlanError(
                    f"the report needs {name!r}, which is no report of the plan",
                    where=f"{where}, report {job.id!r}, needs",
                    fix=nearest(name, ids),
                )
            needed.update(dict.fromkeys(known))
        needed.pop(job.id, None)
        found.append(replace(job, needs=tuple(needed)))
    order = graphlib.TopologicalSorter({job.id: job.needs for job in found})
    try:
        order.prepare()
    except graphlib.CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise PlanError(
            f"reports need each other: {circle}", where=where, fix="take one 'needs' out"
        ) from None
    return tuple(found)


def belongs(job_id: str, name: str) -> bool:
    """Whether a name is the job's own id, or that of the plan's entry it is a cell of."""
    return job_id == name or job_id.startswith(f"{name}-")
