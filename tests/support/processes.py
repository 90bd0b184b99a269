"""Which processes are below this one, and which of them stay."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress

import psutil

PATIENCE = 10.0  # seconds in which a process that is ending may do so


def below(pid: int | None = None) -> set[psutil.Process]:
    """Every process below a process, this one unless named."""
    with suppress(psutil.NoSuchProcess):
        return set(psutil.Process(pid or os.getpid()).children(recursive=True))
    return set()


def left(
    pid: int | None = None, before: Collection[psutil.Process] = (), named: str = ""
) -> list[str]:
    """What is below a process and does not end by itself soon, each with its command.

    One that has ended and only waits for its parent to ask has no command and is left out.
    """
    found = [p for p in below(pid) - set(before) if (told := _told(p)) and named in told]
    stay = psutil.wait_procs(found, PATIENCE)[1]
    return [told for told in map(_told, stay) if told]


def _told(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return f"{process.pid}: {' '.join(process.cmdline())}"
    return ""
