"""Execute a notebook with papermill and tell the truth about how it ended.

papermill marks every cell "completed" after a timeout, a dead kernel or
``sys.exit(0)``. So the verdict is not read from its output: a small engine of
ours, registered in this process, watches the execution itself.
"""

from __future__ import annotations

import functools
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from journeylib.reporting import kernels
from journeylib.reporting.memory import Guard
from journeylib.reporting.records import Failure, source, tags
from journeylib.reporting.turns import turn

ENGINE = "journey"
MARKER = "papermill-error-cell-tag"  # papermill tags its own error notices so
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_prepare = threading.Lock()


@dataclass(frozen=True)
class Execution:
    """How an execution ended.

    Parameters
    ----------
    notebook
        The executed notebook, up to where it got.
    verdict
        ``ok``, ``failed``, ``timed_out`` or ``killed``.
    failure
        Why it is not ok.
    """

    notebook: Any
    verdict: str
    failure: Failure | None = None


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


def execute(
    path: Path,
    parameters: Mapping[str, Any],
    *,
    timeout: float | None = None,
    cell_timeout: float | None = None,
    memory: float | None = None,
    env: Mapping[str, str] | None = None,
    on_cell: Callable[[int, int], None] | None = None,
    place: int = 0,
) -> Execution:
    """Run a notebook in a kernel of its own, in the notebook's own folder.

    Parameters
    ----------
    path
        The notebook; never changed.
    parameters
        Checked values, injected after the cell tagged ``parameters``.
    timeout, cell_timeout
        Seconds for the whole notebook and for a single cell; None is no limit.
    memory
        MB that the kernel may hold; None is no limit.
    env
        Added to the kernel's environment.
    on_cell
        Called with the number of cells done and their total.
    place
        Of those that wait for their turn to compute, the lowest comes first.

    Returns
    -------
    Execution
        Whatever happens in the notebook; a start-up error of the kernel is tried once more.
    """
    for attempt in (1, 2):
        seen = on_cell or (lambda done, total: None)
        watch = Watch(seen, timeout, memory=memory, env=dict(env or {}), place=place)
        error = _attempt(path, parameters, cell_timeout, watch)
        if watch.started or watch.expired or watch.eaten or attempt == 2:
            break
    verdict, failure = _judge(error, watch, cell_timeout)
    notebook = watch.notebook if watch.notebook is not None else _load(path)
    if failure is None:
        notebook.cells = [c for c in notebook.cells if MARKER not in tags(c)]
    return Execution(notebook, verdict, failure)


def _attempt(
    path: Path, parameters: Mapping[str, Any], cell_timeout: float | None, watch: Watch
) -> BaseException | None:
    """One execution; gives back the error that ended it."""
    papermill = _papermill()
    with _prepare:
        notebook = _load(path)
    watch.arm()
    try:
        papermill.execute_notebook(
            notebook,
            None,
            parameters=dict(parameters),
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=120,
            autosave_cell_every=0,
            execution_timeout=cell_timeout,
            resources={"metadata": {"path": str(path.parent)}},
            watch=watch,
            path=str(path),
        )
    except Exception as error:
        return error
    finally:
        watch.disarm()
        watch.last_words = kernels.last_words(watch.manager)
        kernels.release(watch.manager)
    return None


def _judge(
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


def _load(path: Path) -> Any:
    """The notebook without the outputs and the kernel of whoever saved it last."""
    import nbformat

    notebook = nbformat.read(str(path), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    notebook.metadata.pop("papermill", None)
    return notebook


@functools.cache
def _papermill() -> Any:
    """papermill with our engine registered; imported late because that takes a second or more."""
    with _prepare:
        import papermill
        from papermill.clientwrap import PapermillNotebookClient
        from papermill.engines import NBClientEngine, papermill_engines
        from papermill.log import logger

    from nbclient.exceptions import CellExecutionError

    quiet = logging.getLogger("journeylib.kernel")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    logger.addHandler(logging.NullHandler())

    class Client(PapermillNotebookClient):  # type: ignore[misc, unused-ignore]
        """Runs the cells and lets the watch see each of them."""

        def __init__(self, nb_man: Any, watch: Watch, **options: Any) -> None:
            super().__init__(nb_man, **options)
            self.watch = watch

        def create_kernel_manager(self) -> Any:
            self.km = self.watch.manager = kernels.new_manager()
            return self.km

        def execute(self, **options: Any) -> Any:
            self.reset_execution_trackers()
            manager = self.create_kernel_manager()
            with (
                kernels.start_options(manager, self.watch.env) as given,
                self.setup_kernel(**given, **options),
            ):
                self.watch.started = True
                with turn(self.watch.place):
                    self.watch.begin()
                    self.papermill_execute_cells()
                self.set_widgets_metadata()
            return self.nb

        def papermill_execute_cells(self) -> None:
            cells = self.nb.cells
            for index, cell in enumerate(cells):
                self.watch.index = index
                self.watch.on_cell(index, len(cells))
                self.nb_man.cell_start(cell, index)
                try:
                    self.execute_cell(cell, index)
                except CellExecutionError as error:
                    self.nb_man.cell_exception(cells[index], cell_index=index, exception=error)
                    return
                finally:
                    self.nb_man.cell_complete(cells[index], cell_index=index)
            self.watch.on_cell(len(cells), len(cells))
            self.watch.finished = True

    class JourneyEngine(NBClientEngine):  # type: ignore[misc, unused-ignore]
        """papermill's engine with our client in it."""

        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            *,
            watch: Watch,
            path: str,
            execution_timeout: float | None = None,
            start_timeout: int = 60,
            resources: Mapping[str, Any] | None = None,
            **_: Any,
        ) -> Any:
            watch.notebook = nb_man.nb
            # papermill was given the notebook itself, not its path
            nb_man.nb.metadata.papermill["input_path"] = path
            client = Client(
                nb_man,
                watch,
                kernel_name=kernel_name,
                timeout=execution_timeout,
                startup_timeout=start_timeout,
                resources=dict(resources or {}),
                shutdown_kernel="immediate",
                log=quiet,
            )
            return client.execute()

    papermill_engines.register(ENGINE, JourneyEngine)
    return papermill


def seconds_since(begin: float) -> float:
    """Seconds since a time of :func:`time.monotonic`, to the millisecond."""
    return round(time.monotonic() - begin, 3)
