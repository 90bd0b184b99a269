"""Folders of reports as batches leave them, without running one: records with a history.

Every finding is a share among customers of whom each run has seen more, so that each run
contains the one before, as a log that grows makes it.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from journeylib.reporting.records import Failure, RunRecord
from journeylib.reporting.store import Store

GROUPS = ("e-mail", "search", "display")


def put(store: Store, *records: RunRecord) -> None:
    """Store runs with a page that says no more than their id."""
    for record in records:
        folder = store.folder(record)
        folder.mkdir(parents=True)
        (folder / "report.html").write_text(f"<!--journey:notice--><h1>{record.run_id}</h1>")
        (folder / "run.ipynb").write_text("{}")
        (folder / "run.json").write_text(record.to_json())
        page = f"<!DOCTYPE html><title>{record.report_id}</title><a href='index.html'>All</a>"
        (store.root / f"{record.report_id}.html").write_text(page)


def share(name: str, value: float, n: int, group: str | None = None) -> dict[str, Any]:
    """A share among n customers, in percent, with its plain interval."""
    error = math.sqrt(value * (1 - value) / n)
    low, high = value - 1.96 * error, value + 1.96 * error
    return {"name": name, "value": 100 * value, "low": 100 * low, "high": 100 * high,
            "unit": "%", "n": n, "events": round(n * value), "std_err": 100 * error,
            "scale": "identity", "better": "higher", "group": group}  # fmt: skip


def ratio(name: str, value: float, events: int, group: str | None = None) -> dict[str, Any]:
    """A hazard ratio from so many events."""
    error = 2 / math.sqrt(events)
    low, high = (value * math.exp(s * 1.96 * error) for s in (-1, 1))
    return {"name": name, "value": value, "low": low, "high": high, "unit": "", "n": 10 * events,
            "events": events, "std_err": error, "scale": "log", "better": None,
            "group": group}  # fmt: skip


def grown(
    draw: random.Random, share: float, sizes: Sequence[int], later: float | None = None
) -> list[float]:
    """The share found in each of several runs, the last of which brings customers of another."""
    found, events, seen = [], 0.0, 0
    for size in sizes:
        true = later if later is not None and size == sizes[-1] else share
        n = size - seen
        events += n * min(max(draw.gauss(true, math.sqrt(true * (1 - true) / n)), 0.001), 0.999)
        seen = size
        found.append(events / size)
    return found


def history(
    report_id: str,
    runs: int = 5,
    *,
    seed: int = 1,
    later: Mapping[str, float] | None = None,
    base: float = 0.34,
    first: int = 4000,
    **about: Any,
) -> list[RunRecord]:
    """Runs of one report a month apart; ``later`` is the share among a group's last customers."""
    draw = random.Random(f"{report_id} {seed}")
    sizes = [first + 1500 * k for k in range(runs)]
    shares = {
        group: grown(draw, base + 0.04 * k, [n // 3 for n in sizes], (later or {}).get(group))
        for k, group in enumerate(GROUPS)
    }
    data_set = about.pop("data_set", "Web shop")
    about["base"] = about.pop("base_id", "")
    made = []
    for k, n in enumerate(sizes):
        until = date(2026, 1, 31) + timedelta(days=30 * k)
        whole = sum(shares[g][k] for g in GROUPS) / len(GROUPS)
        what = "reach purchase within 30 days"
        found = [share(what, whole, n), share("still customers after a year", 1 - whole / 2, n)]
        found += [share(what, shares[g][k], n // 3, g) for g in GROUPS]
        against = shares["search"][k] / shares["e-mail"][k]
        found.append(ratio("hazard ratio for purchase", against, n // 4, "search against e-mail"))
        data = {"journey": data_set, "simulated": data_set == "Simulated"}
        made.append(
            RunRecord(
                report_id,
                f"{until + timedelta(days=1):%Y%m%d}T060000000Z-{_mark(report_id)}",
                **{
                    "title": report_id.replace("-", " ").capitalize(),
                    "question": "How many customers buy, and how soon?",
                    "group": data_set,
                    "notebook": "notebooks/02_time_to_purchase.ipynb",
                    "plan": "reports/reports.toml",
                    "parameters": {"journey": data_set, "cutoff": "", "horizon": 30.0},
                    **about,
                },
                started=f"{until + timedelta(days=1)}T06:00:00+00:00",
                seconds=12.5,
                fingerprint=(stamp := hashlib.sha256(str(n).encode()).hexdigest()),
                parts={"code": "c", "journeylib": "j", "data": stamp},
                findings=tuple(found),
                provenance={
                    "data": {**data, "events kept": 9 * n},
                    "window": {"start": "2025-01-01", "cutoff": str(until)},
                },
                rerun=f"journey run notebooks/02_time_to_purchase.ipynb -p by={report_id}",
            )
        )
    return made


def _mark(report_id: str) -> str:
    return hashlib.sha256(report_id.encode()).hexdigest()[:6]


def renamed(record: RunRecord, text: str) -> RunRecord:
    """The run with a text in the name and group of every finding."""
    found = tuple(
        {**f, **{k: f"{f[k]} {text}" for k in ("name", "group") if f[k]}} for f in record.findings
    )
    return replace(record, findings=found)


def failed(record: RunRecord, message: str = "no row is left") -> RunRecord:
    """The run a day after this one, which failed."""
    run_id = f"{record.run_id[:8]}T230000000Z-{_mark(record.report_id)}"
    return replace(
        record, run_id=run_id, verdict="failed", findings=(), provenance={}, order=record.order,
        started=record.started.replace("T06", "T23"), error=Failure("DataError", message, 4),
    )  # fmt: skip


def small(root: Path) -> Store:
    """A dozen reports of three data sets: one moved, one failed, one stale, a matrix of two."""
    store, order = Store(root), 0
    for segment in ("consumer", "business", "public"):
        for base, title, question in (
            ("purchase", "Time to purchase", "How many customers buy, and how soon?"),
            ("churn", "How long they stay", "How many are still customers after a year?"),
        ):
            order += 1
            later = {"search": 0.55} if (segment, base) == ("business", "purchase") else None
            runs = history(
                f"{base}-{segment}", 6, later=later, base=0.3 + 0.05 * order / 3, order=order,
                title=f"{title}, {segment}", question=question, cell={"segment": segment},
                base_id=base,
            )  # fmt: skip
            put(store, *runs)
    put(store, *history("which-channel-brings-buyers", 1, order=7, first=20_000))
    runs = history("after-the-first-basket", 3, order=8)
    put(store, *runs, failed(runs[-1]))
    put(store, *history("from-trial-to-subscription", 4, order=9)[:3])
    put(store, failed(history("never-succeeded", 1, order=10)[0], "no event 'basket' is left"))
    put(store, *history("where-everybody-is", 4, order=11, data_set="Simulated"))
    put(store, *history("second-purchase", 2, order=12, data_set="CDNOW", title="Second purchase"))
    return store


def large(root: Path, reports: int = 500, runs: int = 2) -> Store:
    """As many reports as a large plan makes, a tenth of them moved."""
    store = Store(root)
    for k in range(reports):
        later = {"display": 0.6} if k % 10 == 0 else None
        name = f"report-{k:03d}"
        put(store, *history(name, runs, later=later, order=k, data_set=f"Shop {k % 7}"))
    return store
