"""Competing exits, repeats, stages and exposures: DuckDB against plain Python, on random logs."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import reference
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from logs import STAGES, open_frame

import journeylib as jl
from journeylib.errors import DataError

BEGIN = dt.datetime(2020, 1, 1)
ORDER = {event: stage for stage, events in STAGES.items() for event in events}
SETTINGS = settings(
    max_examples=8,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
rows = st.fixed_dictionaries(
    {
        "id": st.sampled_from("abcde"),
        "at": st.integers(0, 24 * 4).map(lambda n: BEGIN + n * dt.timedelta(hours=6)),
        "event": st.sampled_from(["ad", "mail", "purchase", "purchase", "refer", "visit"]),
        "score": st.sampled_from([1.0, 4.0, 9.0]),
    }
)
logs = st.lists(rows, min_size=4, max_size=40)
windows = st.builds(
    reference.Watch,
    cutoff=st.sampled_from([dt.date(2020, 1, 20), dt.datetime(2020, 1, 20, 6)]),
    start=st.sampled_from([None, dt.datetime(2020, 1, 6), dt.datetime(2020, 1, 6, 12)]),
    resolution=st.sampled_from(["day", "timestamp"]),
)
Log = list[dict[str, Any]]


def opened(folder: Path, log: Log, watch: reference.Watch) -> jl.EventLog | None:
    if not any(watch.sees(row["at"]) for row in log):
        return None
    frame = pd.DataFrame(log).astype({"at": "datetime64[us]"})
    window = {"cutoff": f"@{watch.cutoff.isoformat()}", "resolution": watch.resolution}
    if watch.start is not None:
        window["start"] = f"@{watch.start.isoformat()}"
    return open_frame(folder, frame, window=window)


def means(*events: str) -> Any:
    return lambda row: row["event"] in events


def lines(spells: jl.Spells, *extra: str) -> list[tuple[Any, ...]]:
    frame = spells.frame[["id", "start", "stop", "cause", *extra]]
    return sorted(frame.itertuples(index=False, name=None))


def close(ours: list[tuple[Any, ...]], theirs: list[tuple[Any, ...]]) -> bool:
    """The same lines; times may differ in their last bits."""
    theirs = sorted(theirs)
    return len(ours) == len(theirs) and all(
        a[0] == b[0] and np.allclose(a[1:3], b[1:3], atol=1e-9) and a[3:] == b[3:]
        for a, b in zip(ours, theirs, strict=True)
    )


@SETTINGS
@given(
    log=logs,
    watch=windows,
    origin=st.sampled_from(["ad", "purchase"]),
    days=st.sampled_from([2.0, 3.0, 4.5]),
    prior=st.sampled_from(["exclude", "ignore", "after"]),
)
def test_exits(
    tmp_path: Path, log: Log, watch: reference.Watch, origin: str, days: float, prior: str
) -> None:
    opens = opened(tmp_path, log, watch)
    if opens is None:
        return
    causes: dict[str, Any] = {"bought": "purchase", "lost": days, "told": ["refer", "mail"]}
    tests = [means("purchase"), days, means("refer", "mail")]
    answer = reference.exits(log, watch, means(origin), tests, means(*ORDER), prior)
    kept = {k: o for k, o in answer.items() if o.reason == "at risk"}
    if not kept:
        with pytest.raises(DataError):
            jl.exits(opens, origin, causes, prior=prior)
        return
    spells = jl.exits(opens, origin, causes, prior=prior)
    assert close(lines(spells), [(k[0], o.start, o.stop, o.cause) for k, o in kept.items()])
    counted = Counter({**spells.audit.kept, **spells.audit.dropped}) + Counter()
    assert counted == Counter(o.reason for o in answer.values())


@SETTINGS
@given(log=logs, watch=windows, origin=st.sampled_from(["ad", None]))
def test_repeats(tmp_path: Path, log: Log, watch: reference.Watch, origin: str | None) -> None:
    opens = opened(tmp_path, log, watch)
    if opens is None:
        return
    answer = reference.repeats(log, watch, means("purchase"), means(origin or "purchase"))
    if not answer:
        with pytest.raises(DataError):
            jl.repeats(opens, "purchase", origin)
        return
    spells = jl.repeats(opens, "purchase", origin)
    assert close(lines(spells, "enum"), answer)
    assert spells.audit.n_kept == len({line[0] for line in answer})


@SETTINGS
@given(
    log=logs,
    watch=windows,
    terminal=st.sampled_from([(), ("purchase",), ("purchase", "loyalty")]),
    movement=st.sampled_from(["forward", "free"]),
)
def test_stages(
    tmp_path: Path, log: Log, watch: reference.Watch, terminal: tuple[str, ...], movement: str
) -> None:
    opens = opened(tmp_path, log, watch)
    if opens is None:
        return
    answer = reference.stages(log, watch, ORDER, list(STAGES), set(terminal), movement == "forward")
    if not answer:
        with pytest.raises(DataError):
            jl.stages(opens, terminal=terminal, movement=movement)
        return
    spells = jl.stages(opens, terminal=terminal, movement=movement)
    assert close(lines(spells, "stage"), answer)


@SETTINGS
@given(
    log=logs, watch=windows, value=st.sampled_from(["ever", "count", "score"]), repeat=st.booleans()
)
def test_exposures(
    tmp_path: Path, log: Log, watch: reference.Watch, value: str, repeat: bool
) -> None:
    opens = opened(tmp_path, log, watch)
    if opens is None:
        return
    try:
        spells = (
            jl.repeats(opens, "purchase", "ad") if repeat else jl.time_to(opens, "purchase", "ad")
        )
    except DataError:
        return
    split = jl.with_exposure(
        spells, opens, "mail", "x", value, initial=0.0 if value == "score" else None
    )
    whole = lines(spells)
    answer = reference.exposed(whole, _visits(log, watch, value), 0)
    assert close(lines(split, "x"), answer)
    # whatever is cut is at risk as long as before
    assert sum(b - a for _, a, b, *_ in answer) == pytest.approx(sum(b - a for _, a, b, _ in whole))


def _visits(log: Log, watch: reference.Watch, value: str) -> dict[str, list[tuple[float, Any]]]:
    """When each customer's value changes, on the clock that starts at the first ad."""
    changes = {}
    # exact duplicates are one event
    seen = list({tuple(r.values()): r for r in log if watch.sees(r["at"])}.values())
    for who in {r["id"] for r in seen}:
        mine = [r for r in seen if r["id"] == who]
        origin = min((watch.instant(r["at"]) for r in mine if r["event"] == "ad"), default=None)
        if origin is None:
            continue
        visits: dict[float, list[float]] = {}
        for row in sorted((r for r in mine if r["event"] == "mail"), key=lambda r: r["at"]):
            at = (watch.instant(row["at"]) - origin) / reference.DAY
            visits.setdefault(at, []).append(row["score"])
        so_far, found = 0, []
        for at, scores in sorted(visits.items()):
            so_far += len(scores)
            found.append((at, {"ever": 1, "count": so_far}.get(value, np.mean(scores))))
        changes[who] = found[:1] if value == "ever" else found
    return changes
