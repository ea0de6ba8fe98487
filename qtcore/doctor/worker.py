"""One process that does jobs, one after the other, and may be killed at any of them.

A job may hang in a system call, hold the interpreter in C, or end the process: none of this can be cured from
inside, and a thread that hangs cannot be ended. So each worker is a fork, watched from outside.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from qtcore.doctor.job import Job
from qtcore.hosts import proc
from qtcore.hosts.linux import die_with_parent

STACK_SIGNAL = signal.SIGUSR2
_CHUNK = 1 << 16
_STARVED_S = 0.5
_SPINS_S = 0.04
_UNTOUCHED = proc.RunDelay(0, 0)
_FRAME = re.compile(r'^  File "(?P<file>[^"]*)", line (?P<line>\d+) in (?P<function>.+)$', re.MULTILINE)


@dataclass(slots=True)
class Worker:
    """The watcher's side of one worker; times are monotonic seconds."""

    pid: int
    orders: int
    answers: int
    stacks: int
    job: int | None = None
    since_s: float = 0.0
    loading: bool = False
    asked: bool = False
    before: proc.RunDelay = _UNTOUCHED
    """How the scheduler had treated it when it was given its job."""
    hears: bytearray = field(default_factory=bytearray)

    @classmethod
    def fork(cls, jobs: Sequence[Job]) -> Worker:
        """A new worker that knows the jobs; the caller has one thread, or the child may inherit locks."""
        order_read, order_write = os.pipe()
        answer_read, answer_write = os.pipe()
        stacks = os.memfd_create("qt-doctor-stack")
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(order_write)
            os.close(answer_read)
            _live(jobs, order_read, answer_write, stacks, parent)
        os.close(order_read)
        os.close(answer_write)
        os.set_blocking(answer_read, False)
        return cls(pid, order_write, answer_read, stacks)

    def give(self, job: int, *, loading: bool) -> None:
        """Let it do this one next."""
        self.job, self.since_s, self.loading, self.asked = job, time.monotonic(), loading, False
        self.before = proc.run_delay(self.pid)
        with suppress(BrokenPipeError):  # it died while it was idle; its end is noticed like any other
            os.write(self.orders, b"%d\n" % job)

    def listen(self) -> tuple[list[dict[str, object]], bool]:
        """What it has said since, and whether it has ended."""
        try:
            while chunk := os.read(self.answers, _CHUNK):
                self.hears += chunk
        except BlockingIOError:
            return self._said(), False
        return self._said(), True

    def ask_where(self) -> None:
        """Have it write down where it is; the answer needs neither its interpreter nor its consent."""
        self.asked = True
        os.ftruncate(self.stacks, 0)
        with suppress(ProcessLookupError):
            os.kill(self.pid, STACK_SIGNAL)

    def where(self) -> str:
        """Where it hangs, as far as can be told."""
        stack = os.pread(self.stacks, _CHUNK, 0).decode(errors="replace")
        frame = _FRAME.search(stack)
        facts = proc.facts(self.pid)
        at = f"{frame['function']} ({os.path.basename(frame['file'])}:{frame['line']})" if frame else ""  # noqa: PTH119
        waits = f"state {facts.state}{' in ' + facts.wchan if facts.wchan else ''}" if facts else ""
        starved_s = self.starved_s
        starved = f"without a processor for {starved_s:.1f} s" if starved_s >= _STARVED_S else ""
        return ", ".join(filter(None, (at, waits, starved)))

    @property
    def ran_s(self) -> float:
        """Processor time that its job has had."""
        return (proc.run_delay(self.pid).ran_ns - self.before.ran_ns) / 1e9

    @property
    def starved_s(self) -> float:
        """How long its job wanted a processor in vain."""
        return (proc.run_delay(self.pid).delayed_ns - self.before.delayed_ns) / 1e9

    @property
    def competes(self) -> bool:
        """It wants a processor, and has not had enough of one to be called a loop without end."""
        return self.job is not None and proc.state(self.pid) == "R" and self.ran_s < _SPINS_S

    def kill(self) -> None:
        """End it; one that the kernel holds ends when the kernel lets go, and nobody waits for that."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def reap(self) -> bool:
        """Take its exit status, if it has ended."""
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
        except ChildProcessError:
            return True

    def close(self) -> None:
        """Let go of the descriptors."""
        for descriptor in (self.orders, self.answers, self.stacks):
            os.close(descriptor)

    def _said(self) -> list[dict[str, object]]:
        *lines, rest = bytes(self.hears).split(b"\n")
        self.hears = bytearray(rest)
        return [json.loads(line) for line in lines]


def _live(jobs: Sequence[Job], orders: int, answers: int, stacks: int, parent: int) -> None:
    """The worker's whole life; never returns."""
    try:
        die_with_parent()
        if os.getppid() != parent:
            os._exit(1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        quiet = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(quiet, standard)  # what a job prints is nobody's answer
        sys.stdout = sys.stderr = os.fdopen(quiet, "w")
        faulthandler.disable()
        faulthandler.register(STACK_SIGNAL, file=stacks, all_threads=False)
        with os.fdopen(orders, "rb") as lines:
            for line in lines:
                _do(jobs[int(line)], answers)
    finally:
        os._exit(0)


def _do(job: Job, answers: int) -> None:
    try:
        work = job.load()
        _tell(answers, {"began": True})
        began_s = time.monotonic()
        answer = work()
        _tell(answers, {"answer": answer, "took_s": time.monotonic() - began_s})
    except Exception as error:  # noqa: BLE001 - a broken job is a result, too
        _tell(answers, {"raised": _told(error)})
    except SystemExit as error:
        _tell(answers, {"raised": f"it called sys.exit({error.code!r})"})


def _told(error: Exception) -> str:
    text = " ".join(str(error).split())
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    code = frame.tb_frame.f_code if frame else None
    at = f" ({os.path.basename(code.co_filename)}:{frame.tb_lineno})" if code and frame else ""  # noqa: PTH119
    return f"{type(error).__name__}: {text}{at}" if text else f"{type(error).__name__}{at}"


def _tell(answers: int, said: dict[str, object]) -> None:
    line = json.dumps(said, default=str).encode() + b"\n"
    while line:
        line = line[os.write(answers, line) :]
