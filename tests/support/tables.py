"""Several literal tables as the files of one journey, its file written out as a user would."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pandas as pd
from logs import rows_of

import journeylib as jl


def write_tables(folder: Path, journey: str, **tables: str) -> Path:
    """Write each literal table as ``<name>.csv`` and the journey file beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        pd.DataFrame(rows_of(text)).to_csv(folder / f"{name}.csv", index=False)
    file = folder / "journey.toml"
    file.write_text(textwrap.dedent(journey), encoding="utf-8")
    return file


def open_tables(folder: Path, journey: str, **tables: str) -> jl.EventLog:
    """Write a journey and its tables, and open it."""
    return jl.open_log(jl.read_journey(write_tables(folder, journey, **tables)))


def day_rows(log: jl.EventLog) -> pd.DataFrame:
    """The log's rows with moments as text, midnight as a date."""
    frame = log.table.to_pandas()
    frame["at"] = (
        pd.to_datetime(frame["at"]).dt.strftime("%Y-%m-%dT%H:%M").str.removesuffix("T00:00")
    )
    return frame
