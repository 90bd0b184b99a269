"""One report to be made: a notebook with the values of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ReportJob:
    """One report to be made: a notebook with the values of its parameters.

    Parameters
    ----------
    id
        Plan id and matrix cell; name of the stable link.
    notebook
        Absolute path.
    title, question, group
        As shown in the index; an empty title or question is taken from the notebook.
    parameters
        As given by the plan, not yet checked against the notebook.
    timeout, cell_timeout
        Seconds that the whole notebook and a single cell may take; None is no limit.
    memory
        MB that its kernel may hold; None is no limit.
    needs
        Ids of the reports that are made before it, because it reads their records.
    secrets
        Names of environment variables whose values no report may show.
    plan, order
        The plan it is from and its place there.
    base, cell
        The ``[[report]]`` it is from, and its values of the matrix there.
    """

    id: str
    notebook: Path
    title: str = ""
    question: str = ""
    group: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = 3600.0
    cell_timeout: float | None = None
    memory: float | None = None
    needs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    plan: str = ""
    order: int = 0
    base: str = ""
    cell: Mapping[str, Any] = field(default_factory=dict)
