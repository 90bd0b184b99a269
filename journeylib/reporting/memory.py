"""Memory: how much a kernel holds, what happens when that is too much, how many fit.

What counts is the memory that a kernel and its children really hold (resident),
not the addresses they reserved: those are many times as much and cost nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MEGA = 1 << 20
USUAL = 700  # MB of a report with no limit of its own, for the number of workers
STEP = 0.05  # seconds; a limit may be passed by what is taken within one


def resident(pid: int) -> float:
    """Memory of a process and its children in MB; 0 where it is gone.

    Examples
    --------
    >>> resident(os.getpid()) > 5
    True
    """
    import psutil

    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += one.memory_info().rss
    return total / MEGA


class Guard:
    """Watches a kernel and ends it when it holds more than it may.

    Parameters
    ----------
    limit
        MB; None watches nothing.
    pid
        Gives the kernel's process once there is one.
    kill
        Ends the kernel.
    """

    def __init__(
        self, limit: float | None, pid: Callable[[], int | None], kill: Callable[[], None]
    ) -> None:
        self.limit, self._pid, self._kill = limit, pid, kill
        self.seen = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)
        if limit:
            self._thread.start()

    @property
    def exceeded(self) -> bool:
        """Whether the kernel was ended for its memory."""
        return self.limit is not None and self.seen > self.limit

    def stop(self) -> None:
        """Watch no longer."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(STEP):
            pid = self._pid()
            self.seen = max(self.seen, resident(pid) if pid else 0.0)
            if self.exceeded:
                self._kill()
                return


def cores() -> int:
    """Cores that this process may use."""
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # pragma: no cover


def available() -> float:
    """Memory that is free for new processes, in MB; a container's limit counts."""
    import psutil

    free: float = psutil.virtual_memory().available
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):
        limit = int((group / "memory.max").read_text())
        free = min(free, limit - int((group / "memory.current").read_text()))
    return free / MEGA


def workers(jobs: int, limits: list[float | None]) -> int:
    """Reports at once: one per core, no more than fit into memory, at least one.

    Parameters
    ----------
    jobs
        How many there are to do.
    limits
        MB that each may hold; None counts as :data:`USUAL`.

    Examples
    --------
    >>> workers(1, [None])
    1
    >>> workers(8, [1e9])
    1
    """
    most = max((limit or USUAL for limit in limits), default=USUAL)
    return max(1, min(jobs, cores(), int(available() // most)))
