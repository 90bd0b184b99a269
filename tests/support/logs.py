"""Event logs from literal tables, opened as a user would: a file and a journey file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

import journeylib as jl

STAGES = {"awareness": ["ad", "mail"], "purchase": ["purchase"], "loyalty": ["refer"]}


def rows_of(text: str) -> list[dict[str, str | None]]:
    """A literal table: blanks between columns, ``-`` for missing, ``~`` for a blank."""
    lines = [line.split() for line in text.strip().splitlines()]
    names = lines[0]
    return [
        {n: None if v == "-" else v.replace("~", " ") for n, v in zip(names, line, strict=True)}
        for line in lines[1:]
    ]


def toml(value: Any) -> str:
    """A value as TOML writes it; dates are given as text that begins with ``@``."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return value[1:] if value.startswith("@") else f'"{quoted}"'
    return repr(value)


def journey_text(names: list[str], /, **changes: Any) -> str:
    """A journey file over columns that bear our names; any table of it may be changed."""
    known = ("channel", "touchpoint", "content", "value", "score", "session", "account")
    tables: dict[str, Any] = {
        "source": {"path": "events.csv"},
        "columns": {c: c for c in ("id", "at", "event", *(k for k in known if k in names))},
        "stages": STAGES,
        "window": {"cutoff": "@2020-01-31"},
    }
    tables |= {key: value for key, value in changes.items() if isinstance(value, dict)}
    single = {"name": "test", "unit": "days"}
    single |= {key: value for key, value in changes.items() if not isinstance(value, dict)}
    lines = [f"{key} = {toml(value)}" for key, value in single.items()]
    for table, entries in tables.items():
        lines += [f"[{table}]", *(f"{toml(k)} = {toml(v)}" for k, v in entries.items())]
    return "\n".join(lines) + "\n"


def write_log(
    folder: Path,
    events: str | list[dict[str, Any]],
    /,
    *,
    customers: str | None = None,
    **changes: Any,
) -> Path:
    """Write a log and its journey file; return the journey file."""
    rows = rows_of(events) if isinstance(events, str) else events
    names = list(rows[0]) if rows else ["id", "at", "event"]
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=names).to_csv(folder / "events.csv", index=False)
    if customers is not None:
        pd.DataFrame(rows_of(customers)).to_csv(folder / "customers.csv", index=False)
        changes.setdefault("attributes", {"path": "customers.csv"})
    file = folder / "journey.toml"
    file.write_text(journey_text(names, **changes))
    return file


def open_rows(folder: Path, events: str | list[dict[str, Any]], /, **changes: Any) -> jl.EventLog:
    """Write a log and open it."""
    return jl.open_log(jl.read_journey(write_log(folder, events, **changes)))


def as_table(frame: pd.DataFrame, columns: list[str]) -> list[tuple[str, ...]]:
    """Rows as text, for comparison with a literal table."""

    def text(value: Any) -> str:
        if value is None or value != value:
            return "-"
        if isinstance(value, float):
            return f"{value:.10g}"
        return str(value).replace(" ", "~")

    return sorted(tuple(text(v) for v in row) for row in frame[columns].itertuples(index=False))


def expected_table(text: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Column names and rows of a literal table."""
    lines = [tuple(line.split()) for line in text.strip().splitlines()]
    return list(lines[0]), sorted(lines[1:])


def open_frame(folder: Path, frame: pd.DataFrame, /, **changes: Any) -> jl.EventLog:
    """Write a frame as Parquet, types and all, and open it."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(folder / "events.parquet", index=False)
    file = folder / "journey.toml"
    changes.setdefault("source", {"path": "events.parquet"})
    file.write_text(journey_text(list(frame.columns), **changes))
    return jl.open_log(jl.read_journey(file))
