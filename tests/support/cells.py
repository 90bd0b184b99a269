"""The code of a notebook, run here and not in a kernel: quick, and its names can be looked at."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def run_cells(notebook: str, **given: Any) -> dict[str, Any]:
    """Run all code cells with parameters; every name that they set, and ``shown``.

    ``shown`` holds the value of the last expression of each cell, where there is one.
    """
    book = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4)
    names: dict[str, Any] = {}
    shown: list[Any] = []
    for cell in (c for c in book.cells if c.cell_type == "code"):
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, notebook, "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), notebook, "eval"), names)
            shown.extend([] if value is None else [value])
        if "parameters" in cell.metadata.get("tags", []):
            unknown = set(given) - set(names)
            assert not unknown, unknown
            names.update(given)
    plt.close("all")
    return {**names, "shown": shown}
