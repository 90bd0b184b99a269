"""R's own intervals on the same replications, where ours miss the band."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from validation.coverage import Coverage, by_name, contains, enough, generator
from validation.ledger import furthest

SCRIPT = Path(__file__).with_name("coverage.R")


def r_available() -> bool:
    """Whether R with its package survival is installed."""
    if shutil.which("Rscript") is None:
        return False
    run = subprocess.run(["Rscript", "-e", "library(survival)"], capture_output=True)
    return run.returncode == 0


def limits(study: str, numbers: list[int]) -> pd.DataFrame:
    """R's intervals: ``rep, key, low, high``."""
    draw = by_name()[study].draw
    rows = pd.concat([draw(generator(study, k)).assign(rep=k) for k in numbers])
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder, "in.csv"), Path(folder, "out.csv")
        rows.to_csv(given, index=False)
        command = ["Rscript", str(SCRIPT), study, str(given), str(found)]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(f"R could not estimate {study!r}:\n{run.stderr}")
        return pd.read_csv(found)


def alike(names: list[str], samples: int = 3) -> dict[str, float]:
    """Largest relative deviation of our limits from R's on the same samples, by study."""
    found = {}
    for name in (n for n in names if by_name()[n].in_r):
        study, theirs = by_name()[name], limits(name, list(range(samples)))
        gaps = []
        for number in range(samples):
            rows = theirs[theirs["rep"] == number]
            mine = study.limits(study.draw(generator(name, number)))
            ours = np.array([mine[k] for k in rows["key"]], dtype=float)
            gaps.append(furthest(ours, rows[["low", "high"]].to_numpy(dtype=float)))
        found[name] = max(gaps)
    return found


def beside(found: list[Coverage], replications: int, workers: int) -> list[Coverage]:
    """The same shares, with R's beside those that miss the band."""
    studies = dict.fromkeys(c.study for c in found if not c.passed)
    missed = [name for name in studies if by_name()[name].in_r]
    print(f"asking R about the samples of: {', '.join(missed) or 'no study'}", flush=True)
    shares = {name: _shares(name, replications, workers) for name in missed}
    return [
        c if c.passed else replace(c, peer=shares.get(c.study, {}).get(c.truth.key)) for c in found
    ]


def _shares(study: str, replications: int, workers: int) -> dict[str, float]:
    parts = [p.tolist() for p in np.array_split(np.arange(replications), workers)]
    with ThreadPoolExecutor(workers) as pool:
        rows = pd.concat(pool.map(lambda p: limits(study, p), parts))
    whole = by_name()[study]
    asked = [enough(whole, whole.draw(generator(study, k))) for k in range(replications)]
    counted = pd.DataFrame(asked, columns=[t.key for t in whole.truths])
    found = {}
    for truth in (t for t in whole.truths if t.key in set(rows["key"])):
        mine = rows[rows["key"] == truth.key].set_index("rep").sort_index()
        hit = contains(mine["low"].to_numpy(), mine["high"].to_numpy(), truth.value)
        found[truth.key] = float(hit[counted[truth.key].to_numpy()].mean())
    return found
