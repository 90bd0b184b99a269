"""What a notebook declares: its cell tagged ``parameters``, and what its metadata add to that.

The cell is read as text, never run: each line is ``name: type = literal  # what it is and its
unit``. The notebook's metadata may add labels, choices and bounds, and must agree with the cell.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from journeylib.errors import PlanError, nearest
from journeylib.reporting.params import TYPES, Parameter, Scalar, checked
from journeylib.reporting.records import source, tags


def read_notebook(path: Path) -> dict[str, Any]:
    """Read a notebook file as plain JSON, which is quick.

    Raises
    ------
    PlanError
        When the file is missing or is no notebook of format 4.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlanError(
            f"there is no notebook {path.name!r}",
            where=str(path.parent),
            fix=nearest(path.name, sorted(p.name for p in path.parent.glob("*.ipynb"))),
        ) from None
    except (OSError, ValueError) as error:
        raise PlanError(
            f"the notebook cannot be read: {error}",
            where=str(path),
            fix="open it in JupyterLab and save it again, or restore it from version control",
        ) from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise PlanError(
            "this file is not a notebook of format 4: it has no list of cells",
            where=str(path),
            fix="open it in JupyterLab and save it again",
        )
    return notebook


def _is_cell(cell: Any) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and isinstance(cell.get("metadata"), dict)
        and isinstance(cell.get("source"), str | list)
    )


def declared(notebook: Mapping[str, Any], where: str) -> tuple[Parameter, ...]:
    """The parameters that a notebook declares, in the order of its cell.

    Parameters
    ----------
    notebook
        A notebook as JSON.
    where
        Its path, for messages.

    Raises
    ------
    PlanError
        When the cell holds anything but ``name: type = literal``, or the notebook's metadata
        (``journey.parameters``: name -> label, type, choices, minimum, maximum) do not fit it.

    Examples
    --------
    >>> text = "days: int = 90  # silence that counts as churn, days"
    >>> cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": text}
    >>> declared({"cells": [cell]}, "x.ipynb")[0].wanted
    'int'
    """
    cell = next((c for c in notebook["cells"] if "parameters" in tags(c)), None)
    if cell is None:
        return refined((), notebook, where)
    text, place = source(cell), f"{where}, cell tagged 'parameters'"
    try:
        lines = ast.parse(text).body
        comments = _comments(text)
    except (SyntaxError, tokenize.TokenError) as error:
        raise PlanError(f"the cell is not valid Python: {error}", where=place) from error
    found = tuple(_parameter(line, comments, place) for line in lines if not _is_docstring(line))
    return refined(found, notebook, where)


def refined(
    parameters: tuple[Parameter, ...], notebook: Mapping[str, Any], where: str
) -> tuple[Parameter, ...]:
    """The parameters with what the notebook's metadata add; an error where the two drifted apart.

    Examples
    --------
    >>> told = {"journey": {"parameters": {"days": {"label": "Silence", "minimum": 1}}}}
    >>> refined((Parameter("days", "int", 90),), {"metadata": told}, "x.ipynb")[0].wanted
    'int, at least 1'
    """
    metadata = notebook.get("metadata", {}).get("journey", {})
    told = metadata.get("parameters", {}) if isinstance(metadata, Mapping) else {}
    place, known = f"{where}, metadata journey.parameters", {p.name: p for p in parameters}
    for name, extra in told.items():
        if name not in known:
            raise PlanError(
                f"{name!r} is no parameter of the cell tagged 'parameters'",
                where=place,
                fix=nearest(name, known) if known else "take it out",
            )
        known[name] = _refined(known[name], extra, f"{place}, {name}")
    return tuple(known.values())


_EXTRA = {"label": str, "type": str, "choices": list, "minimum": float, "maximum": float}


def _refined(parameter: Parameter, extra: Any, where: str) -> Parameter:
    if not isinstance(extra, Mapping):
        raise PlanError("what is told of a parameter must be a table", where=where)
    for key, value in extra.items():
        if key not in _EXTRA:
            raise PlanError(f"unknown key {key!r}", where=where, fix=nearest(key, _EXTRA))
        number = _EXTRA[key] is float and type(value) in (int, float)
        if not number and not isinstance(value, _EXTRA[key]):
            raise PlanError(f"{key} cannot be {value!r}", where=f"{where}, {key}")
    choices = tuple(extra.get("choices", parameter.choices))
    made = replace(
        parameter,
        choices=choices,
        label=extra.get("label", ""),
        minimum=extra.get("minimum"),
        maximum=extra.get("maximum"),
    )
    drift = ""
    if extra.get("type", parameter.type) != parameter.type:
        drift = f"the type is {extra['type']} here and {parameter.type} in the cell"
    elif parameter.choices and set(choices) != set(parameter.choices):
        drift = f"the choices are {list(choices)} here and {list(parameter.choices)} in the cell"
    elif parameter.type not in ("int", "float") and {"minimum", "maximum"} & set(extra):
        drift = f"there are bounds here, but the cell declares {parameter.type}"
    elif not made.allows(parameter.default):
        drift = f"the cell's own value {parameter.default!r} is not allowed here"
    if drift:
        raise PlanError(
            f"metadata and cell have drifted apart: {drift}", where=where, fix="make them agree"
        )
    return made


def _is_docstring(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def _parameter(line: ast.stmt, comments: Mapping[int, str], where: str) -> Parameter:
    annotation: ast.expr | None = None
    if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
        name, value, annotation = line.target.id, line.value, line.annotation
    elif (
        isinstance(line, ast.Assign)
        and len(line.targets) == 1
        and isinstance(line.targets[0], ast.Name)
    ):
        name, value = line.targets[0].id, line.value
    else:
        raise PlanError(
            f"line {line.lineno} is not a parameter: {ast.unparse(line)}",
            where=where,
            fix="write one 'name: type = value  # what it is' per line and nothing else",
        )
    try:
        default = ast.literal_eval(value) if value is not None else None
    except ValueError:
        default = ...
    if default is not None and type(default) not in TYPES.values():
        raise PlanError(
            f"the value of parameter {name!r} is no text, number, truth value or None",
            where=where,
            fix="write a plain literal; make dates, lists and paths of it in the next cell",
        )
    kind, optional, choices = _annotated(annotation, default, name, where)
    comment = comments.get(line.end_lineno or line.lineno, "") or comments.get(-line.lineno, "")
    parameter = Parameter(name, kind, default, comment, optional, choices)
    if annotation is not None and value is not None:
        default = checked(parameter, default, where)
    return Parameter(name, kind, default, comment, optional, choices)


def _annotated(
    annotation: ast.expr | None, default: Any, name: str, where: str
) -> tuple[str, bool, tuple[Scalar, ...]]:
    """Type, whether None is allowed, and choices."""
    if annotation is None:
        return ("any", True, ()) if default is None else (type(default).__name__, False, ())
    text = ast.unparse(annotation).strip("'\"").replace("typing.", "").replace(" ", "")
    optional = text.endswith("|None") or text.startswith(("None|", "Optional["))
    base = text.removesuffix("|None").removeprefix("None|")
    base = base.removeprefix("Optional[").removesuffix("]") if "Optional[" in base else base
    if base in TYPES:
        return base, optional, ()
    if base.startswith("Literal["):
        node = ast.parse(base, mode="eval").body
        assert isinstance(node, ast.Subscript)
        values = ast.literal_eval(node.slice)
        choices = values if isinstance(values, tuple) else (values,)
        return type(choices[0]).__name__, optional or None in choices, choices
    raise PlanError(
        f"parameter {name!r} is declared as {text}, which cannot be passed to a notebook",
        where=where,
        fix="use str, int, float or bool, optionally '| None', or Literal[...]",
    )


def _comments(text: str) -> dict[int, str]:
    """Comments by line; a comment on a line of its own belongs to the next line (as ``-line``)."""
    found: dict[int, str] = {}
    waiting: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            words = token.string.lstrip("#").strip()
            if token.line.strip().startswith("#"):
                waiting.append(words)
            else:
                found[token.start[0]] = words
        elif token.type == tokenize.NAME and waiting:
            found[-token.start[0]] = " ".join(waiting)
            waiting = []
    return found
