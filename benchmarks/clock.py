"""Taking times: ours and the peers in turn, so that a busy moment meets everybody."""

from __future__ import annotations

import gc
import shutil
import subprocess
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cases import Call, Case

SCRIPT = Path(__file__).with_name("time.R")
PATIENCE = 60.0  # seconds; a peer that would take longer is timed at fewer rows only
ENOUGH = 20.0  # seconds in all, after which a peer is not timed again
OURS = "ours"


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs of each, at one size; ``left_out`` says who is missing and why.

    ``at_least`` is what a peer that would take too long took at fewer rows.
    """

    case: Case
    rows: int
    by_day: bool
    seconds: dict[str, list[float]]
    left_out: dict[str, str]
    at_least: dict[str, float]

    def median(self, who: str) -> float:
        """Median seconds."""
        return float(np.median(self.seconds[who]))

    def best(self, who: str) -> float:
        """Least seconds."""
        return min(self.seconds[who])

    @property
    def rival(self) -> str | None:
        """Who we are measured against; None where they could not be timed."""
        peers = [p for p in self.seconds if p != OURS]
        if self.case.against == "R":
            return "R" if "R" in peers else None
        return min(peers, key=self.median) if peers else None

    @property
    def ratio(self) -> float:
        """Our median over the rival's; over its time at fewer rows where it takes too long."""
        if self.rival:
            return self.median(OURS) / self.median(self.rival)
        return self.median(OURS) / self.at_least.get(self.case.against, float("nan"))

    @property
    def best_ratio(self) -> float:
        """Our least over the rival's least."""
        return self.best(OURS) / self.best(self.rival) if self.rival else self.ratio


@cache
def why_no_r() -> str:
    """Empty where R with its package survival can be timed."""
    if shutil.which("Rscript") is None:
        return "Rscript is not installed"
    run = subprocess.run(["Rscript", "-e", "library(survival)"], capture_output=True)
    return "" if run.returncode == 0 else "R's package survival is not installed"


def take(case: Case, rows: int, by_day: bool, rounds: int, earlier: Timing | None = None) -> Timing:
    """Time a case with all its peers; ``earlier``, at fewer rows, foretells who takes too long."""
    _warm_up(case, by_day)
    frame = case.frame(rows, by_day)
    start = case.after(frame)
    calls: dict[str, Callable[[], float]] = {OURS: partial(_seconds, case.ours, start)}
    calls |= {name: partial(_seconds, call, frame) for name, call in case.peers.items()}
    left_out = {} if not why_no_r() else {"R": why_no_r()}
    at_least: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        if not why_no_r():
            _hand_over(case, frame, Path(folder))
            calls["R"] = partial(_r_seconds, folder)
        for name in list(calls):
            if name != OURS and (reason := _too_slow(name, rows, earlier)):
                left_out[name] = reason
                at_least[name] = earlier_seconds(name, earlier)
                del calls[name]
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for turn in range(rounds):  # everybody once a round
            for name, taken in calls.items():
                if turn == 0 or sum(seconds[name]) < ENOUGH:
                    seconds[name].append(taken())
    return Timing(case, rows, by_day, seconds, left_out, at_least)


def _warm_up(case: Case, by_day: bool) -> None:
    """Imports and first calls are not timed, for anybody."""
    few = case.frame(1000, by_day)
    _seconds(case.ours, case.after(few))
    for call in case.peers.values():
        _seconds(call, few)


def _too_slow(name: str, rows: int, earlier: Timing | None) -> str:
    if earlier is None:
        return ""
    if name in earlier.left_out:
        return earlier.left_out[name]
    expected = earlier.median(name) * (rows / earlier.rows) ** 1.2
    if expected <= PATIENCE:
        return ""
    return f"{earlier.median(name):.1f} s at {earlier.rows:,} rows already"


def earlier_seconds(name: str, earlier: Timing | None) -> float:
    """What somebody took at fewer rows."""
    if earlier is None:
        return 0.0
    return earlier.median(name) if name in earlier.seconds else earlier.at_least.get(name, 0.0)


def _seconds(call: Call, given: Any) -> float:
    gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.perf_counter()
        call(given)
        return time.perf_counter() - began


def _hand_over(case: Case, frame: pd.DataFrame, folder: Path) -> None:
    """The columns as raw doubles, which R reads in no time."""
    for name in frame:
        frame[name].to_numpy(dtype="<f8").tofile(folder / str(name))
    (folder / "columns").write_text("\n".join(map(str, frame)) + "\n")
    (folder / "rows").write_text(f"{len(frame)}\n")
    (folder / "call.R").write_text(f"{case.r_after}\n{case.r}\n")


def _r_seconds(folder: str) -> float:
    command = ["Rscript", str(SCRIPT), folder]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(run.stdout.split("elapsed")[1].split()[0])


@dataclass(frozen=True)
class Memory:
    """Bytes in use during our call beyond its input, at most and by the result in the end.

    ``given`` are the bytes of the numbers that the call reads, 8 each.
    """

    case: Case
    rows: int
    by_day: bool
    given: int
    peak: int
    result: int


def memory(case: Case, rows: int, by_day: bool) -> Memory:
    """Trace what our call allocates."""
    frame = case.frame(rows, by_day)
    start = case.after(frame)
    case.ours(start)  # imports and caches
    start = case.after(frame)
    gc.collect()
    tracemalloc.start()
    result = case.ours(start)
    gc.collect()
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return Memory(case, rows, by_day, int(frame.to_numpy().nbytes), peak, kept)
