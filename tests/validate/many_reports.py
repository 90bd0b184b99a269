"""A batch that is left running: 500 light reports, and 300 kernels started at once.

python tests/validate/many_reports.py [reports] [starts]
Exits 1 where memory of the batch grows by a tenth or more from report 100 to the
last, an unchanged second batch runs anything or takes 5 seconds, the index misses
a report, or a start is lost.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

import psutil
from books import emit, write_book

from journeylib.reporting import progress, read_plan, run_batch
from journeylib.reporting.execute import execute
from journeylib.reporting.memory import MEGA
from journeylib.reporting.records import RunRecord
from journeylib.reporting.warm import current, warm_kernels

PARAMETERS = ("parameters", "x = 0")


def left_running(root: Path, reports: int) -> bool:
    """The batch, its memory as reports are finished, and the batch after it."""
    finding = {"findings": [{"name": "x", "value": 1.0, "low": 0.5, "high": 2.0}]}
    answer = ("answer", emit(finding=finding, plain="f"))
    write_book(root / "notebooks" / "n.ipynb", "# Light\n\nHow?", PARAMETERS, "print(x)", answer)
    path = root / "reports" / "reports.toml"
    path.parent.mkdir()
    numbers = list(range(reports))
    path.write_text(f'[[report]]\nid = "r"\nnotebook = "n"\nmatrix = {{x = {numbers}}}\n')
    held: list[float] = []
    counted = progress.Bar.finished

    def finished(bar: progress.Bar, record: RunRecord) -> None:
        counted(bar, record)
        parent = current()
        pids = [psutil.Process()] + ([psutil.Process(parent.process.pid)] if parent else [])
        held.append(sum(p.memory_info().rss for p in pids) / MEGA)

    progress.Bar.finished = finished  # type: ignore[method-assign]
    begin = time.perf_counter()
    first = run_batch(read_plan(path), progress=False)
    took = time.perf_counter() - begin
    begin = time.perf_counter()
    second = run_batch(read_plan(path), progress=False)
    again = time.perf_counter() - begin
    index = first.index.read_text()
    told = {
        "reports": reports,
        "seconds": round(took, 1),
        "ok": sum(o.status == "ok" for o in first.outcomes),
        "in the index": sum(f'href="r-{x}.html"' in index for x in numbers),
        "MB at 100": round(max(held[:100]), 1),
        "MB at most later": round(max(held[100:], default=0.0), 1),
        "run again": sum(bool(o.reason) for o in second.outcomes),
        "seconds again": round(again, 2),
        "processes left": len(psutil.Process().children(recursive=True)),
    }
    print(json.dumps(told), flush=True)
    return (
        told["ok"] == told["in the index"] == reports
        and max(held[100:], default=0.0) < 1.1 * max(held[:100])
        and told["run again"] == told["processes left"] == 0
        and again < 5
    )


def starts(root: Path, count: int, at_once: int = 16) -> bool:
    """Kernels started many at once; each has to give its own number back."""
    book = write_book(root / "notebooks" / "s.ipynb", PARAMETERS, "print(x)")

    def one(x: int) -> bool:
        done = execute(book, {"x": x})
        texts = [o.text for c in done.notebook.cells for o in c.outputs if "text" in o]
        return done.verdict == "ok" and texts == [f"{x}\n"]

    begin = time.perf_counter()
    with warm_kernels(), ThreadPoolExecutor(at_once) as pool:
        good = sum(pool.map(one, range(count)))
    told = {"starts": count, "at once": at_once, "good": good,
            "seconds": round(time.perf_counter() - begin, 1)}  # fmt: skip
    print(json.dumps(told), flush=True)
    return good == count


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        fine = left_running(Path(folder), given[0] if given else 500)
        fine &= starts(Path(folder), given[1] if len(given) > 1 else 300)
    sys.exit(not fine)
