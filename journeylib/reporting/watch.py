"""What is seen while a notebook runs, and the verdict that follows from it.

papermill marks every cell "completed" after a timeout, a dead kernel or ``sys.exit(0)``; so
nothing of what it wrote down counts, but what was seen of kernel, clock, memory and cells.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from journeylib.reporting import kernels
from journeylib.reporting.memory import Guard
from journeylib.reporting.records import Failure, source, tags

MARKER = "papermill-error-cell-tag"  # papermill tags its own error notices so
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass
class Watch:
    """What the engine sees while a notebook runs."""

    on_cell: Callable[[int, int], None]
    timeout: float | None
    notebook: Any = None
    manager: Any = None
    index: int | None = None
    started: bool = False
    finished: bool = False
    expired: bool = False
    last_words: str = ""
    memory: float | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    place: int = 0
    guard: Guard | None = field(default=None, repr=False)
    timer: threading.Timer | None = field(default=None, repr=False)

    @property
    def eaten(self) -> bool:
        """Whether it was ended for its memory."""
        return self.guard is not None and self.guard.exceeded

    def arm(self) -> None:
        """Start the watch over the memory."""
        self.guard = Guard(self.memory, self._pid, lambda: kernels.kill(self.manager))

    def begin(self) -> None:
        """Start the clock of the whole notebook."""
        if self.timeout:
            self.timer = threading.Timer(self.timeout, self._expire)
            self.timer.daemon = True
            self.timer.start()

    def disarm(self) -> None:
        """Stop clock and watch."""
        if self.guard is not None:
            self.guard.stop()
        if self.timer is not None:
            self.timer.cancel()

    def _pid(self) -> int | None:
        process = None if self.manager is None else self.manager.process
        return None if process is None else int(process.pid)

    def _expire(self) -> None:
        # an interrupt may be ignored by C code, and was seen to hang: kill
        self.expired = True
        kernels.kill(self.manager)


def judge(
    error: BaseException | None, watch: Watch, cell_timeout: float | None
) -> tuple[str, Failure | None]:
    """The verdict, from what was seen and not from what papermill wrote down."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    cell, code = _cell(watch)
    if watch.expired:
        text = f"the notebook may take {watch.timeout:g} seconds and was stopped after that"
        return "timed_out", Failure("Timeout", text, cell, code)
    if watch.eaten and watch.guard is not None:
        text = (
            f"the report may hold {watch.memory:g} MB of memory and was stopped "
            f"when it held {watch.guard.seen:.0f}"
        )
        return "killed", Failure("MemoryLimit", text, cell, code)
    if isinstance(error, CellTimeoutError):
        text = f"a cell may take {cell_timeout or 0:g} seconds and this one was stopped after that"
        return "timed_out", Failure("CellTimeout", text, cell, code)
    if not watch.started:
        text = f"the kernel did not start: {error}"
        return "failed", Failure("KernelStartError", text, traceback=watch.last_words)
    raised = _raised(watch.notebook)
    if raised is not None:
        return "failed", raised
    from papermill.exceptions import PapermillExecutionError

    if watch.finished and (error is None or isinstance(error, PapermillExecutionError)):
        # papermill also objects to errors that their cells are tagged to expect
        return "ok", None
    how = kernels.ended(watch.manager)
    if error is None or isinstance(error, DeadKernelError):
        text = f"the kernel died: {how or 'nothing is known of how'}"
        return "killed", Failure("DeadKernel", text, cell, code, watch.last_words)
    return "failed", Failure(type(error).__name__, str(error), cell, code)


def _cell(watch: Watch) -> tuple[int | None, str]:
    """Number of the current cell in the notebook as its author knows it, and its code."""
    if watch.index is None or watch.notebook is None:
        return None, ""
    cells = [c for c in watch.notebook.cells if MARKER not in tags(c)]
    return _number(cells, watch.index), source(cells[watch.index])


def _number(cells: list[Any], index: int) -> int:
    """1 for the first cell; the cell that papermill injected does not count."""
    return 1 + sum("injected-parameters" not in tags(c) for c in cells[:index])


def _raised(notebook: Any) -> Failure | None:
    """The first error output that its cell does not expect."""
    cells = [c for c in notebook.cells if MARKER not in tags(c)]
    for index, cell in enumerate(cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error" and "raises-exception" not in tags(cell):
                return _failure(output, _number(cells, index), source(cell))
    return None


def _failure(output: Any, cell: int, code: str) -> Failure:
    trace = _ANSI.sub("", "\n".join(output.traceback))
    name, message = output.ename, _ANSI.sub("", output.evalue)
    if name == "SystemExit":
        name, message = "SystemExit", f"the notebook ended itself early: sys.exit({message})"
    return Failure(name, message, cell, code, trace)
