"""How a notebook reads: thin, tagged, without numbers typed into prose or stored outputs."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
THICK = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While)
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda p: p.stem)
def notebook(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    nb = nbformat.read(request.param, as_version=4)
    nbformat.validate(nb)
    return nb


def code(nb: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [c for c in nb.cells if c.cell_type == "code"]


def tagged(nb: nbformat.NotebookNode, tag: str) -> list[nbformat.NotebookNode]:
    return [c for c in nb.cells if tag in c.metadata.get("tags", [])]


def test_there_are_notebooks() -> None:
    assert {"01_event_log", "02_time_to_purchase", "03_churn"} <= {p.stem for p in NOTEBOOKS}


def test_one_of_each_tagged_cell(notebook: nbformat.NotebookNode) -> None:
    assert len(tagged(notebook, "parameters")) == 1
    assert len(tagged(notebook, "answer")) >= 1
    assert len(tagged(notebook, "provenance")) == 1


def test_every_parameter_is_a_scalar_with_a_comment(notebook: nbformat.NotebookNode) -> None:
    source = tagged(notebook, "parameters")[0].source
    for line, node in zip(source.splitlines(), ast.parse(source).body, strict=True):
        assert isinstance(node, ast.Assign | ast.AnnAssign)
        assert isinstance(ast.literal_eval(node.value), str | int | float | bool)
        assert re.search(r"  # \w.{8,}", line), line


def test_code_is_thin(notebook: nbformat.NotebookNode) -> None:
    for cell in code(notebook):
        tree = ast.parse(cell.source)
        assert not [n for n in ast.walk(tree) if isinstance(n, THICK)], cell.source
        if "parameters" not in cell.metadata.get("tags", []):
            assert len(cell.source.splitlines()) <= 10, cell.source


def test_outputs_are_stripped(notebook: nbformat.NotebookNode) -> None:
    assert all(not c.outputs and c.execution_count is None for c in code(notebook))


def test_prose_holds_no_number(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\d", cell.source), cell.source


def test_one_title_and_headings_in_order(notebook: nbformat.NotebookNode) -> None:
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    levels = [len(h) for h in re.findall(r"^(#+) ", text, flags=re.M)]
    assert notebook.cells[0].source.startswith("# ")
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
