"""Whose turn it is to compute: those who wait, in the order in which they were handed out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from journeylib.reporting import turns as module
from journeylib.reporting.turns import Turns, turn, turns

GATE = threading.Event  # the real one


def until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize("places", [[1, 2, 3], [3, 2, 1], [2, 2, 1], [9, 0, 4]], ids=str)
def test_who_waits_comes_in_the_order_of_the_places(places: list[int]) -> None:
    found, free = Turns(1), threading.Event()
    order: list[tuple[int, int]] = []

    def hold() -> None:
        with found.turn(0):
            free.wait(10)

    def ask(number: int, place: int) -> None:
        with found.turn(place):
            order.append((place, number))

    with ThreadPoolExecutor(len(places) + 1) as pool:
        held = pool.submit(hold)
        until(lambda: found._free == 0)
        asked: list[Future[None]] = []
        for number, place in enumerate(places):
            asked.append(pool.submit(ask, number, place))
            until(lambda: found.waiting == len(asked))
        free.set()
        for done in (held, *asked):
            done.result(10)
    # of one place, whoever asked first
    assert order == sorted((place, number) for number, place in enumerate(places))
    assert (found.waiting, found._free) == (0, 1)


@pytest.mark.parametrize("count", [1, 2])
def test_with_one_turn_the_order_is_that_of_the_places_whoever_is_ready_first(count: int) -> None:
    found = Turns(count)
    order: list[int] = []

    def run(place: int) -> None:
        with found.coming(place):
            if place == 2:
                raise ValueError("it never came up")
            with found.turn(place):
                order.append(place)

    places = range(6)
    with ThreadPoolExecutor(len(places)) as pool:
        # the last one is there first
        done = [pool.submit(run, place) for place in reversed(places)]
        failed = [f.exception(10) is not None for f in done]
    assert failed == [False, False, False, True, False, False]
    assert sorted(order) == [0, 1, 3, 4, 5]
    assert count > 1 or order == [0, 1, 3, 4, 5]


def test_a_free_turn_waits_for_nobody() -> None:
    found = Turns(2)
    with found.turn(7), found.turn(5):
        assert (found.waiting, found._free) == (0, 0)
    assert found._free == 2


def test_no_more_at_once_than_there_are_turns_and_a_failure_gives_its_turn_back() -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def work(place: int) -> None:
        nonlocal at_once, most
        with turn(place):
            with lock:
                at_once += 1
                most = max(most, at_once)
            threading.Event().wait(0.002)
            with lock:
                at_once -= 1
            if place % 3 == 0:
                raise ValueError(place)

    with turns(2), ThreadPoolExecutor(8) as pool:
        done = [pool.submit(work, place) for place in range(30)]
        failed = [f.exception(10) is not None for f in done]
    assert failed == [place % 3 == 0 for place in range(30)]
    assert most <= 2 and at_once == 0


@pytest.mark.parametrize("given", [False, True], ids=["still waiting", "just given"])
def test_whoever_is_interrupted_while_waiting_leaves_no_turn_behind(
    monkeypatch: pytest.MonkeyPatch, given: bool
) -> None:
    found = Turns(1)

    class Interrupted(GATE):
        def wait(self, timeout: float | None = None) -> bool:
            if given:
                found._give_back()  # the turn comes in the moment of the interruption
            raise KeyboardInterrupt

    monkeypatch.setattr(module.threading, "Event", Interrupted)
    found._take(0)
    with pytest.raises(KeyboardInterrupt):
        found._take(1)
    assert found.waiting == 0
    if not given:
        found._give_back()
    assert found._free == 1


def test_outside_a_batch_nobody_waits() -> None:
    with turn(), turn(3):
        assert module._now is None
