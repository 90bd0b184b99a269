"""Parameters: values checked against what a notebook declares, before a kernel starts.

Values are JSON scalars, because that is all that arrives in a kernel as it was sent.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from journeylib.errors import PlanError, nearest

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


def bind(
    parameters: tuple[Parameter, ...], given: Mapping[str, Any], where: str
) -> dict[str, Scalar]:
    """Check values against the declaration; the result holds every declared parameter.

    Parameters
    ----------
    parameters
        From :func:`journeylib.reporting.declared.declared`.
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
        p.name: checked(p, given[p.name], where) if p.name in given else p.default
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


def checked(parameter: Parameter, value: Any, where: str) -> Scalar:
    """The value as its declared type; an error where it is none."""
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
