"""The folder of reports, which at any moment holds whole reports only.

    reports/runs/<report-id>/<run-id>/{run.ipynb,report.html,run.json}   new each time
    reports/<report-id>.html                                             the stable link
    reports/index.html                                                   from the records alone

A run is written into a staging folder and moved to its place by one rename;
links are replaced by ``os.replace``. Whoever is killed half-way leaves nothing
but a staging folder, which the next batch clears away.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from journeylib.errors import RunError
from journeylib.reporting.kernels import alive
from journeylib.reporting.records import RunRecord, read_record

RETIRED = "retired"


@dataclass(frozen=True)
class Store:
    """A folder of reports.

    Parameters
    ----------
    root
        The folder; made when first written to.
    """

    root: Path

    @property
    def runs(self) -> Path:
        """Where the runs lie."""
        return self.root / "runs"

    def folder(self, record: RunRecord) -> Path:
        """Folder of a run."""
        return self.runs / record.report_id / record.run_id

    def report_ids(self) -> list[str]:
        """Every report that has a run and was not retired, in alphabetical order."""
        folders = sorted(self.runs.iterdir()) if self.runs.is_dir() else []
        return [f.name for f in folders if f.is_dir() and not (f / RETIRED).exists()]

    def retire(self, report_id: str, out: bool = True) -> None:
        """Take a report out of the index, with its stable link, or back in; its runs are kept."""
        mark = self.runs / report_id / RETIRED
        if not out:
            mark.unlink(missing_ok=True)
        elif mark.parent.is_dir():
            mark.touch()
            (self.root / f"{report_id}.html").unlink(missing_ok=True)

    def history(self, report_id: str) -> Iterator[RunRecord]:
        """Records of a report, the latest first; folders without a readable record are passed."""
        folder = self.runs / report_id
        names = sorted((p.name for p in folder.glob("*/")), reverse=True)
        for name in names:
            with suppress(RunError, OSError):
                yield read_record(folder / name / "run.json")

    def latest(self, report_id: str) -> RunRecord | None:
        """The latest run of a report, whatever its verdict."""
        return next(self.history(report_id), None)

    def latest_good(self, report_id: str) -> RunRecord | None:
        """The latest run that is ok."""
        return next((r for r in self.history(report_id) if r.ok), None)

    def is_whole(self, record: RunRecord) -> bool:
        """Whether a run's page and notebook are still there."""
        folder = self.folder(record)
        return (folder / "report.html").is_file() and (folder / "run.ipynb").is_file()

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A private folder on the same file system, gone afterwards whatever happens."""
        base = self.root / ".staging"
        try:
            base.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=base))
        except OSError as error:
            raise RunError(
                f"the reports folder cannot be written to: {error.strerror}",
                where=str(self.root),
                fix="free space, change its permissions, or give another folder with --out",
            ) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def commit(self, staged: Path, record: RunRecord) -> Path:
        """Write the record beside what is staged and move the whole to its place."""
        path = staged / "run.json"
        with path.open("w", encoding="utf-8") as file:
            file.write(record.to_json())
            file.flush()
            os.fsync(file.fileno())
        staged.chmod(0o755)
        target = self.folder(record)
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(target)
        return target

    def replace(self, name: str, data: bytes) -> Path:
        """Replace a file at the top of the folder in one step."""
        with self.staging() as folder:
            made = folder / "new"
            made.write_bytes(data)
            made.chmod(0o644)
            made.replace(self.root / name)
        return self.root / name

    def prune(self, report_id: str, keep: int) -> None:
        """Remove the oldest runs beyond ``keep``, but never the latest good one."""
        good = self.latest_good(report_id)
        for old in list(self.history(report_id))[keep:]:
            if good is None or old.run_id != good.run_id:
                with self.staging() as folder:
                    self.folder(old).rename(folder / "old")

    def clear_staging(self) -> None:
        """Remove what killed batches left behind; the folders of living processes stay."""
        base = self.root / ".staging"
        for folder in base.iterdir() if base.is_dir() else ():
            owner = folder.name.split("-")[0]
            if owner.isdigit() and not alive(int(owner)):
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one batch; a second batch is told who holds it.

        Raises
        ------
        RunError
            When another batch holds the folder.
        """
        path = self.root / ".lock"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise RunError(
                f"the reports folder cannot be written to: {error.strerror}",
                where=str(self.root),
                fix="change its permissions, or give another folder with --out",
            ) from error
        with file:
            if not _take(file):
                raise RunError(
                    f"another batch is writing into this folder: {_owner(file)}",
                    where=str(self.root),
                    fix="wait until it ends, or stop it",
                )
            file.truncate(0)
            file.write(json.dumps(_me()))
            file.flush()
            yield


def _me() -> dict[str, Any]:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": started}


def _owner(file: IO[str]) -> str:
    file.seek(0)
    try:
        held = json.loads(file.read())
        return f"process {held['pid']} on {held['host']}, since {held['since']}"
    except (ValueError, KeyError, TypeError):
        return "its owner is just starting"


def _take(file: IO[str]) -> bool:
    """Lock an open file; the system lets go of it when the process ends, however it ends."""
    try:
        if os.name == "nt":  # pragma: no cover
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
