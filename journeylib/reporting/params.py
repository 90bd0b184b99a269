"""Parameters: what a notebook declares, and values checked against it before a kernel starts.

The cell tagged ``parameters`` is read as text, never run: each line is
``name: type = literal  # what it is and its unit``. Values are JSON scalars,
because that is all that arrives in a kernel as it was sent.
"""

from __future__ import annotations

import ast
import datetime
import io
import json
import math
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journeylib.errors import PlanError, nearest
from journeylib.reporting.records import source, tags

Scalar = str | int | float | bool | None
TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter.

    Parameters
    ----------
    name
        As in the cell.
    type
        ``"str"``, ``"int"``, ``"float"``, ``"bool"``, or ``"any"`` where only None is known.
    default
        The value in the cell.
    comment
        What it is and its unit.
    optional
        Whether None is allowed.
    choices
        The values allowed, by ``Literal[...]`` or the notebook's metadata; empty where any is.
    label
        What it is called for people; the metadata's.
    minimum, maximum
        Bounds of a number, themselves allowed; the metadata's.
    """

    name: str
    type: str
    default: Scalar
    comment: str = ""
    optional: bool = False
    choices: tuple[Scalar, ...] = ()
    label: str = ""
    minimum: float | None = None
    maximum: float | None = None

    @property
    def wanted(self) -> str:
        """Its type in words."""
        if self.choices:
            return "one of " + ", ".join(repr(c) for c in self.choices)
        words = "str, int, float or bool" if self.type == "any" else self.type
        if self.minimum is not None:
            words += f", at least {self.minimum:g}"
        if self.maximum is not None:
            words += f", at most {self.maximum:g}"
        return words + (" or none" if self.optional else "")

    def allows(self, value: Scalar) -> bool:
        """Whether a value of the right type is among the choices and within the bounds."""
        if value is None:
            return True
        if isinstance(value, int | float) and not isinstance(value, bool):
            low, high = self.minimum, self.maximum
            if (low is not None and value < low) or (high is not None and value > high):
                return False
        return not self.choices or value in self.choices


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


def bind(
    parameters: tuple[Parameter, ...], given: Mapping[str, Any], where: str
) -> dict[str, Scalar]:
    """Check values against the declaration; the result holds every declared parameter.

    Parameters
    ----------
    parameters
        From :func:`declared`.
    given
        Name -> value. An int is fine where a float is declared; a date becomes ISO text.
    where
        The notebook, for messages.

    Raises
    ------
    PlanError
        For an unknown name or a value of another type, naming what is allowed.

    Examples
    --------
    >>> bind((Parameter("days", "int", 90), Parameter("share", "float", 0.5)), {"share": 1}, "x")
    {'days': 90, 'share': 1.0}
    """
    known = {p.name: p for p in parameters}
    for name in given:
        if name not in known:
            fix = nearest(name, known) if known else "tag a cell of the notebook 'parameters'"
            raise PlanError(
                f"the notebook has no parameter {name!r}", where=f"{where}, {name}", fix=fix
            )
    return {
        p.name: _checked(p, given[p.name], where) if p.name in given else p.default
        for p in parameters
    }


def parse(
    parameters: tuple[Parameter, ...], texts: Mapping[str, str], where: str
) -> dict[str, Any]:
    """Values typed on the command line, as the declared types.

    Examples
    --------
    >>> parse((Parameter("days", "int", 90), Parameter("by", "str", None, optional=True)),
    ...       {"days": "30", "by": "none"}, "x.ipynb")
    {'days': 30, 'by': None}
    """
    known = {p.name: p for p in parameters}
    return {
        name: _parsed(known[name], text, where) if name in known else text
        for name, text in texts.items()
    }


def _parsed(parameter: Parameter, text: str, where: str) -> Scalar:
    if parameter.optional and text.lower() in ("none", "null", ""):
        return None
    try:
        if parameter.type == "bool":
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[
                text.lower()
            ]
        if parameter.type in ("int", "float"):
            return TYPES[parameter.type](text)
    except (ValueError, KeyError):
        raise _ill_typed(parameter, text, where) from None
    return text


def _checked(parameter: Parameter, value: Any, where: str) -> Scalar:
    if isinstance(value, datetime.date | datetime.time) and parameter.type in ("str", "any"):
        value = value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool) and parameter.type == "float":
        value = float(value)
    if value is None:
        fine = parameter.optional
    elif parameter.type == "any":
        fine = type(value) in TYPES.values()
    else:
        fine = type(value) is TYPES[parameter.type]
    if isinstance(value, float) and not math.isfinite(value):
        fine = False
    fine = fine and parameter.allows(value)
    if not fine:
        raise _ill_typed(parameter, value, where)
    return value


def _ill_typed(parameter: Parameter, value: object, where: str) -> PlanError:
    return PlanError(
        f"parameter {parameter.name!r} must be {parameter.wanted}, not {value!r}",
        where=f"{where}, {parameter.name}",
        fix=f"for instance {parameter.name} = {json.dumps(parameter.default)}"
        + (f"  ({parameter.comment})" if parameter.comment else ""),
    )


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
        default = _checked(parameter, default, where)
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
