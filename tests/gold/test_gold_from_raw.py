"""From raw rows through a journey file to the derived tables, row by row, and to R's numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import raw

import journeylib as jl

Table = Callable[[str], pd.DataFrame]
Gold = Callable[[str], dict[str, Any]]


def opened(shared: Path, folder: Path, which: Callable[..., Any]) -> jl.EventLog:
    file, tables = which(shared / "data", folder)
    return raw.opened(folder, {"path": str(file)}, tables)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("raw")


@pytest.fixture(scope="module")
def loans(shared: Path, folder: Path) -> jl.EventLog:
    return opened(shared, folder / "bpic", raw.bpic)


@pytest.fixture(scope="module")
def shop(shared: Path, folder: Path) -> jl.EventLog:
    return opened(shared, folder / "retail", raw.online_retail)


def by_id(frame: pd.DataFrame, name: str = "id") -> pd.DataFrame:
    return frame.assign(**{name: frame[name].astype(str)}).set_index(name).sort_index()


# ---- competing exits -------------------------------------------------------------------


def test_the_next_invoice_or_a_cancellation(
    shop: jl.EventLog, shared: Path, shared_csv: Table, gold: Gold
) -> None:
    assert shop.audit.dropped["missing id"] == 135_080
    log = jl.gather(shop, "InvoiceNo")
    lines = pd.read_parquet(shared / "data" / "online_retail.parquet").dropna(subset="CustomerID")
    lines = lines.drop_duplicates()
    first = lines.groupby("InvoiceNo")["InvoiceDate"].transform("min")
    moved = log.audit.notes["put at the moment of the first row with the same InvoiceNo"]
    assert moved == (lines["InvoiceDate"] > first).sum() == 721
    causes = {"repeat": "invoice", "cancel": "cancellation"}
    spells = jl.exits(log, origin="invoice", causes=causes, prior="after")
    known = by_id(shared_csv("online_retail_survival.csv.gz"), "CustomerID")
    ours = by_id(spells.frame)
    assert list(ours.index) == list(known.index)
    assert np.abs(ours["stop"] - known["time"]).max() < 1e-8
    assert (ours["cause"] == known["cause"]).all() and (ours["start"] == 0).all()
    r = gold("online_retail")["aj_all"]["groups"]["all"]
    at = jl.cumulative_incidence(spells).at(r["time"])
    for name, column in (("pstate", "incidence"), ("std_err", "std_err")):
        mine = at.pivot(index="time", columns="outcome", values=column)[list(causes)]
        assert np.allclose(mine, np.array(r[name])[:, 1:], rtol=1e-8, atol=0)


def test_ungathered_lines_of_one_invoice_would_be_repeats(
    shop: jl.EventLog, shared_csv: Table
) -> None:
    causes = {"repeat": "invoice", "cancel": "cancellation"}
    ours = by_id(jl.exits(shop, "invoice", causes, prior="after").frame)
    known = by_id(shared_csv("online_retail_survival.csv.gz"), "CustomerID")
    assert int((np.abs(ours["stop"] - known["time"]) > 1e-8).sum()) == 9


def test_the_exits_of_loans(loans: jl.EventLog, shared_csv: Table) -> None:
    spells = jl.exits(loans, "submitted", ["approved", "declined", "cancelled"])
    known = by_id(shared_csv("bpic2012_survival.csv.gz"), "case_id")
    ours = by_id(spells.frame)
    assert list(ours.index) == list(known.index)
    assert np.abs(ours["stop"] - known["time"]).max() < 1e-8
    assert (ours["cause"] == known["cause"]).all()


# ---- stages ----------------------------------------------------------------------------


def test_the_stages_of_loans(loans: jl.EventLog, gold: Gold) -> None:
    spells = jl.stages(loans, terminal=("approved", "declined", "cancelled"))
    assert spells.audit.n_kept == 13_087 and not any(spells.audit.dropped.values())
    result = jl.occupancy(spells)
    r = gold("bpic2012")["multistate"]
    assert result.stages == raw.BPIC_STAGES
    at = result.at(r["time"])
    for name, column in (("pstate", "probability"), ("std_err", "std_err")):
        mine = at.pivot(index="time", columns="stage", values=column)[list(raw.BPIC_STAGES)]
        assert np.allclose(mine, r[name], rtol=1e-8, atol=1e-14)
    moves = result.transitions.pivot(index="from", columns="to", values="count")
    moves = moves.reindex(index=result.stages, columns=[*raw.BPIC_STAGES[1:], "(censored)"])
    assert np.array_equal(moves.fillna(0), np.array(r["transitions"]["count"]))


# ---- repeats ---------------------------------------------------------------------------


def test_repeat_purchases(shared: Path, folder: Path) -> None:
    log = opened(shared, folder / "cdnow", raw.cdnow)
    ours = jl.repeats(log, "purchase").frame.sort_values(["id", "start"], ignore_index=True)
    known = pd.read_csv(
        shared / "data" / "cdnow_counting.csv.gz", dtype={"customer_id": str}
    ).sort_values(["customer_id", "start"], ignore_index=True)
    assert len(ours) == len(known) == 67_536
    names = {"id": "customer_id", "start": "start", "stop": "stop", "cause": "event"}
    for mine, theirs in {**names, "enum": "enum"}.items():
        assert (ours[mine] == known[theirs]).all(), mine


# ---- exposures -------------------------------------------------------------------------


def test_campaigns_so_far(shared: Path, folder: Path, gold: Gold) -> None:
    log = opened(shared, folder / "cj", raw.campaigns)
    spells = jl.time_to(log, "redeemed", origin="year_began")
    ours = jl.with_exposure(spells, log, "campaign_started", "n_campaigns", "count").frame
    # R has no row of no length: one household redeemed on the first day
    ours = ours[ours["stop"] > 0].sort_values(["id", "start"], ignore_index=True)
    known = pd.read_csv(shared / "data" / "cj_timevarying.csv.gz")
    known = known.sort_values(["household_id", "start"], ignore_index=True)
    assert len(ours) == len(known) == 7_561
    names = {"id": "household_id", "start": "start", "stop": "stop", "cause": "event"}
    for mine, theirs in {**names, "n_campaigns": "n_campaigns"}.items():
        assert (ours[mine] == known[theirs]).all(), mine


def test_an_offer_known_on_the_way(loans: jl.EventLog, gold: Gold) -> None:
    spells = jl.exits(loans, "submitted", ["approved", "declined", "cancelled"], by=["amount_req"])
    spells = jl.with_exposure(spells, loans, "O_SENT", "offer")
    spells = jl.with_exposure(spells, loans, "preaccepted", "pre")
    rows = spells.frame.query("pre == 1").assign(cause=lambda f: (f["cause"] == 3).astype(int))
    rows["lamt"] = np.log1p(rows["amount_req"].astype(float))
    later = jl.spells_from_frame(rows, start="start", stop="stop", cause="cause", id="id")
    ours = jl.cox(later, "offer + lamt").frame
    r = gold("bpic2012")["cox_timevarying_cancelled"]
    assert (len(rows), int(rows["cause"].sum())) == (r["n"], r["events"])
    assert ours["coef"].to_numpy() == pytest.approx(r["coef"], rel=1e-5)
    assert ours["std_err"].to_numpy() == pytest.approx(r["se"], rel=1e-5)


def test_the_latest_score_of_students(
    shared: Path, tmp_path: Path, shared_csv: Table, gold: Gold
) -> None:
    """OULAD: courses whose clock is days, so the spells come from a frame."""
    began = pd.Timestamp("2013-01-01")
    students = shared_csv("oulad_students.csv.gz").query(
        "code_module == 'BBB' and code_presentation in ('2013B', '2013J')"
    )
    known = shared_csv("oulad_timevarying.csv.gz")
    scores = pd.read_parquet(shared / "data" / "oulad_assessments.parquet")
    scores = scores.merge(students[["code_module", "code_presentation", "id_student"]])
    scores = scores[(scores["is_banked"] == 0) & scores["score"].notna()]
    rows = pd.DataFrame(
        {
            "id": _enrolment(scores),
            "at": began + pd.to_timedelta(scores["date_submitted"], unit="D"),
            "event": "submitted",
            "score": scores["score"].astype(float),
        }
    )
    rows.astype({"at": "datetime64[us]"}).to_parquet(tmp_path / "events.parquet", index=False)
    columns = {c: c for c in ("id", "at", "event", "score")}
    tables = {"columns": columns, "stages": {}, "window": {"cutoff": "@2016-01-01"}}
    log = raw.opened(tmp_path, {"path": "events.parquet"}, tables)
    whole = known.groupby("enrol_id").agg(
        entry=("start", "min"), time=("stop", "max"), event=("event", "max")
    )
    whole = whole.reset_index().assign(began=began)
    spells = jl.spells_from_frame(whole, start="entry", id="enrol_id", unit="days")
    split = jl.with_exposure(spells, log, "submitted", value="score", origin="began", initial=0.0)
    assert _steps(split.frame, "id", "score") == _steps(known, "enrol_id", "last_score")


def _enrolment(frame: pd.DataFrame) -> pd.Series:
    parts = [frame[c].astype(str) for c in ("code_module", "code_presentation", "id_student")]
    return parts[0] + "-" + parts[1] + "-" + parts[2]


def _steps(frame: pd.DataFrame, who: str, value: str) -> set[tuple[Any, ...]]:
    """When a value changed and to what: the same however often a row was split between."""
    rows = frame.sort_values([who, "start"])
    fresh = (rows[who] != rows[who].shift()) | (
        rows[value].round(9) != rows[value].shift().round(9)
    )
    found = rows[fresh]
    return set(zip(found[who].astype(str), found["start"], found[value].round(9), strict=True))
