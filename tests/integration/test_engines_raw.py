"""Real logs from their raw rows on PostgreSQL and Spark: the same spells as on DuckDB.

DuckDB's are held against the derived tables and R in ``tests/gold``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import raw
from engines import DUCKDB, Engine

import journeylib as jl


def both(
    engine: Engine, shared: Path, folder: Path, which: Callable[..., Any]
) -> tuple[jl.EventLog, jl.EventLog]:
    """One journey file whose rows are in two places."""
    file, tables = which(shared / "data", folder)
    places = {"there": engine, "here": DUCKDB}
    there, here = (
        raw.opened(folder / name, place.source(file), tables) for name, place in places.items()
    )
    return there, here


def same(there: jl.Spells, here: jl.Spells) -> pd.DataFrame:
    """Identical rows, to the last bit, and the same audit."""
    rows = [
        spells.frame.sort_values(["id", "start", "stop"], ignore_index=True).assign(
            id=lambda f: f["id"].astype(str)
        )
        for spells in (there, here)
    ]
    pd.testing.assert_frame_equal(*rows, check_dtype=False, check_exact=True)
    assert there.audit == here.audit
    assert there.lazy
    return rows[0]


def test_invoices(
    engine: Engine, shared: Path, tmp_path: Path, shared_csv: Callable[[str], pd.DataFrame]
) -> None:
    there, here = (
        jl.gather(log, "InvoiceNo") for log in both(engine, shared, tmp_path, raw.online_retail)
    )
    causes = {"repeat": "invoice", "cancel": "cancellation"}
    frame = same(*(jl.exits(log, "invoice", causes, prior="after") for log in (there, here)))
    known = shared_csv("online_retail_survival.csv.gz").set_index("CustomerID").sort_index()
    ours = frame.astype({"id": int}).set_index("id").sort_index()
    assert (ours["stop"] - known["time"]).abs().max() < 1e-8
    assert (ours["cause"] == known["cause"]).all()


def applications(data: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Loans without the steps of the office, which no question here asks for."""
    file, tables = raw.bpic(data, folder)
    rows = pd.read_parquet(file)
    folder.mkdir(parents=True, exist_ok=True)
    rows[~rows["activity"].str.startswith("W_")].to_parquet(folder / "loans.parquet", index=False)
    return folder / "loans.parquet", tables


def test_loans(engine: Engine, shared: Path, tmp_path: Path) -> None:
    logs = both(engine, shared, tmp_path, applications)
    ends = ("approved", "declined", "cancelled")
    spells = [jl.exits(log, "submitted", ends) for log in logs]
    assert len(same(*spells)) == 13_087
    same(*(jl.with_exposure(s, log, "O_SENT", "offer") for s, log in zip(spells, logs)))
    same(*(jl.stages(log, terminal=ends) for log in logs))


def test_purchases(engine: Engine, shared: Path, tmp_path: Path) -> None:
    logs = both(engine, shared, tmp_path, raw.cdnow)
    assert len(same(*(jl.repeats(log, "purchase") for log in logs))) == 67_536
    spells = [jl.churn(log) for log in logs]
    assert int(same(*spells)["cause"].sum()) == 21_788
    second = [jl.time_to(log, "purchase", origin="purchase", occurrence=2) for log in logs]
    curves = [jl.survival_curve(s).frame for s in second]
    pd.testing.assert_frame_equal(*curves, check_exact=True)
