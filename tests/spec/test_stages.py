"""stages: stays in the stages of the journey as literal tables, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cases import Case
from cases_spells import FUNNEL, STAGES
from logs import as_table, expected_table, open_rows

import journeylib as jl
from journeylib.errors import DataError

LOG = "id at event\na 2020-01-05 ad\na 2020-01-08 purchase\nb 2020-01-05 ad"


@pytest.mark.parametrize("case", STAGES, ids=str)
def test_rule(case: Case, tmp_path: Path) -> None:
    spells = jl.stages(open_rows(tmp_path, case.log, **case.file), **case.ask)
    names, rows = expected_table(case.spells)
    assert as_table(spells.frame, names) == rows
    assert {k: n for k, n in spells.audit.dropped.items() if n} == case.dropped
    assert dict(spells.audit.notes) == case.notes
    lost = ("lost",) if "lost" in case.ask else ()
    assert spells.causes == (*FUNNEL["stages"], *lost)
    assert spells.audit.n_kept == spells.frame["id"].nunique()


WATCHED = [case for case in STAGES if "window" not in case.file]


@pytest.mark.parametrize("case", WATCHED, ids=str)
def test_occupancy_reads_them(case: Case, tmp_path: Path) -> None:
    spells = jl.stages(open_rows(tmp_path, case.log, **case.file), **case.ask)
    shares = jl.occupancy(spells).frame.groupby("time")["probability"].sum()
    assert shares.to_numpy() == pytest.approx(1)


def test_the_clock_in_words(tmp_path: Path) -> None:
    log = open_rows(tmp_path, LOG)
    clock = jl.stages(log, terminal="purchase", lost=30).clock
    assert clock.starts == "at the customer's first event of a stage (awareness, loyalty)"
    assert clock.stops == (
        "at each move to a later stage; for good at purchase or lost (30 days of silence)"
    )


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"terminal": "purchas"}, "did you mean 'purchase'"),
        ({"terminal": ["awareness", "purchase", "loyalty"]}, "every stage is terminal"),
        ({"movement": "foward"}, "did you mean 'forward'"),
        ({"lost": "cancelled"}, "no event, derived event or stage is called 'cancelled'"),
        ({"lost": -3}, "the cause 'lost' cannot be -3"),
        ({"by": "stage"}, "a column 'stage' of their own"),
    ],
)
def test_refusals_say_what_to_do(tmp_path: Path, ask: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        jl.stages(open_rows(tmp_path, LOG), **ask)
    assert said in str(caught.value)


def test_a_journey_without_stages_and_a_stage_called_lost(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the journey has no stages"):
        jl.stages(open_rows(tmp_path, LOG, stages={}))
    log = open_rows(tmp_path, LOG, stages={"aware": ["ad"], "lost": ["gone"]})
    with pytest.raises(DataError, match="a stage is called 'lost' already"):
        jl.stages(log, lost=30)
