"""Kernels: one process per report, on its own sockets, killed with all its children.

Sockets are files (``ipc``) in a short folder of their own, because TCP ports
chosen beforehand are lost to other processes now and then. The interpreter is
always the one that runs the batch, whatever kernels are installed. Within
:func:`journeylib.reporting.warm.warm_kernels` a kernel is forked from a process
that has imported the analysis already; else it is a new process.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from journeylib.reporting import warm

_live: set[Any] = set()
_stopped = threading.Event()
# A kernel dies with the thread that started it, even while C code holds it (PR_SET_PDEATHSIG);
# a fault in C code is written to the real stderr, which ipykernel is about to replace.
_LAUNCH = (
    "import ctypes, faulthandler, os, runpy; "
    "ctypes.CDLL(None).prctl(1, 9); faulthandler.enable(os.dup(2), all_threads=False); "
    "runpy.run_module('ipykernel_launcher', run_name='__main__')"
)
QUIET = ("--HistoryManager.enabled=False",)  # a batch is no part of anybody's history


def new_manager() -> Any:
    """A kernel manager, not yet started, with a socket folder of its own."""
    if stopped():
        raise InterruptedError("the batch was stopped")
    folder = new_folder()
    options: dict[str, Any] = {"connection_file": str(folder / "k.json")}
    if os.name == "posix":
        options |= {"transport": "ipc", "ip": str(folder / "s")}
    manager = _manager_class()(**options)
    manager.folder = folder
    _live.add(manager)
    return manager


def new_folder() -> Path:
    """A folder of this process with a short path, removed by the next batch if left behind."""
    return Path(tempfile.mkdtemp(prefix=f"jk{os.getpid()}-", dir=_short_folder()))


def remove(folder: Path) -> None:
    """Remove such a folder."""
    shutil.rmtree(folder, ignore_errors=True)


def environment() -> dict[str, str]:
    """Environment of a kernel: one thread of linear algebra, as the cores are shared out."""
    return {
        "OMP_NUM_THREADS": "1",
        **os.environ,
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # Arrow's allocator would run a thread from its import on, and a fork wants none
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
    }


def kill(manager: Any) -> None:
    """Kill a kernel and its children at once; harmless where it is gone."""
    if manager is None or manager.process is None:
        return
    if isinstance(manager.process, warm.Forked) and manager.process.poll() is not None:
        return  # the warm parent has ended its group, and the number may be another's by now
    with suppress(OSError):
        if os.name == "posix":
            # the kernel leads a process group of its own, so its children go with it
            os.killpg(manager.process.pid, signal.SIGKILL)
        else:  # pragma: no cover
            manager.process.kill()


def release(manager: Any) -> None:
    """Kill what is left of a kernel and remove its sockets."""
    if manager is not None:
        kill(manager)
        remove(manager.folder)
        _live.discard(manager)


def kill_all() -> None:
    """Kill every kernel of this process, as when a batch is interrupted, and start no other."""
    _stopped.set()
    for manager in tuple(_live):
        kill(manager)


def stopped() -> bool:
    """Whether a batch was interrupted, so that how its kernels ended tells nothing."""
    return _stopped.is_set()


def start_anew() -> None:
    """Allow kernels again, for the next batch."""
    _stopped.clear()


def clear_folders() -> None:
    """Remove the socket folders of batches that were killed."""
    for folder in Path(_short_folder()).glob("jk*-*"):
        owner = folder.name[2:].split("-")[0]
        if owner.isdigit() and not alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def alive(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def ended(manager: Any) -> str:
    """How a kernel's process ended, in words; empty where it lives or is unknown."""
    code = None if manager is None or manager.process is None else manager.process.poll()
    return "" if code is None else _ended(code)


def _ended(code: int) -> str:
    """Exit code in words.

    Examples
    --------
    >>> _ended(-9)
    'it was killed by SIGKILL; the usual reason is that memory ran out'
    >>> _ended(1)
    'it ended itself with exit code 1'
    """
    if code >= 0:
        return f"it ended itself with exit code {code}"
    name = signal.Signals(-code).name
    why = "; the usual reason is that memory ran out" if name == "SIGKILL" else ""
    return f"it was killed by {name}{why}"


def _short_folder() -> str:
    """A folder short enough for socket names, which may have about 100 bytes."""
    usual = tempfile.gettempdir()
    return usual if len(usual) <= 60 or not Path("/tmp").is_dir() else "/tmp"


@functools.cache
def _manager_class() -> Any:
    """The manager's class, made late because jupyter_client takes its time to import."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning import LocalProvisioner

    class Provisioner(LocalProvisioner):  # type: ignore[misc, unused-ignore]
        """Forks the kernel from the warm parent; starts a process where that cannot be."""

        parent: Any
        process: Any

        async def launch_kernel(self, cmd: list[str], **kw: Any) -> Any:
            parent, folder = warm.current(), self.parent.folder
            if parent is not None:
                try:
                    self.process = parent.fork(
                        self.parent.connection_file, str(folder / "log"), str(kw["cwd"]), kw["env"]
                    )
                except OSError:
                    parent = None
            if parent is None:
                return await super().launch_kernel(cmd, **kw)
            self.pid = self.pgid = self.process.pid
            self.cwd = kw["cwd"]
            return self.connection_info

        async def wait(self) -> int | None:
            """As the parent class, without its steps of a tenth of a second where it was killed."""
            if isinstance(self.process, warm.Forked):
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(5)
            return await super().wait()

    class Manager(AsyncKernelManager):  # type: ignore[misc, unused-ignore]
        """Starts this interpreter's ipykernel and remembers its process."""

        process: Any = None
        folder: Path = Path()

        @property
        def kernel_spec(self) -> KernelSpec:
            start = ["-c", _LAUNCH] if sys.platform == "linux" else ["-m", "ipykernel_launcher"]
            argv = [sys.executable, *start, "-f", "{connection_file}", *QUIET]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

        async def _async_pre_start_kernel(self, **kw: Any) -> Any:
            if self.provisioner is None:
                self.kernel_id = self.kernel_id or str(uuid.uuid4())
                self.provisioner = Provisioner(
                    kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
                )
            return await super()._async_pre_start_kernel(**kw)

        async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
            await super()._async_launch_kernel(kernel_cmd, **kw)
            self.process = getattr(self.provisioner, "process", None)

    return Manager


@contextmanager
def start_options(manager: Any, more: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Options for starting a kernel; what its process prints by itself goes into a file."""
    with (manager.folder / "log").open("wb") as log:
        yield {"env": environment() | dict(more or {}), "stdout": log, "stderr": log}


def last_words(manager: Any, limit: int = 4000) -> str:
    """What the kernel's process printed by itself, such as a fault in C code; its ends if long."""
    if manager is None:
        return ""
    try:
        text = str((manager.folder / "log").read_text(errors="replace")).strip()
    except OSError:
        return ""
    # a fault lists every extension module on one line
    text = "\n".join(line if len(line) <= 400 else f"{line[:400]}…" for line in text.splitlines())
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]}\n…\n{text[-half:]}"
