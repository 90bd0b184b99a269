"""Notebooks for tests, from a few lines: text starts with ``#``, code may carry a tag."""

from __future__ import annotations

from pathlib import Path

import nbformat

Cell = str | tuple[str, str]


def write_book(path: Path, *cells: Cell) -> Path:
    """Write a notebook; a pair is ``(tag, code)``, a text that starts with ``# `` is Markdown."""
    book = nbformat.v4.new_notebook()
    for cell in cells:
        if isinstance(cell, tuple):
            book.cells.append(nbformat.v4.new_code_cell(cell[1], metadata={"tags": [cell[0]]}))
        elif cell.startswith("#"):
            book.cells.append(nbformat.v4.new_markdown_cell(cell))
        else:
            book.cells.append(nbformat.v4.new_code_cell(cell))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, str(path))
    return path


def emit(**data: object) -> str:
    """Code that displays a MIME bundle; ``finding=...`` and ``provenance=...`` are ours."""
    names = {
        "finding": "application/vnd.journey.finding+json",
        "provenance": "application/vnd.journey.provenance+json",
        "html": "text/html",
        "markdown": "text/markdown",
        "plain": "text/plain",
    }
    bundle = {names[name]: value for name, value in data.items()}
    return f"from IPython.display import display\ndisplay({bundle!r}, raw=True)"
