"""The matrix of a report: each combination of its values is one job with an id of its own."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from journeylib.errors import PlanError, nearest
from journeylib.reporting.levels import LEAST, values_of, wanted
from journeylib.reporting.records import slug


def cells(
    table: Mapping[str, Any], notebook: Path, where: str
) -> Iterator[tuple[dict[str, Any], str]]:
    """Each cell of the matrix with its part of the id; one empty cell without a matrix.

    Parameters
    ----------
    table
        A ``[[report]]`` of a plan.
    notebook
        Its notebook, from whose folder data are looked for.
    where
        The report, for messages.

    Raises
    ------
    PlanError
        When an entry is no list of values, a rule is not valid, or nothing is left.
    """
    matrix = {
        key: _values(key, values, table, notebook, f"{where}, matrix")
        for key, values in table.get("matrix", {}).items()
    }
    made = [dict(zip(matrix, combo)) for combo in itertools.product(*matrix.values())]
    for key in ("exclude", "include"):
        for rule in table.get(key, []):
            if not isinstance(rule, dict) or not rule:
                raise PlanError(f"{key} must be a list of tables", where=f"{where}, {key}")
            for name in rule if key == "exclude" else ():
                if name not in matrix:
                    raise PlanError(
                        f"exclude names {name!r}, which is not in the matrix",
                        where=f"{where}, exclude",
                        fix=nearest(name, matrix),
                    )
    kept = [c for c in made if not any(_matches(c, rule) for rule in table.get("exclude", []))]
    if not matrix:
        kept = [] if table.get("include") else [{}]
    kept += table.get("include", [])
    if not kept:
        raise PlanError("exclude leaves nothing of the matrix", where=where)
    names = _slugs(kept)
    for cell in kept:
        parts = [names[key, repr(v)] for key, v in cell.items() if key != "cutoff"]
        yield cell, "-".join(parts)


def _values(
    key: str, values: Any, table: Mapping[str, Any], notebook: Path, where: str
) -> list[Any]:
    shown = table.get("parameters", {}).get("minimum", LEAST)
    entry = wanted(values, max(shown, 1) if type(shown) is int else LEAST)
    if entry is not None:
        journey = table.get("parameters", {}).get("journey")
        return list(values_of(entry, journey, notebook.parent, f"{where}, {key}"))
    if not isinstance(values, list) or not values:
        raise PlanError(
            f"matrix key {key!r} must be a list of values, not {values!r}",
            where=where,
            fix=f'write {key} = [first, second], or {key} = "each:column"',
        )
    return values


def _slugs(made: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Each value's part of the id; where two values would share one, a hash tells them apart."""
    values = {(key, repr(v)): v for cell in made for key, v in cell.items()}
    shared = Counter((key, slug(v)) for (key, _), v in values.items())
    names = {}
    for (key, text), v in values.items():
        mark = hashlib.sha256(text.encode()).hexdigest()[:4]
        names[key, text] = slug(v) if shared[key, slug(v)] == 1 else f"{slug(v)}-{mark}"
    return names


def _matches(cell: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    return all(cell[k] == v and type(cell[k]) is type(v) for k, v in rule.items())
