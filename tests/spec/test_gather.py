"""gather: lines of one order happen when its first line does."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs import as_table, expected_table, open_rows

import journeylib as jl
from journeylib.errors import DataError

MINUTES = {"cutoff": "@2020-01-31", "resolution": "timestamp"}
LOG = """
    id at                event     order value
    a  2020-01-05T10:00  purchase  1     20
    a  2020-01-05T10:02  purchase  1     30
    a  2020-01-05T10:04  visit     -     -
    a  2020-01-06T10:00  purchase  2     5
    b  2020-01-05T11:00  purchase  1     7
    b  2020-01-05T11:00  purchase  1     8
    """


def test_lines_move_to_the_first_of_their_order_and_customer(tmp_path: Path) -> None:
    log = jl.gather(open_rows(tmp_path, LOG, window=MINUTES), "order")
    names, rows = expected_table(
        """
        id at                   value
        a  2020-01-05~10:00:00  20
        a  2020-01-05~10:00:00  30
        a  2020-01-05~10:04:00  -
        a  2020-01-06~10:00:00  5
        b  2020-01-05~11:00:00  7
        b  2020-01-05~11:00:00  8
        """
    )
    assert as_table(log.table.to_pandas(), names) == rows
    assert log.audit.n_kept == 6
    assert log.audit.notes["put at the moment of the first row with the same order"] == 1


def test_repeats_count_orders_and_not_lines(tmp_path: Path) -> None:
    log = open_rows(tmp_path, LOG, window=MINUTES)
    names, rows = expected_table("id stop cause\na 1 1\na 26.58333333 0\nb 26.54166667 0")
    assert as_table(jl.repeats(jl.gather(log, "order"), "purchase").frame, names) == rows
    assert len(jl.repeats(log, "purchase").frame) == 4


def test_what_cannot_be_gathered(tmp_path: Path) -> None:
    log = open_rows(tmp_path, LOG, window=MINUTES)
    with pytest.raises(DataError, match="rows cannot be gathered by 'id'"):
        jl.gather(log, "id")
    with pytest.raises(DataError, match="no column 'ordr'"):
        jl.gather(log, "ordr")
