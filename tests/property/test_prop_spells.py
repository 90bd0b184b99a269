"""DuckDB against the rules in plain Python, on random small logs."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import STAGES, open_frame

import journeylib as jl
from journeylib.errors import DataError

BEGIN = dt.datetime(2020, 1, 1)
BIG = "event = 'purchase' and value >= 100"
COLUMNS = ["id", "at", "event", "value", "campaign", "ends"]
SETTINGS = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

moments = st.integers(0, 24 * 4).map(lambda n: BEGIN + n * dt.timedelta(hours=6))
rows = st.fixed_dictionaries(
    {
        "id": st.sampled_from("abcdef"),
        "at": moments,
        "event": st.sampled_from(["ad", "mail", "purchase", "purchase", "refer", "visit"]),
        "value": st.sampled_from([20.0, 150.0, None]),
        "campaign": st.sampled_from(["x", "y", None]),
        "ends": st.none() | moments,
    }
)
logs = st.lists(rows, min_size=1, max_size=40)
windows = st.builds(
    reference.Watch,
    cutoff=st.sampled_from([dt.date(2020, 1, 20), dt.datetime(2020, 1, 20, 6)]),
    start=st.sampled_from([None, dt.datetime(2020, 1, 6), dt.datetime(2020, 1, 6, 12)]),
    resolution=st.sampled_from(["day", "timestamp"]),
)
questions = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["purchase", "big", "awareness"]),
        "origin": st.sampled_from(["ad", "awareness", "first_contact", "purchase", "big"]),
        "occurrence": st.sampled_from([1, 1, 2, 3]),
        "per": st.sampled_from([None, None, "campaign"]),
        "until": st.sampled_from([None, "ends", "refer"]),
        "prior": st.sampled_from(["exclude", "ignore"]),
    }
)


def opened(folder: Path, log: list[dict[str, Any]], watch: reference.Watch) -> jl.EventLog:
    frame = pd.DataFrame(log, columns=COLUMNS)
    frame = frame.astype({"at": "datetime64[us]", "ends": "datetime64[us]", "value": "float64"})
    window = {"cutoff": f"@{watch.cutoff.isoformat()}", "resolution": watch.resolution}
    if watch.start is not None:
        window["start"] = f"@{watch.start.isoformat()}"
    return open_frame(folder, frame, window=window, events={"big": {"where": BIG}})


def meaning(name: str, event: str | None = None) -> Callable[[dict[str, Any]], bool]:
    """Whether a row is meant by a name, decided in plain Python."""
    if name == "big":
        return lambda r: r["event"] == "purchase" and (r["value"] or 0) >= 100
    if name == "first_contact":
        staged = {e for events in STAGES.values() for e in events}
        stops = meaning(str(event))
        return lambda r: r["event"] in staged and not stops(r)
    names = STAGES.get(name, [name])
    return lambda r: r["event"] in names


def outcomes(spells: jl.Spells, per: str | None) -> dict[tuple[Any, ...], tuple[float, ...]]:
    frame = spells.frame
    keys = ["id"] if per is None else ["id", per]
    values = frame[["start", "stop", "cause"]].itertuples(index=False, name=None)
    return dict(zip(frame[keys].itertuples(index=False, name=None), values, strict=True))


def expected(found: dict[tuple[Any, ...], reference.Outcome]) -> dict[tuple[Any, ...], Any]:
    kept = {k: o for k, o in found.items() if o.reason == "at risk"}
    return {k: pytest.approx((o.start, o.stop, o.cause), abs=1e-12) for k, o in kept.items()}


def counted(spells: jl.Spells) -> Counter[str]:
    return Counter({**spells.audit.kept, **spells.audit.dropped}) + Counter()


@SETTINGS
@given(
    log=logs, watch=windows, asked=st.lists(questions, min_size=4, max_size=4), order=st.randoms()
)
def test_time_to(
    tmp_path: Path,
    log: list[dict[str, Any]],
    watch: reference.Watch,
    asked: list[dict[str, Any]],
    order: random.Random,
) -> None:
    if not any(watch.sees(row["at"]) for row in log):
        return
    order.shuffle(shuffled := list(log))
    opens, again = opened(tmp_path / "1", log, watch), opened(tmp_path / "2", shuffled, watch)
    for ask in asked:
        answer = answered(log, watch, ask)
        at_risk = expected(answer)
        if not at_risk or (ask["event"] == ask["origin"] and ask["occurrence"] == 1):
            with pytest.raises(DataError):
                jl.time_to(opens, **ask)
            continue
        spells = jl.time_to(opens, **ask)
        assert outcomes(spells, ask["per"]) == at_risk
        assert counted(spells) == Counter(o.reason for o in answer.values())
        assert spells.audit.came_in == len(answer)
        assert jl.time_to(again, **ask).frame.equals(spells.frame)


def answered(
    log: list[dict[str, Any]], watch: reference.Watch, ask: dict[str, Any]
) -> dict[tuple[Any, ...], reference.Outcome]:
    """The same question, put to plain Python."""
    return reference.time_to(
        log,
        watch,
        meaning(ask["event"]),
        meaning(ask["origin"], ask["event"]),
        same=ask["event"] == ask["origin"],
        occurrence=ask["occurrence"],
        per=ask["per"],
        until=meaning("refer") if ask["until"] == "refer" else ask["until"],
        prior=ask["prior"],
    )


@SETTINGS
@given(log=logs, watch=windows, days=st.sampled_from([1, 2.5, 3, 5]))
def test_churn(
    tmp_path: Path, log: list[dict[str, Any]], watch: reference.Watch, days: float
) -> None:
    staged = {e for events in STAGES.values() for e in events}
    answer = reference.churn(log, watch, lambda r: r["event"] in staged, days)
    at_risk = expected(answer)
    if not at_risk:
        with pytest.raises(DataError):
            jl.churn(opened(tmp_path, log, watch), inactivity_days=days)
        return
    spells = jl.churn(opened(tmp_path, log, watch), inactivity_days=days)
    assert outcomes(spells, None) == at_risk
    assert counted(spells) == Counter(o.reason for o in answer.values())


@SETTINGS
@given(log=logs, watch=windows)
def test_the_audit_of_a_log_adds_up(
    tmp_path: Path, log: list[dict[str, Any]], watch: reference.Watch
) -> None:
    seen = [row for row in log if watch.sees(row["at"])]
    if not seen:
        with pytest.raises(DataError, match="no event is left"):
            opened(tmp_path, log, watch)
        return
    opens = opened(tmp_path, log, watch)
    distinct = {tuple(row.values()) for row in seen}
    assert opens.audit.came_in == len(log)
    assert opens.audit.dropped["after the cutoff"] == len(log) - len(seen)
    assert opens.audit.dropped["exact duplicate of another row"] == len(seen) - len(distinct)
    assert opens.audit.n_kept == opens.table.count().to_pandas() == len(distinct)


@SETTINGS
@given(log=logs, days=st.integers(1, 6), later=st.integers(1, 6))
def test_churn_seen_is_churn_for_good(
    tmp_path: Path, log: list[dict[str, Any]], days: int, later: int
) -> None:
    watch = reference.Watch(dt.date(2020, 1, 10))
    after = reference.Watch(watch.cutoff + dt.timedelta(days=later))
    if not any(watch.sees(row["at"]) and row["event"] != "visit" for row in log):
        return
    first = outcomes(jl.churn(opened(tmp_path, log, watch), days), None)
    second = outcomes(jl.churn(opened(tmp_path, log, after), days), None)
    for key, (start, stop, cause) in first.items():
        assert second[key][:2] >= (start, stop)
        if cause:
            assert second[key] == (start, stop, cause)
