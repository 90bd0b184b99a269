"""Warm kernels: a report starts from a process that has imported everything already.

:func:`warm_kernels` starts the parent (:mod:`journeylib.reporting.forkserver`)
for the time of one batch; kernels started meanwhile are forked from it. Where
there is no fork, or the parent does not come up, kernels are ordinary processes
and nothing else changes.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

START_SECONDS = 120.0
_LAUNCH = "import sys; from journeylib.reporting.forkserver import main; main(int(sys.argv[1]))"
_current: WarmParent | None = None


class Forked:
    """A forked kernel, with the face of :class:`subprocess.Popen` that managers know."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._over = threading.Event()

    def ended(self, code: int) -> None:
        """Called when the parent has reaped it."""
        self.returncode = code
        self._over.set()

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end."""
        if not self._over.wait(timeout):
            raise subprocess.TimeoutExpired("kernel", timeout or 0.0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Signal it, unless its number may be another's by now."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class WarmParent:
    """The batch's side of the warm parent.

    Parameters
    ----------
    folder
        For what the parent prints.
    environment
        Of the parent.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.log = folder / "parent.log"
        ours, theirs = socket.socketpair()
        with theirs, self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _LAUNCH, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                start_new_session=True,
            )
        self.control = ours
        self.refused = ""
        self._ready, self._lock = threading.Event(), threading.Lock()
        self._tokens = itertools.count()
        self._asked: dict[int, _Answer] = {}
        self._running: dict[int, Forked] = {}
        self._reader = threading.Thread(target=self._listen, name="warm-parent", daemon=True)
        self._reader.start()

    def fork(self, file: str, log: str, cwd: str, env: Mapping[str, str]) -> Forked:
        """A kernel on this connection file.

        Raises
        ------
        OSError
            When the parent cannot give one; then start an ordinary kernel.
        """
        self.fork_ready()
        answer = _Answer()
        with self._lock:
            token = next(self._tokens)
            self._asked[token] = answer
            request = {"token": token, "file": file, "log": log, "cwd": cwd, "env": dict(env)}
            self.control.sendall(json.dumps(request).encode() + b"\n")
        if not answer.given.wait(START_SECONDS) or answer.process is None:
            raise OSError(answer.error or "the warm parent did not answer")
        return answer.process

    def fork_ready(self) -> None:
        """Wait until the parent has imported everything.

        Raises
        ------
        OSError
            When it cannot serve, or does not come up in time.
        """
        if not self._ready.wait(START_SECONDS):
            self.refused = "the warm parent did not come up in time"
        if self.refused:
            raise OSError(self.refused)

    def close(self) -> None:
        """End the parent and with it every kernel that is left."""
        with suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(10)
        self.control.close()

    def _listen(self) -> None:
        waiting = b""
        with suppress(OSError):
            while read := self.control.recv(1 << 16):
                *lines, waiting = (waiting + read).split(b"\n")
                for line in lines:
                    self._heard(json.loads(line))
        with self._lock:
            self.refused = self.refused or "the warm parent has ended"
            for answer in self._asked.values():
                answer.fail(self.refused)
            for process in self._running.values():
                process.ended(-signal.SIGKILL)  # they die with it
        self._ready.set()

    def _heard(self, message: dict[str, Any]) -> None:
        with self._lock:
            if "ready" in message:
                self._ready.set()
            elif "refused" in message:
                self.refused = message["refused"]
            elif "ended" in message:
                process = self._running.pop(message["ended"], None)
                if process is not None:
                    process.ended(message["code"])
            elif "pid" in message:
                process = Forked(message["pid"])
                self._running[process.pid] = process
                self._asked.pop(message["token"]).give(process)
            else:
                self._asked.pop(message["token"]).fail(message["error"])


class _Answer:
    """What a request is waiting for."""

    def __init__(self) -> None:
        self.given = threading.Event()
        self.process: Forked | None = None
        self.error = ""

    def give(self, process: Forked) -> None:
        self.process = process
        self.given.set()

    def fail(self, error: str) -> None:
        self.error = error
        self.given.set()


def current() -> WarmParent | None:
    """The parent that kernels are forked from; None where they are ordinary processes."""
    return _current


@contextmanager
def warm_kernels(wanted: bool = True) -> Iterator[None]:
    """Fork kernels from a warm parent for as long as this lasts.

    Parameters
    ----------
    wanted
        False does nothing, as does a system other than Linux, or a parent that is there already.
    """
    global _current
    if not wanted or sys.platform != "linux" or _current is not None:
        yield
        return
    from journeylib.reporting import kernels

    folder = kernels.new_folder()
    try:
        parent = WarmParent(folder, kernels.environment())
    except OSError:  # no process to be had: ordinary kernels say so for themselves
        kernels.remove(folder)
        yield
        return
    _current = parent
    try:
        yield
    finally:
        _current = None
        parent.close()
        kernels.remove(folder)
