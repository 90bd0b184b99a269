"""What can go wrong at night, done on purpose, with warm and with ordinary kernels."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from books import write_book
from processes import below, left

from journeylib.errors import RunError
from journeylib.reporting import Batch, kernels, keys, leaks, read_plan, run, run_batch
from journeylib.reporting.store import Store

PARAMETERS = ("parameters", "x = 0")
BOOKS = {
    "fine": ("# Fine", PARAMETERS, "print(x)"),
    "raises": ("# R", PARAMETERS, "raise ValueError('no row')"),
    "exits": ("# E", PARAMETERS, "import sys\nsys.exit(0)", "1"),
    "dies": ("# D", PARAMETERS, "import os\nos._exit(1)"),
    "eats": ("# M", PARAMETERS, "held = []", "while True:\n    held.append(bytearray(10**7))"),
    "loops": ("# L", PARAMETERS, "while True: pass"),
    "holds": (
        "# C",
        PARAMETERS,
        "import ctypes, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)",
        "ctypes.PyDLL(None).sleep(600)",
    ),
    "child": ("# K", "import subprocess\nsubprocess.Popen(['sleep', '600'])\n1 / 0"),
    "no_cell": ("# N", "1"),
}
VERDICTS = {
    "fine": ("ok", ""),
    "raises": ("failed", "no row"),
    "exits": ("failed", "ended itself early"),
    "dies": ("killed", "exit code 1"),
    "eats": ("killed", "may hold 500 MB of memory and was stopped when it held"),
    "loops": ("timed_out", "4 seconds"),
    "holds": ("timed_out", "4 seconds"),
    "child": ("failed", "division by zero"),
    "no_cell": ("invalid", "no parameter 'x'"),
    "torn": ("invalid", "cannot be read"),
    "also_fine": ("ok", ""),
}
MORE = {
    "eats": "memory = 500",
    "loops": "timeout = 4",
    "holds": "timeout = 4",
    "no_cell": "parameters = {x = 1}",
    "also_fine": "parameters = {x = 2}",
}


def make(root: Path, batch: str, names: tuple[str, ...] = tuple(VERDICTS)) -> Path:
    for name, cells in BOOKS.items():
        write_book(root / "notebooks" / f"{name}.ipynb", *cells)
    (root / "notebooks" / "torn.ipynb").write_text('{"cells": [')
    tables = [
        f'[[report]]\nid = "{n}"\nnotebook = "{n.removeprefix("also_")}"\n{MORE.get(n, "")}\n'
        for n in names
    ]
    path = root / "reports" / "reports.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"[batch]\ntimeout = 60\nworkers = 2\n{batch}\n{''.join(tables)}")
    return path


def sleepers() -> set[int]:
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        if process.info["cmdline"] == ["sleep", "600"]:
            found.add(process.pid)
    return found


def whole(output: Path) -> set[str]:
    """Reports with a run; every run's folder has its three files."""
    found = set()
    for folder in output.glob("runs/*/*"):
        assert {p.name for p in folder.iterdir()} == {"run.ipynb", "report.html", "run.json"}
        json.loads((folder / "run.json").read_text())
        found.add(folder.parent.name)
    assert not list((output / ".staging").iterdir())
    return found


@pytest.mark.parametrize("kind", ["warm", "ordinary"])
def test_each_fault_has_its_verdict_and_leaves_nothing_behind(tmp_path: Path, kind: str) -> None:
    before, asleep = below(), sleepers()
    batch = run_batch(read_plan(make(tmp_path, f'kernels = "{kind}"')), progress=False)
    records = {o.report_id: o.record for o in batch.outcomes}
    for name, (verdict, words) in VERDICTS.items():
        record = records[name]
        assert record is not None
        assert (name, record.verdict) == (name, verdict)
        assert words in (record.error.message if record.error else "")
        assert (batch.output / f"{name}.html").is_file()
    assert whole(batch.output) == set(VERDICTS)
    assert batch.exit_code == 7
    index = (batch.output / "index.html").read_text()
    assert all(f'href="{name}.html"' in index for name in VERDICTS)
    assert left(before=before) == []
    assert sleepers() - asleep == set()
    assert not kernels._live
    assert not list(Path(kernels._short_folder()).glob(f"jk{os.getpid()}-*"))


def run_command(plan: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "journeylib.cli", "batch", str(plan), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_second_batch_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    plan = make(tmp_path, "", ("loops", "fine"))
    with run_command(plan) as first:
        end = time.monotonic() + 60
        while not (plan.parent / ".batch.json").exists():
            assert time.monotonic() < end and first.poll() is None
        with run_command(plan) as second:
            _, said = second.communicate(timeout=60)
        first.communicate(timeout=120)
    assert second.returncode == RunError.exit_code
    assert f"another batch is writing into this folder: process {first.pid}" in said
    assert first.returncode == 1
    assert whole(plan.parent) == {"loops", "fine"}


def test_a_batch_killed_with_warm_kernels_is_resumed(tmp_path: Path) -> None:
    plan = make(tmp_path, 'kernels = "warm"', ("fine", "raises", "holds", "also_fine"))
    plan.write_text(plan.read_text().replace("timeout = 4", "timeout = 600"))
    with run_command(plan) as batch:
        end = time.monotonic() + 120
        while not all((plan.parent / "runs" / n).is_dir() for n in ("fine", "raises", "also_fine")):
            assert time.monotonic() < end and batch.poll() is None
        children = psutil.Process(batch.pid).children(recursive=True)
        batch.kill()
    assert len(children) >= 2
    assert psutil.wait_procs(children, 10)[1] == []
    plan.write_text(plan.read_text().replace("timeout = 600", "timeout = 4"))
    done = run_batch(read_plan(plan), resume=True, progress=False)
    again = {o.report_id for o in done.outcomes if o.reason}
    edited = {o.report_id for o in done.outcomes if "journeylib" in o.reason}
    assert again - edited <= {"holds"} | ({"raises"} if edited else set())
    assert {o.report_id: o.verdict for o in done.outcomes} == {
        "fine": "ok", "raises": "failed", "holds": "timed_out", "also_fine": "ok",
    }  # fmt: skip
    assert whole(plan.parent) == {"fine", "raises", "holds", "also_fine"}


@pytest.fixture
def small_disk(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A file system of 1.5 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_fails_the_report_that_does_not_fit_and_keeps_the_others(
    tmp_path: Path, small_disk: Path
) -> None:
    plan = make(tmp_path, f'output = "{small_disk}"', ("fine", "raises"))
    large = "import os, base64\nprint(base64.b64encode(os.urandom(3_000_000)).decode())"
    write_book(tmp_path / "notebooks" / "raises.ipynb", "# Large", PARAMETERS, large)
    batch = run_batch(read_plan(plan), workers=1, progress=False)
    records = {o.report_id: o.record for o in batch.outcomes}
    assert records["fine"].verdict == "ok"
    assert records["raises"].verdict == "failed"
    assert "No space left" in records["raises"].error.message
    assert whole(small_disk) == {"fine"}
    assert "Fine" in (small_disk / "index.html").read_text()
    assert batch.exit_code == 1


def test_a_read_only_folder_starts_nothing(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = read_plan(make(tmp_path, f'output = "{small_disk}"', ("fine",)))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    monkeypatch.setattr(kernels, "new_manager", None)
    with pytest.raises(RunError, match="cannot be written to: Read-only file system"):
        run_batch(plan, progress=False)


SECRET = "postgres://reader:p&ss<w@db/shop"


@pytest.mark.parametrize(
    "code",
    [
        "import os\nprint(os.environ['SHOP_DB'])",
        "import os\nraise ValueError('cannot reach ' + os.environ['SHOP_DB'])",
        "import os, base64\nprint(base64.b64encode(os.environ['SHOP_DB'].encode()).decode())",
        "import os\nfrom IPython.display import HTML\nHTML('<p>' + os.environ['SHOP_DB'] + '</p>')",
    ],
)
def test_a_secret_never_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setenv("SHOP_DB", SECRET)
    plan = make(tmp_path, 'secrets = ["SHOP_DB", "NOT_SET"]', ("fine", "raises"))
    write_book(tmp_path / "notebooks" / "raises.ipynb", "# Tells", PARAMETERS, code)
    batch = run_batch(read_plan(plan), progress=False)
    records = {o.report_id: o.record for o in batch.outcomes}
    assert (records["raises"].verdict, records["raises"].error.name) == ("failed", "SecretFound")
    assert "SHOP_DB" in records["raises"].error.message
    assert records["fine"].verdict == "ok"
    assert whole(plan.parent) == {"fine", "raises"}
    coded = base64.b64encode(SECRET.encode()).decode()
    for path in (p for p in plan.parent.rglob("*") if p.is_file()):
        text = path.read_text()
        assert "p&ss<w" not in text and "p&amp;ss" not in text and coded not in text, path


def test_a_single_run_knows_the_secrets_of_the_plan_and_of_its_journey(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DB", SECRET)
    monkeypatch.setenv("MAIL_KEY", "k3y-of-the-mailer")
    plan = make(tmp_path, 'secrets = ["MAIL_KEY"]', ("fine",))
    (tmp_path / "data" / "shop").mkdir(parents=True)
    pd.DataFrame({"id": ["a"], "at": ["2026-01-01"], "event": ["order"]}).to_csv(
        tmp_path / "data" / "shop" / "pairs.csv", index=False
    )
    (tmp_path / "data" / "shop" / "journey.toml").write_text(
        'name = "Shop"\nunit = "days"\n[source]\npath = "pairs.csv"\n'
        '[columns]\nid = "id"\nat = "at"\nevent = "event"\n'
        '[stages]\npurchase = ["order"]\n[window]\ncutoff = 2026-01-31\n'
        '[identities]\nurl = "env:SHOP_DB"\ntable = "pairs"\nanonymous = "a"\ncustomer = "b"\n'
    )
    for name in ("SHOP_DB", "MAIL_KEY"):
        code = f"import os\nprint(os.environ['{name}'])"
        book = write_book(
            tmp_path / "notebooks" / "tells.ipynb", ("parameters", "journey = ''"), code
        )
        given = {"journey": "shop"} if name == "SHOP_DB" else {}
        found = leaks.addresses({"journey": "shop"}, book.parent)
        assert found == ("SHOP_DB",)
        monkeypatch.setattr(keys, "data_fingerprint", lambda *_: "the same")
        record = run(book, given, progress=False)
        assert record.error is not None and record.error.name == "SecretFound", name
        assert name in record.error.message
    for path in (p for p in plan.parent.rglob("*") if p.is_file() and p != plan):
        text = path.read_text()
        assert "p&ss<w" not in text and "k3y-of-the-mailer" not in text, path


def test_exit_code_is_that_of_reports_not_of_the_machine(tmp_path: Path) -> None:
    done: Batch = run_batch(read_plan(make(tmp_path, "", ("fine", "raises"))), progress=False)
    assert done.exit_code == 1
    assert Store(done.output).latest("fine") is not None
