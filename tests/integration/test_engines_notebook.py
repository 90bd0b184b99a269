"""One journey file with only its source changed: the same findings in the notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import raw
from engines import DUCKDB, Engine
from logs import journey_text

from journeylib.reporting import run
from journeylib.reporting.records import collect_findings

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "02_time_to_purchase.ipynb"
ASKED = {"origin": "purchase", "event": "purchase", "occurrence": 2,
         "by": "origin_month", "horizon": 180.0}  # fmt: skip


def findings(engine: Engine, folder: Path, file: Path, tables: dict[str, Any]) -> list[dict]:
    """What the notebook finds where the engine keeps the rows."""
    folder.mkdir()
    journey = folder / "journey.toml"
    journey.write_text(journey_text([], **tables, source=engine.source(file)))
    given = {**ASKED, "journey": str(journey)}
    record = run(NOTEBOOK, given, output=folder / "reports", progress=False)
    assert record.verdict == "ok", record.error
    return collect_findings(nbformat.read(record.folder / "run.ipynb", as_version=4))


def test_only_the_source_is_another(engine: Engine, shared: Path, tmp_path: Path) -> None:
    file, tables = raw.cdnow(shared / "data", tmp_path / "rows")
    here = findings(DUCKDB, tmp_path / "parquet", file, tables)
    there = findings(engine, tmp_path / engine.name, file, tables)
    assert there == here
    shares = [f for f in here if f["name"].startswith("reach the second purchase within")]
    assert shares[0]["n"] == 23_570 and len(shares) > 3
