"""The same plan on a Dask cluster of two workers, each a process of its own on this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from books import write_book
from processes import left

from journeylib.cli import main
from journeylib.errors import RunError
from journeylib.reporting import read_plan, run_batch
from journeylib.reporting.store import Store

pytest.importorskip("distributed", reason="the extra 'dask' is not installed")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[int]]]:
    """A scheduler and two workers, started as an administrator would."""
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    start = [["dask_scheduler", *common, "--host", "127.0.0.1", "--port", "0"]]
    for name in "ab":
        own = ["--nthreads", "1", "--no-nanny", "--name", name, "--local-directory", str(folder)]
        start.append(["dask_worker", *common, *own])
    log = (folder / "log").open("wb")
    running = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{name}", *words], stdout=log, stderr=log
        )
        for name, *words in start
    ]
    from distributed import Client

    try:
        with Client(scheduler_file=str(file), timeout="60s", set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            yield client.scheduler.address, [process.pid for process in running]
    finally:
        for process in reversed(running):  # a worker takes leave of its scheduler
            process.terminate()
            process.wait(60)
        log.close()


def test_a_plan_runs_on_the_cluster_and_results_are_where_it_says(
    cluster: tuple[str, list[int]], tmp_path: Path
) -> None:
    address, pids = cluster
    write_book(
        tmp_path / "notebooks" / "n.ipynb",
        "# On the cluster",
        ("parameters", "x = 0"),
        "import os, psutil\nprint(psutil.Process().parent().cmdline())",
    )
    write_book(tmp_path / "notebooks" / "bad.ipynb", "# Bad", "import os\nos._exit(1)")
    plan = tmp_path / "reports" / "reports.toml"
    plan.parent.mkdir()
    plan.write_text(
        '[[report]]\nid = "n"\nnotebook = "n"\nmatrix = {x = [1, 2, 3, 4]}\n'
        '[[report]]\nid = "bad"\nnotebook = "bad"\n'
        '[[report]]\nid = "last"\nnotebook = "n"\nneeds = ["*"]\n'
    )
    batch = run_batch(read_plan(plan), dask=address, progress=False)
    verdicts = {o.report_id: o.verdict for o in batch.outcomes}
    assert verdicts == {"n-1": "ok", "n-2": "ok", "n-3": "ok", "n-4": "ok", "bad": "killed",
                        "last": "ok"}  # fmt: skip
    ran = {}
    for outcome in batch.outcomes:
        assert outcome.record is not None and outcome.record.folder is not None
        ran[outcome.report_id] = (outcome.record.folder / "run.ipynb").read_text()
    by = {name for name in "ab" for k in "1234" if f"'--name', '{name}'" in ran[f"n-{k}"]}
    assert by == {"a", "b"}
    store = Store(plan.parent)
    assert store.latest("last").run_id > max(store.latest(f"n-{k}").run_id for k in "1234")
    assert "On the cluster" in (plan.parent / "index.html").read_text()
    assert main(["batch", str(plan), "--dask", address, "--only", "n"]) == 0
    assert [told for pid in pids for told in left(pid=pid)] == []


def test_without_a_cluster_it_is_said_in_words(tmp_path: Path) -> None:
    write_book(tmp_path / "notebooks" / "n.ipynb", "1")
    plan = tmp_path / "reports" / "reports.toml"
    plan.parent.mkdir()
    plan.write_text('[[report]]\nid = "n"\nnotebook = "n"\n')
    with pytest.raises(RunError, match="cluster cannot be reached"):
        run_batch(read_plan(plan), dask="tcp://127.0.0.1:9", progress=False)
