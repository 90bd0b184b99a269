"""What nobody could have known yet: covariates and exposures that come from the future.

Some of it is declared: the journey file or the notebook says when a covariate became
known. The rest is told from the data. A covariate that says of (nearly) every customer
whether, or how often, an event happens by the end of the log can only have been written
down after it; and a covariate that is known of those who had the event, and of nobody
else, was asked of them afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from journeylib import words
from journeylib.events.attributes import MEASURED
from journeylib.events.times import instant, ticks
from journeylib.ledger.calendar import SLACK, Calendar, keys, ticks_in_a_unit, whole_stays
from journeylib.ledger.core import FAILED, PASSED
from journeylib.ledger.structure import Look, look
from journeylib.spells.core import Spells

AGREE = 0.99  # of customers of whom a covariate must say the future to be taken for it
ORIGIN = "origin_"  # columns made of the origin itself
_YES = {1, "1", "yes", "true", "True", "y"}
_NO = {0, "0", "no", "false", "False", "n"}


def candidates(spells: Spells, exposures: Iterable[str] = ()) -> list[str]:
    """Covariates that a customer brings along: not episodes, stages or the origin's period."""
    own = {*keys(spells), "stage", "enum", *exposures}
    return [c for c in spells.covariates if c not in own and not c.startswith(ORIGIN)]


def exposed_too_early(log: Any, spells: Spells, exposure: Mapping[str, str]) -> list[Look]:
    """Whether a row counts as exposed from before the exposure was known."""
    looks = []
    said, where = "an exposure counts only once it is known", "column {} of the spells"
    for name, event in exposure.items():
        column = spells.column(name)
        frame = spells.frame
        if spells.origins is None or log is None:
            continue
        exposed = frame[pd.to_numeric(frame[column], errors="coerce").fillna(0) > 0]
        exposed = _with_first(log, spells, exposed, event)
        early = exposed[~(exposed["_known"] <= exposed["start"] + SLACK)]
        who = int(early["id"].nunique())
        if not who:
            n = exposed["id"].nunique()
            text = f"{n:,} are exposed to {words.name(event)}, each from then on."
            looks.append(look(said, PASSED, text, "Nothing.", where.format(name)))
            continue
        ahead = (early["_known"] - early["start"]).median()
        never = int(early["_known"].isna().sum())
        how = (
            "" if np.isnan(ahead) else f", half of them {ahead:.3g} {spells.unit} or more too early"
        )
        how += f"; of {never:,} rows the log knows no {words.name(event)}" if never else ""
        looks.append(
            look(
                said,
                FAILED,
                f"{who:,} customer(s) count as exposed to {words.name(event)} before it "
                f"happened{how}: whoever was exposed later had to last until then.",
                f"Split their time at the moment: jl.with_exposure(spells, log, event={event!r}).",
                where.format(name),
            )
        )
    return looks


def _with_first(log: Any, spells: Spells, rows: pd.DataFrame, event: str) -> pd.DataFrame:
    """Rows with ``_known``, the time on their own clock at which the event first happened."""
    first = _moments(log, log.rows.filter(log.meaning(event).holds(log.rows)), [])
    assert spells.origins is not None
    origins, each = spells.origins.to_pandas(), ticks_in_a_unit(log.window.resolution, spells.unit)
    placed = origins.merge(_same_type(first, origins), on="id", how="left")
    placed["_known"] = (placed["_first"] - placed["_origin"]) / each
    return rows.merge(placed[[*keys(spells), "_known"]], on=keys(spells), how="left")


def _moments(log: Any, rows: Any, more: list[str]) -> pd.DataFrame:
    """First tick and number of events, of each customer (and whatever else groups them)."""
    at = ticks(instant(rows["at"], log.window.resolution), log.window.resolution)
    rows = rows.mutate(_tick=at)
    found = rows.group_by(["id", *more]).aggregate(_first=rows["_tick"].min(), _n=rows.count())
    return found.to_pandas()


def _same_type(rows: pd.DataFrame, origins: pd.DataFrame) -> pd.DataFrame:
    if rows["id"].dtype != origins["id"].dtype:
        return rows.assign(id=rows["id"].astype(origins["id"].dtype))
    return rows


def declared(log: Any, spells: Spells, placed: Calendar | None, known: Mapping[str, str]) -> Look:
    """Whether a covariate was measured after the clock started, by what is said of it."""
    said, where = "covariates were known when the clock started", "covariates of the spells"
    frame, bad = spells.frame, []
    for name, column in known.items():
        at = pd.to_numeric(frame[spells.column(column)], errors="coerce")
        late = frame.loc[frame[spells.column(name)].notna() & (at > frame["start"] + SLACK), "id"]
        bad += [(name, int(late.nunique()))] if len(late) else []
    bad += _measured_late(log, spells, placed)
    if not bad:
        none = not candidates(spells)
        text = "There are none." if none else "None is said, or seen, to come from later."
        return look(said, PASSED, text, "Nothing.", where)
    told = ", ".join(f"{name} of {n:,} customer(s)" for name, n in bad)
    return look(
        said,
        FAILED,
        f"Measured after the clock started: {told}. Who could still be measured later had to last "
        "until then.",
        "Use what was known at the origin ([attributes] valid_from picks it), let the clock start "
        "at the measurement, or make it an event and use jl.with_exposure.",
        where,
    )


def _measured_late(log: Any, spells: Spells, placed: Calendar | None) -> list[tuple[str, int]]:
    if placed is None or log.attributes is None or MEASURED not in log.attributes.columns:
        return []
    asked = [c for c in candidates(spells) if c in log.attributes.columns]
    if not asked:
        return []
    measured = log.attributes.select("id", MEASURED, *asked).to_pandas()
    rows = placed.rows.merge(_same_type(measured, placed.rows), on="id", how="left")
    late = rows[MEASURED] / placed.each > rows["origin"] + SLACK
    counts = [(c, int(rows.loc[late & rows[c].notna(), "id"].nunique())) for c in asked]
    return [(c, n) for c, n in counts if n]


def foretelling(
    log: Any,
    spells: Spells,
    placed: Calendar | None,
    exposures: Iterable[str] = (),
    minimum: int = 20,
) -> list[Look]:
    """Whether a covariate says what happens later, or is known only of those who had the event."""
    names = candidates(spells, exposures)
    if not names:
        return []
    frame = spells.frame.drop_duplicates(keys(spells))
    looks = [look_ for c in names if (look_ := _asked_afterwards(spells, frame, c, minimum))]
    plain = {c: flag for c in names if (flag := _numbers(frame[c])) is not None}
    if log is None or placed is None or not plain:
        return looks
    counted = _moments(log, log.rows, ["event"])
    origin = placed.rows[[*keys(spells), "origin"]]
    people = frame[keys(spells)].merge(origin, on=keys(spells), how="left")
    for event, rows in _same_type(counted, people).groupby("event", sort=True):
        met = people.merge(rows, on="id", how="left")
        later = (met["_first"] / placed.each > met["origin"] + SLACK).to_numpy()
        happened = met["_n"].fillna(0).to_numpy()
        for name, values in plain.items():
            fault = _foretells(values, happened, later, minimum)
            looks += (
                [_foretold(name, str(event), int((later & (values > 0)).sum()))] if fault else []
            )
    return looks


def _numbers(column: pd.Series) -> np.ndarray | None:
    """A 0/1 column or whole counts as numbers; None for anything else."""
    values = column.dropna()
    if values.empty:
        return None
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        numbers = pd.to_numeric(column, errors="coerce").astype(float)
        whole = numbers.dropna().mod(1).eq(0).all() and (numbers.dropna() >= 0).all()
        return numbers.fillna(0).to_numpy() if whole and numbers.nunique() > 1 else None
    if set(values.unique()) <= (_YES | _NO):
        return column.isin(_YES).astype(float).to_numpy() if values.nunique() > 1 else None
    return None


def _foretells(values: np.ndarray, happened: np.ndarray, later: np.ndarray, minimum: int) -> bool:
    """Whether values tell who has, or how many, of an event that for enough comes only later."""
    binary = set(np.unique(values)) <= {0.0, 1.0}
    truth = (happened > 0).astype(float) if binary else happened
    if min((truth > 0).sum(), (truth == 0).sum()) < minimum:
        return False
    agree = float((values == truth).mean())
    return agree >= AGREE and int((later & (values > 0)).sum()) >= minimum


def _foretold(name: str, event: str, later: int) -> Look:
    return look(
        f"{words.name(name)} was known when the clock started",
        FAILED,
        f"It says of nearly every customer whether {words.name(event)} happens by the end of the "
        f"log, and for {later:,} of them that was still to come.",
        f"It is written from the future: leave it out, or use jl.with_exposure(spells, log, "
        f"event={event!r}).",
        f"column {name} of the spells",
    )


def _asked_afterwards(spells: Spells, frame: pd.DataFrame, name: str, minimum: int) -> Look | None:
    whole = whole_stays(spells)
    rows = whole.merge(frame[[*keys(spells), name]], on=keys(spells), how="left")
    known, event = rows[name].notna().to_numpy(), rows["cause"].to_numpy() == 1
    if min(event.sum(), (~event).sum()) < minimum:
        return None
    if known[event].mean() < 0.5 or known[~event].mean() > 1 - AGREE:
        return None
    return look(
        f"{words.name(name)} was known when the clock started",
        FAILED,
        f"It is known of {known[event].mean():.0%} of those with the event and of "
        f"{known[~event].mean():.0%} of the others: it was asked of them afterwards.",
        "Leave it out, or let the clock start when it became known.",
        f"column {name} of the spells",
    )
