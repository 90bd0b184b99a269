"""Execute a notebook with papermill and tell the truth about how it ended.

A small engine of ours, registered in this process, lets a :class:`Watch` see the
execution itself; the verdict is not read from papermill's output.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeylib.reporting import kernels
from journeylib.reporting.records import Failure, tags
from journeylib.reporting.turns import turn
from journeylib.reporting.watch import MARKER, Watch, judge

ENGINE = "journey"
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
    verdict, failure = judge(error, watch, cell_timeout)
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
