"""``python -m benchmarks.batch``: the same reports made in four ways, docs/BENCHMARKS_BATCH.md.

The ways: the shell loop that people write (papermill, then nbconvert), the same
under ``xargs -P2``, ``journey batch``, and the notebook's own code cells run by
``exec`` in two processes, pictures included: what the work itself costs.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "BENCHMARKS_BATCH.md"
BOOK = ROOT / "notebooks" / "02_time_to_purchase.ipynb"
JOBS = 2

HOUSEHOLDS = {
    "journey": "complete_journey",
    "origin": "campaign_mailed",
    "event": "coupon_redeemed",
    "horizon": 180.0,
}
CAMPAIGNS = HOUSEHOLDS | {
    "origin": "campaign_inside_window",
    "per": "campaign_id",
    "until": "campaign_ends",
    "prior": "ignore",
    "horizon": 30.0,
}
SHOP = {"journey": "cdnow", "origin": "purchase", "event": "purchase", "occurrence": 2}
REPORTS: tuple[dict[str, Any], ...] = (
    *(HOUSEHOLDS | {"by": by} for by in ("age", "household_size", "kids_count", "income")),
    *(HOUSEHOLDS | {"by": by, "horizon": 90.0} for by in ("age", "household_size", "kids_count")),
    HOUSEHOLDS | {"origin": "big_basket", "event": "big_basket", "occurrence": 2, "horizon": 90.0},
    *(CAMPAIGNS | {"by": "campaign_type", "horizon": h} for h in (14.0, 30.0, 45.0)),
    CAMPAIGNS,
    *(SHOP | {"by": "origin_month", "horizon": h} for h in (90.0, 180.0, 365.0)),
    SHOP | {"horizon": 180.0},
)


def main(arguments: list[str] | None = None) -> int:
    """Time the four ways; 0 also when a target is missed: a time is no test."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch", description=__doc__)
    parser.add_argument("--reports", type=int, default=len(REPORTS), help="the first N; no page")
    parser.add_argument("--only", choices=sorted(WAYS), action="append", help="writes no page")
    parser.add_argument("--exec", dest="cells", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.cells:
        return _run_cells(json.loads(asked.cells))
    chosen = REPORTS[: asked.reports]
    load = os.getloadavg()[0]
    times, details = {}, {}
    for name, way in WAYS.items():
        if not asked.only or name in asked.only:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                begin, before = time.perf_counter(), _processor()
                way(chosen, Path(folder))
                times[name] = (time.perf_counter() - begin, _processor() - before)
                print("{:>8}: {:7.1f} s, of cores {:7.1f} s".format(name, *times[name]), flush=True)
                if name == "journey":
                    details = _details(Path(folder)) | _parts(dict(chosen[0]))
    text = _page(times, details, len(chosen), load)
    print(text)
    if len(chosen) == len(REPORTS) and not asked.only:
        PAGE.write_text(text, encoding="utf-8")
    return 0


def _loop(reports: tuple[dict[str, Any], ...], folder: Path) -> None:
    for command in _commands(reports, folder):
        _check(subprocess.run(command, shell=True, env=_environment(), stderr=subprocess.PIPE))


def _xargs(reports: tuple[dict[str, Any], ...], folder: Path) -> None:
    lines = "\0".join(_commands(reports, folder))
    command = ["xargs", "-0", "-P", str(JOBS), "-I{}", "sh", "-c", "{}"]
    _check(
        subprocess.run(command, input=lines.encode(), env=_environment(), stderr=subprocess.PIPE)
    )


def _commands(reports: tuple[dict[str, Any], ...], folder: Path) -> list[str]:
    """What the shell runs for each report: papermill, then nbconvert."""
    tools = Path(sys.executable).parent
    commands = []
    for k, parameters in enumerate(reports):
        made = folder / f"{k}.ipynb"
        given = " ".join(f"-p {n} {shlex.quote(str(v))}" for n, v in parameters.items())
        commands.append(
            f"{tools}/papermill -k python3 --no-progress-bar --cwd {BOOK.parent} {BOOK} {made} "
            f"{given} && {tools}/jupyter nbconvert --log-level WARN --to html {made}"
        )
    return commands


def _journey(reports: tuple[dict[str, Any], ...], folder: Path) -> None:
    plan = folder / "reports" / "reports.toml"
    plan.parent.mkdir()
    tables = []
    for k, parameters in enumerate(reports):
        values = "\n".join(f"{n} = {json.dumps(v)}" for n, v in parameters.items())
        tables.append(
            f'[[report]]\nid = "r{k}"\nnotebook = "{BOOK}"\n[report.parameters]\n{values}\n'
        )
    plan.write_text(f"[batch]\nworkers = {JOBS}\n" + "\n".join(tables))
    command = [sys.executable, "-m", "journeylib.cli", "batch", str(plan), "--force"]
    _check(subprocess.run(command, env=_environment(), capture_output=True))


def _plain(reports: tuple[dict[str, Any], ...], folder: Path) -> None:
    parts = [reports[k::JOBS] for k in range(JOBS)]
    command = [sys.executable, "-m", "benchmarks.batch", "--exec"]
    running = [
        subprocess.Popen([*command, json.dumps(p)], env=_environment(), cwd=ROOT) for p in parts
    ]
    for process in running:
        if process.wait():
            raise SystemExit("the code cells failed")


WAYS: dict[str, Callable[[tuple[dict[str, Any], ...], Path], None]] = {
    "loop": _loop,
    "xargs": _xargs,
    "journey": _journey,
    "plain": _plain,
}


def _environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}


def _processor() -> float:
    """Seconds of cores that processes started here have used, their own children included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _check(done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode:
        raise SystemExit((done.stderr or b"").decode()[-4000:] or "a command failed")


def _run_cells(reports: list[dict[str, Any]]) -> int:
    """The code cells one after the other, each result shown as IPython would show it."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    cells = json.loads(BOOK.read_text(encoding="utf-8"))["cells"]
    codes = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    os.chdir(BOOK.parent)
    for parameters in reports:
        space: dict[str, Any] = {"__name__": "__main__"}
        for number, code in enumerate(codes):
            tree = ast.parse(code)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "cell", "exec"), space)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "cell", "eval"), space)
                if value is not None:
                    shell.display_formatter.format(value)  # type: ignore[union-attr]
            if number == 0:
                space.update(parameters)
    return 0


def _details(folder: Path) -> dict[str, float]:
    """What the pages weigh and point at, how long each takes to be rendered again."""
    import nbformat

    from journeylib.reporting.records import read_record
    from journeylib.reporting.render import render

    records = [read_record(p) for p in sorted(folder.glob("reports/runs/*/*/run.json"))]
    bad = [r.report_id for r in records if not r.ok]
    if bad:
        raise SystemExit(f"not ok: {bad}")
    pages = [r.folder / "report.html" for r in records if r.folder]
    texts = [p.read_text(encoding="utf-8") for p in pages]
    notebooks = [nbformat.read(str(p.with_name("run.ipynb")), as_version=4) for p in pages]
    render(records[0], notebooks[0])
    begin = time.perf_counter()
    for record, notebook in zip(records, notebooks):
        render(record, notebook)
    rendering = (time.perf_counter() - begin) / len(records)
    remote = sum(len(re.findall(r"""(?:src|href)=["'](?:https?:)?//""", t)) for t in texts)
    return {
        "pages weigh on average, kB": sum(len(t.encode()) for t in texts) / len(texts) / 1000,
        "seconds to render one page": rendering,
        "references to anything remote": float(remote),
    }


def _parts(parameters: dict[str, Any]) -> dict[str, float]:
    """Where the time of one report goes, in seconds: the third of three in a warm kernel."""
    import nbformat

    from journeylib.reporting.execute import execute
    from journeylib.reporting.records import RunRecord
    from journeylib.reporting.render import render
    from journeylib.reporting.warm import current, warm_kernels

    begin = time.perf_counter()
    with warm_kernels():
        parent = current()
        if parent is not None:
            parent.fork_ready()
        imports = time.perf_counter() - begin
        marks: list[float] = []
        for _ in range(3):
            marks.clear()
            begin = time.perf_counter()
            done = execute(BOOK, parameters, on_cell=lambda *_: marks.append(time.perf_counter()))
            end = time.perf_counter()
    in_kernel = {"pictures": 0.0, "others": 0.0}
    for cell in done.notebook.cells:
        stamps = cell.metadata.get("execution", {})
        if "shell.execute_reply" in stamps:
            took = _instant(stamps["shell.execute_reply"]) - _instant(stamps["iopub.status.busy"])
            kinds = {kind for o in cell.outputs for kind in o.get("data", {})}
            shown = bool(kinds & {"image/png", "image/svg+xml"})
            in_kernel["pictures" if shown else "others"] += took
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        nbformat.write(done.notebook, str(Path(folder) / "run.ipynb"))
        saving = time.perf_counter() - start
    start = time.perf_counter()
    render(RunRecord("r", "1"), done.notebook)
    return {
        "imports, once a batch": imports,
        "start of the kernel": marks[0] - begin,
        "cells without a picture (analysis)": in_kernel["others"],
        "cells that end in a picture": in_kernel["pictures"],
        "messages between kernel and batch": marks[-1] - marks[0] - sum(in_kernel.values()),
        "end of the kernel": end - marks[-1],
        "saving the notebook": saving,
        "HTML": time.perf_counter() - start,
    }


def _instant(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _page(
    times: dict[str, tuple[float, float]], details: dict[str, float], n: int, load: float
) -> str:
    ours, cores = times.get("journey", (float("nan"), float("nan")))
    names = {
        "loop": "shell loop: papermill, then nbconvert",
        "xargs": f"the same under xargs -P{JOBS}",
        "journey": "journey batch --force",
        "plain": f"the code cells by exec in {JOBS} processes, pictures included",
    }
    rows = [
        f"| {names[k]} | {wall:.1f} | {wall / ours:.2f} | {busy:.1f} | {busy / cores:.2f} |"
        for k, (wall, busy) in times.items()
    ]
    facts = [f"| {k} | {v:,.3f} |" for k, v in details.items()]
    return "\n".join(
        [
            "# A batch of reports",
            "",
            f"{n} parameterisations of `{BOOK.name}` on the same {os.cpu_count()} cores, one way "
            "after the other in one run. `make bench-batch` writes this page. Other work on the "
            "machine stretches the seconds, and not each way's alike, but hardly the seconds of "
            "cores: on an idle machine the loop takes about as long as it uses cores, and every "
            "other way, with two of them, half as long. "
            f"Load average at the start: {load:.1f}.",
            "",
            "| way | seconds | times journey | seconds of cores | times journey |",
            "|---|---:|---:|---:|---:|",
            *rows,
            "",
            "Targets: the loop at least 8 times (aim 10), `xargs` at least 4 times, `journey` at "
            "most 1.8 times the plain cells.",
            "",
            "| one report | |",
            "|---|---:|",
            *facts,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
