"""Work in processes of its own: whatever it does, it is answered for within its deadline."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from qtcore.doctor.apart import do_apart
from qtcore.doctor.job import Ending, Job

_HOLDING_THE_INTERPRETER = ctypes.PyDLL(None)


def _sleep() -> None:
    time.sleep(3600)


def _sleep_in_c() -> None:
    """Holds the interpreter's lock: no thread of the same process could do anything meanwhile."""
    _HOLDING_THE_INTERPRETER.sleep(3600)


def _read() -> None:
    reading, _ = os.pipe()
    os.read(reading, 1)


def _spin() -> NoReturn:
    while True:
        pass


def _deaf() -> NoReturn:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(3600)


USUAL_S = 0.2
"""What two hundred checks that do nothing take on a machine with nothing else to do."""

HANGS = (_sleep, _sleep_in_c, _read, _spin, _deaf)


def _job(name: str, work: Callable[[], Any], **more: Any) -> Job:
    return Job(name, lambda: work, **more)


def test_two_hundred_of_which_twenty_hang_for_ever() -> None:
    """All are answered for in 2.5 s, each hang by its name; other work on the machine may take its share."""
    quick = [_job(f"quick {n}", lambda: "fine", deadline_s=60.0) for n in range(200)]
    begun = time.monotonic()
    do_apart(quick)
    without_s = time.monotonic() - begun
    jobs = [_job(f"check {n}", HANGS[n // 10 % 5]) if n % 10 == 3 else quick[n] for n in range(200)]
    begun = time.monotonic()
    outcomes = do_apart(jobs)
    took_s = time.monotonic() - begun
    assert [outcome.name for outcome in outcomes] == [job.name for job in jobs]
    hung = [outcome.name for outcome in outcomes if outcome.ending is Ending.HUNG]
    assert hung == [f"check {n}" for n in range(200) if n % 10 == 3]
    assert sum(outcome.ending is Ending.ANSWERED for outcome in outcomes) == 180
    assert took_s <= 2.5 + 20 * max(0.0, without_s - USUAL_S)


def test_a_hang_says_where_it_hangs() -> None:
    """The frame, and what the kernel says of the process."""
    (outcome,) = do_apart([_job("reads", _read, deadline_s=0.3)])
    assert outcome.ending is Ending.HUNG
    assert "no answer within 0.3 s; it hangs in _read (test_apart.py:" in outcome.sentence


def _raise() -> None:
    raise ValueError("no such thing")


def _leave() -> None:
    os._exit(3)


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _quit() -> None:
    raise SystemExit(4)


@pytest.mark.parametrize(
    ("work", "ending", "words"),
    [
        (_raise, Ending.RAISED, "ValueError: no such thing (test_apart.py:"),
        (_quit, Ending.RAISED, "it called sys.exit(4)"),
        (_leave, Ending.DIED, "it ended the process"),
        (_crash, Ending.DIED, "it ended the process"),
    ],
)
def test_broken_work_costs_only_itself(work: Callable[[], None], ending: Ending, words: str) -> None:
    """What follows it is done all the same."""
    outcomes = do_apart([_job("broken", work), *(_job(f"{n}", lambda: "fine") for n in range(20))])
    assert outcomes[0].ending is ending
    assert words in outcomes[0].sentence
    assert all(outcome.ending is Ending.ANSWERED for outcome in outcomes[1:])


def test_an_import_has_a_deadline_of_its_own() -> None:
    """The work's own begins when the import has ended."""

    def load() -> Callable[[], str]:
        time.sleep(0.3)
        return lambda: "fine"

    (outcome,) = do_apart([Job("heavy", load, deadline_s=0.1, imports=True)])
    assert (outcome.ending, outcome.answer) == (Ending.ANSWERED, "fine")


def test_what_is_printed_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    """The answer stays one document."""
    do_apart([_job("loud", lambda: print("noise"))])
    assert capfd.readouterr().out == ""
