"""The warm parent of the kernels: imports the analysis once, then forks a kernel per report.

A program of its own (``python -c "... forkserver.main(fd)"``), started by
:mod:`journeylib.reporting.warm` for one batch and ended with it. It has one
thread and opens no ZeroMQ context and no database, so that a fork is safe: a
forked child finds everything imported and nothing running. Requests come and
answers go as lines of JSON over a socket pair whose closing ends everything.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import importlib
import io
import json
import os
import random
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

STACK = (
    *("numpy", "pandas", "pyarrow.parquet", "duckdb", "ibis", "ibis.backends.duckdb"),
    *("scipy.stats", "scipy.optimize", "statsmodels.stats.multitest", "lifelines", "formulaic"),
    *("matplotlib.pyplot", "matplotlib.backends.backend_agg", "seaborn", "PIL.Image"),
    *("PIL.PngImagePlugin", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell"),
    *("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect"),
    *("IPython.core.magics.ast_mod", "IPython.core.magics.execution", "IPython.utils.wildcard"),
    *("IPython.extensions.storemagic", "IPython.utils.module_paths", "matplotlib_inline.config"),
    *("comm", "tornado.locks", "tornado.platform.asyncio", "tornado.queues"),
)
DEBUGGER = ("debugpy", "debugpy.server")
PR_SET_PDEATHSIG = 1


def main(descriptor: int) -> None:
    """Serve until the other end of the socket is closed, however its process ended."""
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    sys.path[:] = [p for p in sys.path if p]
    warm_up()
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        _send(control, {"refused": f"{threads} threads run after the imports"})
        return
    _send(control, {"ready": os.getpid()})
    _Server(control).serve()


def warm_up() -> None:
    """Import what reports need; a module that is not installed is no report's need."""
    from journeylib import _MODULE

    _without_debugger()
    for name in (*STACK, *dict.fromkeys(_MODULE.values())):
        with suppress(ImportError):
            importlib.import_module(name)
    with suppress(Exception):
        _draw()
    gc.collect()
    gc.freeze()  # a collection in a child would otherwise copy every page


def _without_debugger() -> None:
    """A batch has nobody to debug it, and every kernel would spend its time on a debugger."""
    before = {name: sys.modules.get(name) for name in DEBUGGER}
    sys.modules.update(dict.fromkeys(DEBUGGER))  # type: ignore[arg-type]
    try:
        importlib.import_module("ipykernel.debugger")  # looks for it once
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _draw() -> None:
    """One picture, so that fonts are found and the classes of the artists are there."""
    import seaborn as sns
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with sns.axes_style("whitegrid"):
        figure = Figure()
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.step([0, 1, 2], [0, 1, 1], label="x")
        axes.fill_between([0, 1], [0, 0], [1, 1], alpha=0.2)
        axes.set_title("0123456789", weight="semibold")
        axes.legend()
    figure.savefig(io.BytesIO(), format="rgba")
    figure.savefig(io.StringIO(), format="svg")


class _Server:
    """The loop: requests in, forks, ends of children out."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: set[int] = set()
        self.wake, waker = os.pipe()
        self.closing = (control.fileno(), self.wake, waker)  # by a child, as not its own
        os.set_blocking(waker, False)
        os.set_blocking(self.wake, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the batch's to answer

    def serve(self) -> None:
        """Until the socket closes; then no child is left."""
        waiting = b""
        try:
            while True:
                waited: list[Any] = [self.control, self.wake]
                ready = select.select(waited, [], [])[0]
                if self.wake in ready:
                    with suppress(BlockingIOError):
                        os.read(self.wake, 4096)
                    self.reap()
                if self.control in ready:
                    read = self.control.recv(1 << 16)
                    if not read:
                        return
                    *lines, waiting = (waiting + read).split(b"\n")
                    for line in lines:
                        self.start(json.loads(line))
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            for pid in self.children:
                with suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)

    def start(self, request: dict[str, Any]) -> None:
        """Fork one kernel and say its number."""
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            _send(self.control, {"token": request["token"], "error": str(error)})
            return
        if pid == 0:
            _child(request, parent, self.closing)
        with suppress(OSError):
            os.setpgid(pid, pid)  # both set it, so that a kill right now finds the group
        self.children.add(pid)
        _send(self.control, {"token": request["token"], "pid": pid})

    def reap(self) -> None:
        """Tell how children ended, and end whatever they started."""
        while self.children:
            over = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if over is None:
                return
            pid = over.si_pid
            with suppress(OSError):  # before its number may become another's
                os.killpg(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
            self.children.discard(pid)
            _send(self.control, {"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _child(request: dict[str, Any], parent: int, closing: tuple[int, ...]) -> None:
    """A kernel in a forked process; never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for descriptor in closing:
            os.close(descriptor)
        _become(request, parent)
        _run_kernel(request["file"])
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stderr.flush()
        os._exit(code)


def _become(request: dict[str, Any], parent: int) -> None:
    """Everything that a process of its own has: group, files, folder, environment, seeds."""
    with suppress(OSError):
        os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(null)
    os.close(log)
    faulthandler.enable(os.dup(2), all_threads=False)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _run_kernel(file: str) -> None:
    from ipykernel.kernelapp import IPKernelApp

    from journeylib.reporting.kernels import QUIET

    sys.argv = ["ipykernel_launcher", "-f", file]
    app: Any = IPKernelApp.instance(parent_handle=os.getppid())
    app.initialize(["-f", file, *QUIET])
    # an ordinary kernel does this when pyplot is first used, which here was in the parent
    app.shell.enable_matplotlib("inline")
    app.start()


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")
