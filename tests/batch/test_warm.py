"""Kernels forked from a warm parent: each a process of its own, gone with the batch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from books import write_book
from processes import left

from journeylib.reporting import kernels, warm
from journeylib.reporting.execute import Execution, execute

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


@pytest.fixture(scope="module")
def parent() -> Iterator[warm.WarmParent]:
    with warm.warm_kernels():
        found = warm.current()
        assert found is not None
        yield found
    assert warm.current() is None
    assert found.process.poll() == 0


def texts(done: Execution) -> list[str]:
    assert done.verdict == "ok", done.failure
    return [o.text for c in done.notebook.cells for o in c.get("outputs", []) if "text" in o]


def result(done: Execution, **parameters: Any) -> str:
    return texts(done)[-1].strip()


def test_the_parent_is_fit_to_be_forked(parent: warm.WarmParent) -> None:
    parent.fork_ready()
    assert parent.refused == ""
    process = psutil.Process(parent.process.pid)
    assert process.num_threads() == 1
    opened = [Path(p.path).name for p in process.memory_maps()]
    assert any("pandas" in name or "numpy" in name or "_multiarray" in name for name in opened)


def test_a_kernel_is_a_child_of_the_parent_that_finds_everything_imported(
    parent: warm.WarmParent, tmp_path: Path
) -> None:
    code = (
        "import os, sys\n"
        "print(os.getppid(), 'pandas' in sys.modules, 'lifelines' in sys.modules, "
        "__name__, os.path.basename(os.getcwd()), os.getpgid(0) == os.getpid())"
    )
    book = write_book(tmp_path / "n" / "a.ipynb", code)
    assert result(execute(book, {})) == f"{parent.process.pid} True True __main__ n True"


def test_namespaces_and_seeds_are_each_kernels_own(parent: warm.WarmParent, tmp_path: Path) -> None:
    code = (
        "import random, numpy, pandas, os\n"
        "assert 'mark' not in globals() and not hasattr(pandas, 'mark')\n"
        "assert 'MARK' not in os.environ\n"
        "mark = pandas.mark = 1\nos.environ['MARK'] = '1'\n"
        "print(random.random(), numpy.random.random())"
    )
    book = write_book(tmp_path / "a.ipynb", code)
    with ThreadPoolExecutor(3) as pool:
        drawn = list(pool.map(lambda _: result(execute(book, {})), range(6)))
    numbers = [n for line in drawn for n in line.split()]
    assert len(set(numbers)) == 12


def test_pictures_of_a_forked_kernel_are_those_of_an_ordinary_one(
    parent: warm.WarmParent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = write_book(
        tmp_path / "a.ipynb",
        "import journeylib as jl\nimport pandas as pd\n"
        "frame = pd.DataFrame({'t': range(1, 60), 'e': [1, 0, 1] * 19 + [1, 1]})\n"
        "spells = jl.spells_from_frame(frame, stop='t', cause='e')",
        "curve = jl.survival_curve(spells)",
        "jl.plot_curve(curve)",
        "import matplotlib.pyplot as plt\nfigure = plt.plot([1, 2])",
    )
    forked = execute(book, {})
    monkeypatch.setattr(warm, "_current", None)
    ordinary = execute(book, {})
    shown = [
        [
            o.data.get("image/svg+xml", o.data.get("image/png"))
            for c in d.notebook.cells
            for o in c.outputs
            if "data" in o
        ]
        for d in (forked, ordinary)
    ]
    assert len(shown[0]) == 2
    assert shown[0] == shown[1]


def test_last_words_and_the_way_it_ended_are_known(parent: warm.WarmParent, tmp_path: Path) -> None:
    faults = "import ctypes\nctypes.string_at(0)"
    done = execute(write_book(tmp_path / "a.ipynb", faults), {})
    assert (done.verdict, done.failure.message) == (
        "killed", "the kernel died: it was killed by SIGSEGV",
    )  # fmt: skip
    assert "string_at" in done.failure.traceback
    done = execute(write_book(tmp_path / "b.ipynb", "import os\nos._exit(3)"), {})
    assert "exit code 3" in done.failure.message


def test_nothing_that_a_report_started_outlives_it(parent: warm.WarmParent, tmp_path: Path) -> None:
    code = "import subprocess\nprint(subprocess.Popen(['sleep', '600']).pid)"
    pid = int(result(execute(write_book(tmp_path / "a.ipynb", code), {})))
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(10)
    assert not psutil.pid_exists(pid)
    assert left(pid=parent.process.pid) == []


def test_many_starts_at_once_lose_none(parent: warm.WarmParent, tmp_path: Path) -> None:
    book = write_book(tmp_path / "a.ipynb", ("parameters", "x = 0"), "print(x)")
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda k: result(execute(book, {"x": k})), range(24)))
    assert seen == [str(k) for k in range(24)]


def test_kernels_die_with_the_parent_and_the_next_is_an_ordinary_one(tmp_path: Path) -> None:
    hangs = write_book(tmp_path / "a.ipynb", "import ctypes\nctypes.PyDLL(None).sleep(600)")
    book = write_book(tmp_path / "b.ipynb", "import os\nprint(os.getppid())")
    previous, warm._current = warm._current, None
    try:
        with warm.warm_kernels(), ThreadPoolExecutor(1) as pool:
            parent = warm.current()
            running = pool.submit(
                execute, hangs, {}, on_cell=lambda *_: os.kill(parent.process.pid, signal.SIGKILL)
            )
            assert running.result().verdict == "killed"
            assert result(execute(book, {})) == str(os.getpid())
    finally:
        warm._current = previous


def test_a_parent_with_threads_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(warm, "_current", None)
    book = write_book(tmp_path / "b.ipynb", "import os\nprint(os.getppid())")
    with warm.warm_kernels():
        assert result(execute(book, {})) == str(os.getpid())
        assert "threads run after the imports" in warm.current().refused


def test_the_parent_ends_with_the_batch_however_that_ended() -> None:
    code = (
        "from journeylib.reporting import warm\n"
        "with warm.warm_kernels():\n"
        "    warm.current().fork_ready()\n"
        "    print(warm.current().process.pid, flush=True)\n"
        "    input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as batch:
        assert batch.stdout is not None
        parent = psutil.Process(int(batch.stdout.readline()))
        batch.kill()
    parent.wait(10)
    kernels.clear_folders()
    assert not list(Path(kernels._short_folder()).glob(f"jk{batch.pid}-*"))
