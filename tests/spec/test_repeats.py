"""repeats: counting-process rows as literal tables, and what estimates make of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import Case
from cases_spells import REPEATS
from logs import as_table, expected_table, open_rows

import journeylib as jl
from journeylib.errors import DataError

LOG = "id at event\na 2020-01-05 purchase\na 2020-01-08 purchase\nb 2020-01-06 purchase"


@pytest.mark.parametrize("case", REPEATS, ids=str)
def test_rule(case: Case, tmp_path: Path) -> None:
    spells = jl.repeats(open_rows(tmp_path, case.log, **case.file), **case.ask)
    names, rows = expected_table(case.spells)
    assert as_table(spells.frame, names) == rows
    assert {k: n for k, n in spells.audit.dropped.items() if n} == case.dropped
    assert dict(spells.audit.notes) == case.notes
    assert spells.causes == ("purchase",) and not spells.single
    assert spells.audit.n_kept == spells.frame["id"].nunique()


def test_rows_come_in_order_and_with_their_kinds(tmp_path: Path) -> None:
    frame = jl.repeats(open_rows(tmp_path, LOG), "purchase").frame
    assert list(frame.columns) == ["id", "start", "stop", "cause", "enum"]
    assert frame.dtypes.astype(str).tolist()[1:] == ["float64", "float64", "int64", "int64"]
    assert frame["stop"].tolist() == [3, 26, 25]


def test_the_mean_count(tmp_path: Path) -> None:
    spells = jl.repeats(open_rows(tmp_path, LOG), "purchase")
    rows = jl.mean_cumulative_count(spells).frame
    assert rows[["time", "at_risk", "events", "mean_count"]].to_numpy().tolist() == [
        [3, 2, 1, 0.5],
        [25, 2, 0, 0.5],
        [26, 1, 0, 0.5],
    ]


def test_the_clock_in_words(tmp_path: Path) -> None:
    clock = jl.repeats(open_rows(tmp_path, LOG), "purchase").clock
    assert clock.starts == "at the customer's first purchase"
    assert clock.stops == "at each purchase after that, and runs on"


def test_what_is_refused(tmp_path: Path) -> None:
    log = open_rows(tmp_path, "id at event enum\na 2020-01-05 purchase 1")
    with pytest.raises(DataError, match="a column 'enum' of their own"):
        jl.repeats(log, "purchase", by="enum")
    with pytest.raises(DataError, match="no event, derived event or stage is called 'sale'"):
        jl.repeats(log, "sale")
    with pytest.raises(DataError, match="nobody is at risk"):
        jl.repeats(log, "purchase", origin="ad")
