"""Whose turn it is to compute: no more kernels at once than there are cores.

A turn that is free goes to whoever asks; one that becomes free, to the report that was
handed out first of those that wait for it. ``threading.Semaphore`` promises no order.
Nobody holds a turn for a report that is not ready yet, so that no time is lost. But of a
batch's first reports one more comes up than there are turns, and could be ready first: it
begins once the first has asked, or has come to an end, whatever end. So with one turn the
order is that in which the reports were handed out.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """So many turns at once.

    Parameters
    ----------
    count
        At least 1.

    Examples
    --------
    >>> turns = Turns(1)
    >>> with turns.coming(place=0), turns.turn(place=0):
    ...     turns.waiting
    0
    """

    def __init__(self, count: int) -> None:
        self._count = self._free = count
        self._asked = itertools.count()
        self._past: set[int] = set()
        self._waiting: list[tuple[int, int, threading.Event]] = []
        self._lock = threading.Lock()
        self._passed = threading.Condition()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @contextmanager
    def coming(self, place: int) -> Iterator[None]:
        """The whole run of a report, which begins once that so many places before has asked."""
        before = place - self._count
        try:
            with self._passed:
                self._passed.wait_for(lambda: before < 0 or before in self._past)
            yield
        finally:
            self._pass(place)

    @contextmanager
    def turn(self, place: int) -> Iterator[None]:
        """A turn; of those who wait, the lowest place has the next one."""
        self._take(place)
        try:
            yield
        finally:
            self._give_back()

    def _pass(self, place: int) -> None:
        with self._passed:
            self._past.add(place)
            self._passed.notify_all()

    def _take(self, place: int) -> None:
        self._pass(place)
        with self._lock:
            if self._free:
                self._free -= 1
                return
            ticket = (place, next(self._asked), threading.Event())
            heapq.heappush(self._waiting, ticket)
        try:
            ticket[2].wait()
        except BaseException:
            self._leave(ticket)
            raise

    def _give_back(self) -> None:
        with self._lock:
            if self._waiting:
                heapq.heappop(self._waiting)[2].set()
            else:
                self._free += 1

    def _leave(self, ticket: tuple[int, int, threading.Event]) -> None:
        """Wait no longer; a turn that was just given goes to the next."""
        with self._lock:
            waits = ticket in self._waiting
            if waits:
                self._waiting.remove(ticket)
                heapq.heapify(self._waiting)
        if not waits:
            self._give_back()


_now: Turns | None = None


@contextmanager
def turns(count: int) -> Iterator[None]:
    """Let no more than ``count`` kernels of this process compute at once while this lasts.

    More of them may be coming up or ending, which is mostly waiting.
    """
    global _now
    before, _now = _now, Turns(count)
    try:
        yield
    finally:
        _now = before


@contextmanager
def coming(place: int = 0) -> Iterator[None]:
    """The time in which a report comes up, computes and is written."""
    if _now is None:
        yield
        return
    with _now.coming(place):
        yield


@contextmanager
def turn(place: int = 0) -> Iterator[None]:
    """The time in which a kernel computes, of the report that was handed out in this place."""
    if _now is None:
        yield
        return
    with _now.turn(place):
        yield
