"""Deadlines by a thread's own work: a starved machine uses none of it up."""

from __future__ import annotations

import threading
import time

import pytest

from plugins.processor import PATIENCE, done_in_thread, overdue

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("used_s", "waited_s", "given_up"),
    [(0.1, 20.0, False), (1.0, 110.0, False), (20.0, 21.0, True), (0.1, PATIENCE * 20.0, True)],
)
def test_what_counts_is_work_and_in_the_end_the_wall(used_s: float, waited_s: float, given_up: bool) -> None:
    """Twenty seconds on a machine that lends no processor are no failure; work that waits for ever is one."""
    assert overdue(used_s, waited_s, 20.0) is given_up


async def test_the_answer_and_the_error_are_the_works_own() -> None:
    """Nothing is wrapped."""
    assert await done_in_thread(lambda: 7, 5.0) == 7
    with pytest.raises(ZeroDivisionError):
        await done_in_thread(lambda: 1 // 0, 5.0)


async def test_work_without_end_is_given_up() -> None:
    """It turns for longer than its deadline."""
    over = threading.Event()

    def turn() -> None:
        while not over.is_set():
            time.monotonic()

    try:
        with pytest.raises(TimeoutError):
            await done_in_thread(turn, 0.05)
    finally:
        over.set()


async def test_work_that_waits_is_given_up_later() -> None:
    """It uses no processor, so its deadline alone is no reason; several of them are."""
    over = threading.Event()
    began_s = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            await done_in_thread(over.wait, 0.05)
    finally:
        over.set()
    assert time.monotonic() - began_s >= PATIENCE * 0.05
