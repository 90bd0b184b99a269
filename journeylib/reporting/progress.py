"""Progress that reads well: a live bar on a terminal or in a notebook, plain lines in a log."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

from journeylib.reporting.records import RunRecord
from journeylib.reporting.verdicts import LABELS, short


class Bar:
    """Progress over the reports of a batch, fed from several threads.

    Parameters
    ----------
    total
        Number of reports.
    enabled
        False is silent.
    stream
        Where it is shown; standard error by default.
    """

    def __init__(self, total: int, *, enabled: bool = True, stream: TextIO | None = None) -> None:
        self.total, self.stream = total, stream or sys.stderr
        self.enabled = enabled and total > 0
        self.live = self.enabled and (self.stream.isatty() or _in_notebook())
        self.done = 0
        self._running: dict[str, str] = {}
        self._lock = threading.Lock()
        self._bar: Any = None

    def __enter__(self) -> Bar:
        if self.live:
            from tqdm import tqdm

            self._bar = tqdm(total=self.total, unit="report", file=self.stream, leave=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str("")
            self._bar.close()

    def watcher(self, report_id: str) -> Callable[[int, int], None]:
        """A function that is told how many cells of a report are done."""

        def on_cell(done: int, total: int) -> None:
            with self._lock:
                self._running[report_id] = f"{report_id} {done}/{total}"
                self._show()

        return on_cell

    def finished(self, record: RunRecord) -> None:
        """Count a report as done."""
        with self._lock:
            self.done += 1
            self._running.pop(record.report_id, None)
            if self._bar is not None:
                self._bar.update(1)
                self._show()
            elif self.enabled:
                words = f"{LABELS[record.verdict]}, {record.seconds:.1f} s"
                why = f": {short(record)}" if record.error else ""
                line = f"[{self.done}/{self.total}] {record.report_id} {words}{why}"
                print(line, file=self.stream, flush=True)

    def _show(self) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(", ".join(sorted(self._running.values())[:4]))


def _in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel, whose front end shows live widgets."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
