"""What a notebook's metadata add to its parameters, and where the two may not differ."""

from __future__ import annotations

from typing import Any

import pytest

from journeylib.errors import PlanError
from journeylib.reporting.declared import declared
from journeylib.reporting.params import Parameter, bind

CELL = """
days: int = 90  # silence, days
by = 'age'  # groups
share = 0.5
kind: Literal['a', 'b'] = 'a'
"""


def parameters(**told: Any) -> tuple[Parameter, ...]:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": CELL}
    return declared({"cells": [cell], "metadata": {"journey": {"parameters": told}}}, "x.ipynb")


def test_label_choices_and_bounds_are_taken_over() -> None:
    found = parameters(
        days={"label": "Silence", "type": "int", "minimum": 1, "maximum": 365},
        by={"choices": ["age", "region"]},
    )
    assert (found[0].label, found[0].wanted) == ("Silence", "int, at least 1, at most 365")
    assert (found[0].comment, found[0].default) == ("silence, days", 90)
    assert found[1].choices == ("age", "region")
    assert bind(found, {"days": 365, "by": "region"}, "x")["days"] == 365


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"days": 0}, "'days' must be int, at least 1, at most 365, not 0"),
        ({"days": 366}, "at most 365"),
        ({"by": "income"}, "one of 'age', 'region'"),
    ],
)
def test_values_outside_do_not_pass(given: dict[str, Any], words: str) -> None:
    found = parameters(days={"minimum": 1, "maximum": 365}, by={"choices": ["age", "region"]})
    with pytest.raises(PlanError, match=words):
        bind(found, given, "x.ipynb")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"dayz": {}}, "'dayz' is no parameter .*\n.*\n.*did you mean 'days'"),
        ({"days": {"type": "float"}}, "the type is float here and int in the cell"),
        ({"days": {"minimum": 100}}, "own value 90 is not allowed here"),
        ({"by": {"choices": ["region"]}}, "own value 'age' is not allowed here"),
        ({"kind": {"choices": ["a", "c"]}}, r"\['a', 'c'\] here and \['a', 'b'\] in the cell"),
        ({"by": {"maximum": 3}}, "bounds here, but the cell declares str"),
        ({"days": {"min": 3}}, "unknown key 'min'"),
        ({"days": {"minimum": "3"}}, "minimum cannot be '3'"),
        ({"days": 3}, "must be a table"),
    ],
)
def test_drift_is_an_error(told: dict[str, Any], words: str) -> None:
    with pytest.raises(PlanError, match=words):
        parameters(**told)
