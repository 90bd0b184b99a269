"""Every rule of the clock on PostgreSQL and Spark: the literal tables, identical rows.

Cases that share a journey file are put into one log, each with ids of its own, so that a
log is opened once for many of them. Each case's rows are compared with its literal table,
and all rows and the audit with what DuckDB makes of the same log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cases import CHURN, TIME_TO, Case
from cases_spells import EXITS, EXPOSURES, REPEATS, STAGES
from engines import DUCKDB, Engine
from logs import STAGES as NAMES
from logs import as_table, expected_table

import journeylib as jl

RULES = {
    "time_to": TIME_TO,
    "churn": CHURN,
    "exits": EXITS,
    "repeats": REPEATS,
    "stages": STAGES,
    "with_exposure": EXPOSURES,
}


@dataclass(frozen=True)
class Group:
    """Cases that one log can hold."""

    cases: tuple[tuple[str, Case], ...]

    def __str__(self) -> str:
        return f"{len(self.cases)}-cases-{self.cases[0][0]}-{self.cases[0][1]}"[:60]

    @property
    def file(self) -> dict[str, Any]:
        return self.cases[0][1].file

    @property
    def log(self) -> str:
        """All events, the ids of each case with its number before them."""
        names: dict[str, None] = {}
        rows = []
        for number, (_, case) in enumerate(self.cases):
            lines = [line.split() for line in case.log.strip().splitlines()]
            names |= dict.fromkeys(lines[0])
            for line in lines[1:]:
                row = dict(zip(lines[0], line, strict=True))
                rows.append(row | {"id": mine(number, self, row["id"])})
        table = [" ".join(names), *(" ".join(r.get(n, "-") for n in names) for r in rows)]
        return "\n".join(table)


def mine(number: int, group: Group, who: str) -> str:
    """A customer of one case among those of all."""
    return who if len(group.cases) == 1 or who == "-" else f"{number:02d}{who}"


def groups() -> Iterator[Group]:
    """Cases by journey file; those that would change each other's answers stay alone."""
    together: dict[str, list[tuple[str, Case]]] = {}
    for rule, cases in RULES.items():
        for case in cases:
            lines = case.log.strip().splitlines()
            events = {word for line in lines[1:] for word in line.split()}
            columns = set(lines[0].split())
            alone = case.customers is not None or "ends" in columns or "value" in columns
            alone = alone or bool(events & set(NAMES) - {"purchase"})
            key = f"{rule} {case.name}" if alone else repr(sorted(case.file.items()))
            together.setdefault(key, []).append((rule, case))
    return (Group(tuple(cases)) for cases in together.values())


def spells_of(rule: str, log: jl.EventLog, ask: dict[str, Any]) -> jl.Spells:
    if rule == "with_exposure":
        return jl.with_exposure(jl.time_to(log, "purchase", origin="ad"), log, **ask)
    found = getattr(jl, rule)(log, **ask)
    assert isinstance(found, jl.Spells)
    return found


@pytest.mark.parametrize("group", groups(), ids=str)
def test_rules(group: Group, engine: Engine, tmp_path: Path) -> None:
    customers = group.cases[0][1].customers
    log = engine.open(tmp_path / "there", group.log, customers=customers, **group.file)
    same = DUCKDB.open(tmp_path / "here", group.log, customers=customers, **group.file)
    assert log.audit == same.audit
    answers: dict[str, pd.DataFrame] = {}
    for number, (rule, case) in enumerate(group.cases):
        asked = f"{rule} {case.ask}"
        if asked not in answers:
            there, here = (spells_of(rule, x, case.ask) for x in (log, same))
            answers[asked] = there.frame
            columns = list(here.frame.columns)
            assert as_table(there.frame, columns) == as_table(here.frame, columns)
            assert there.audit == here.audit
        names, rows = expected_table(case.spells)
        ours = answers[asked]
        chosen = ours["id"].astype(str).str.startswith(f"{number:02d}")
        ours = ours[chosen | (len(group.cases) == 1)]
        expected = [(mine(number, group, row[0]), *row[1:]) for row in rows]
        assert as_table(ours, names) == expected, case.name


def test_cohorts(engine: Engine, tmp_path: Path) -> None:
    events = """
        id at                                event
        a  1999-12-31T23:30:00.5+00:00       ad
        b  1969-12-31T22:59:59.999999+00:00  ad
        c  2020-02-29T12:00:00+00:00         ad
        """
    for resolution in ("day", "timestamp"):
        window = {"cutoff": "@2020-05-31", "resolution": resolution, "timezone": "Europe/Brussels"}
        log = engine.open(tmp_path / resolution, events, window=window)
        names = ["origin_day", "origin_week", "origin_month", "origin_quarter", "origin_year"]
        spells = jl.time_to(log, "purchase", origin="ad", by=names)
        assert as_table(spells.frame, ["id", *names]) == [
            ("a", "2000-01-01", "1999-12-27", "2000-01", "2000-Q1", "2000"),
            ("b", "1969-12-31", "1969-12-29", "1969-12", "1969-Q4", "1969"),
            ("c", "2020-02-29", "2020-02-24", "2020-02", "2020-Q1", "2020"),
        ]


def test_clocks_that_change(engine: Engine, tmp_path: Path) -> None:
    """Hours that the clocks skip or show twice, from moments without an offset."""
    events = """
        id at                event
        a  2020-03-29T02:30  ad
        b  2020-10-25T02:30  ad
        c  2020-10-25T01:30  ad
        d  2020-07-01T02:30  ad
        """
    window = {
        "cutoff": "@2020-12-31",
        "resolution": "timestamp",
        "timezone": "Europe/Amsterdam",
    }
    log = engine.open(tmp_path, events, window=window)
    assert as_table(log.table.to_pandas(), ["id", "at"]) == [
        ("a", "2020-03-29~01:30:00"),
        ("b", "2020-10-25~01:30:00"),
        ("c", "2020-10-24~23:30:00"),
        ("d", "2020-07-01~00:30:00"),
    ]


def test_a_curve_comes_from_counts(engine: Engine, tmp_path: Path) -> None:
    """The risk table is counted where the rows are, and the numbers are the same."""
    case = EXPOSURES[0]
    log = engine.open(tmp_path, case.log, **case.file)
    spells = jl.with_exposure(jl.time_to(log, "purchase", origin="ad"), log, "help")
    assert spells.lazy
    rows = jl.survival_curve(spells, by="help").frame
    assert rows[["group", "time", "at_risk", "events"]].to_numpy().tolist() == [
        ["0", 3, 3, 0],
        ["0", 10, 2, 1],
        ["0", 26, 1, 0],
        ["1", 3, 0, 0],
        ["1", 10, 1, 1],
    ]
