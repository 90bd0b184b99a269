"""Parameters: what a cell declares, and which values pass."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from journeylib.errors import PlanError
from journeylib.reporting.declared import declared, read_notebook
from journeylib.reporting.params import Parameter, bind, parse


def notebook(text: str, tag: str = "parameters") -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": {"tags": [tag]}, "source": text.splitlines(True)}
    return {"cells": [{"cell_type": "markdown", "metadata": {}, "source": "# x"}, cell]}


def parameters(text: str) -> tuple[Parameter, ...]:
    return declared(notebook(text), "x.ipynb")


@pytest.mark.parametrize(
    ("line", "name", "kind", "default", "optional", "choices", "comment"),
    [
        ('journey: str = "cdnow"  # file', "journey", "str", "cdnow", False, (), "file"),
        ("days: int = 90", "days", "int", 90, False, (), ""),
        ("days = 90  # silence, days", "days", "int", 90, False, (), "silence, days"),
        ("horizon: float = 30  # days", "horizon", "float", 30, False, (), "days"),
        ("low = -1.5", "low", "float", -1.5, False, (), ""),
        ("strict = True", "strict", "bool", True, False, (), ""),
        ("by: str | None = None  # groups", "by", "str", None, True, (), "groups"),
        ("by: Optional[str] = 'a'", "by", "str", "a", True, (), ""),
        ("by = None", "by", "any", None, True, (), ""),
        ("unit: Literal['d', 'w'] = 'd'", "unit", "str", "d", False, ("d", "w"), ""),
        ("# the rule\n# of it\ndays = 90", "days", "int", 90, False, (), "the rule of it"),
        ('name = "a # b"  # c', "name", "str", "a # b", False, (), "c"),
    ],
)  # fmt: skip
def test_a_line_declares(
    line: str, name: str, kind: str, default: object, optional: bool, choices: tuple, comment: str
) -> None:
    assert parameters(line) == (Parameter(name, kind, default, comment, optional, choices),)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("days = 3 * 30", "'days'"),
        ("by = ['a', 'b']", "'by'"),
        ("days: list = 3", "'days' is declared as list"),
        ("days: int = 'x'", "must be int, not 'x'"),
        ("import os", "line 1 is not a parameter"),
        ("a = b = 1", "line 1 is not a parameter"),
        ("days = = 1", "not valid Python"),
    ],
)
def test_a_line_that_is_no_parameter(line: str, words: str) -> None:
    with pytest.raises(PlanError, match=words) as caught:
        parameters(line)
    assert "x.ipynb" in str(caught.value)


def test_a_cell_without_the_tag_declares_nothing() -> None:
    assert declared(notebook("days = 90", tag="other"), "x.ipynb") == ()
    with pytest.raises(PlanError, match="no parameter 'days'") as caught:
        bind((), {"days": 1}, "x.ipynb")
    assert "tag a cell" in str(caught.value)


KNOWN = parameters(
    "journey: str = 'cdnow'\ndays: int = 90\nshare: float = 0.5\nstrict = True\n"
    "by: str | None = None\nunit: Literal['days', 'weeks'] = 'days'"
)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("days", 30, 30),
        ("share", 1, 1.0),
        ("share", 0.25, 0.25),
        ("strict", False, False),
        ("by", "age", "age"),
        ("by", None, None),
        ("unit", "weeks", "weeks"),
        ("journey", datetime.date(2018, 1, 31), "2018-01-31"),
        ("journey", "x", "x"),
    ],
)
def test_values_that_pass(name: str, given: object, expected: object) -> None:
    bound = bind(KNOWN, {name: given}, "x.ipynb")
    assert bound[name] == expected
    assert type(bound[name]) is type(expected)
    others = {p.name: p.default for p in KNOWN if p.name != name}
    assert {k: v for k, v in bound.items() if k != name} == others


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("days", 30.0, "int"),
        ("days", "30", "int"),
        ("days", True, "int"),
        ("days", None, "int"),
        ("days", datetime.date(2018, 1, 1), "int"),
        ("share", float("nan"), "float"),
        ("share", float("inf"), "float"),
        ("strict", 1, "bool"),
        ("journey", 3, "str"),
        ("journey", ["a"], "str"),
        ("by", 3, "str or none"),
        ("unit", "years", "one of 'days', 'weeks'"),
    ],
)
def test_values_that_do_not(name: str, given: object, wanted: str) -> None:
    with pytest.raises(PlanError, match=f"{name!r} must be {wanted}, not") as caught:
        bind(KNOWN, {name: given}, "x.ipynb")
    assert "x.ipynb" in str(caught.value)
    assert caught.value.exit_code == 7


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(PlanError, match="no parameter 'dayz'") as caught:
        bind(KNOWN, {"dayz": 30}, "03_churn.ipynb")
    text = str(caught.value)
    assert "03_churn.ipynb" in text
    assert "did you mean 'days'?" in text
    assert "share" in text


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("days", "30", 30),
        ("share", "1", 1.0),
        ("share", "1e-2", 0.01),
        ("strict", "no", False),
        ("strict", "True", True),
        ("by", "none", None),
        ("by", "age", "age"),
        ("journey", "none", "none"),
        ("journey", "007", "007"),
    ],
)
def test_texts_from_the_command_line(name: str, text: str, expected: object) -> None:
    value = parse(KNOWN, {name: text}, "x.ipynb")[name]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("name", "text"), [("days", "many"), ("days", "3.5"), ("strict", "maybe")])
def test_texts_that_cannot_be_read(name: str, text: str) -> None:
    with pytest.raises(PlanError, match=f"{name!r} must be"):
        parse(KNOWN, {name: text}, "x.ipynb")


def test_a_missing_or_broken_notebook(tmp_path: Path) -> None:
    (tmp_path / "churn.ipynb").write_text("{")
    with pytest.raises(PlanError, match=r"no notebook 'chrun\.ipynb'") as caught:
        read_notebook(tmp_path / "chrun.ipynb")
    assert "did you mean 'churn.ipynb'?" in str(caught.value)
    with pytest.raises(PlanError, match="cannot be read"):
        read_notebook(tmp_path / "churn.ipynb")
    (tmp_path / "churn.ipynb").write_text("[]")
    with pytest.raises(PlanError, match="not a notebook"):
        read_notebook(tmp_path / "churn.ipynb")
