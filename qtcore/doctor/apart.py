"""Does all jobs at once in processes of their own; whatever they do, every one of them is answered for in time."""

from __future__ import annotations

import os
import selectors
import time
from collections import deque
from collections.abc import Callable, Sequence

from qtcore.doctor.job import LOAD_DEADLINE_S, Ending, Job, Outcome
from qtcore.doctor.worker import Worker

FIRST_WORKERS = 8
MORE_AT_ONCE = 4
"""New workers, each time that jobs wait and nobody is free."""
MOST_WORKERS = 96
"""More that hang at once than this make the others wait."""

_LOOK_S = 0.004
_ROOM_EVERY_S = 0.008
_MOST_PATIENCE = 2
"""Times its deadline that a job may take which had no processor, through no fault of its own."""
_WORK_SHARE = 0.05
"""Of its deadline: whoever has had so much processor time was not kept from working."""
_STACK_WITHIN_S = 0.02
_REAP_WITHIN_S = 0.1


def do_apart(jobs: Sequence[Job], done: Callable[[Outcome], None] = lambda _: None) -> list[Outcome]:
    """The outcome of every job, in the order of the jobs. Call it from a process with one thread."""
    round_ = _Round(jobs, done)
    try:
        return round_.run()
    finally:
        round_.close()


class _Round:
    def __init__(self, jobs: Sequence[Job], done: Callable[[Outcome], None]) -> None:
        self._jobs = jobs
        self._done = done
        order = sorted(range(len(jobs)), key=lambda index: not jobs[index].imports)
        self._waiting = deque(order)
        self._outcomes: dict[int, Outcome] = {}
        self._workers: list[Worker] = []
        self._dying: list[Worker] = []
        self._selector = selectors.DefaultSelector()
        self._processors = max(2, len(os.sched_getaffinity(0)))
        self._look_for_room_s = 0.0

    def run(self) -> list[Outcome]:
        for _ in range(min(FIRST_WORKERS, len(self._jobs))):
            self._hire()
        while len(self._outcomes) < len(self._jobs):
            self._hand_out()
            for key, _ in self._selector.select(_LOOK_S):
                self._hear(key.data)
            self._give_up()
        return [self._outcomes[index] for index in range(len(self._jobs))]

    def close(self) -> None:
        """End every worker; one that does not end at once is left to the kernel."""
        for worker in list(self._workers):
            self._dismiss(worker)
        until = time.monotonic() + _REAP_WITHIN_S
        while self._reap() and time.monotonic() < until:
            time.sleep(0.001)
        self._selector.close()

    def _hire(self) -> None:
        worker = Worker.fork(self._jobs)
        self._workers.append(worker)
        self._selector.register(worker.answers, selectors.EVENT_READ, worker)

    def _hand_out(self) -> None:
        free = [worker for worker in self._workers if worker.job is None]
        passed_over: list[int] = []
        while self._waiting and free:
            index = self._waiting.popleft()
            if self._jobs[index].imports and self._loading() >= self._processors:
                passed_over.append(index)
                continue
            free.pop().give(index, loading=self._jobs[index].imports)
        short = bool(self._waiting) and not free and self._room()
        self._waiting.extendleft(reversed(passed_over))
        if short:
            for _ in range(min(MORE_AT_ONCE, len(self._waiting), MOST_WORKERS - len(self._workers))):
                self._hire()

    def _room(self) -> bool:
        """Jobs that sleep cost nothing; more that all want a processor would only make each other late."""
        now_s = time.monotonic()
        if now_s < self._look_for_room_s:
            return False
        self._look_for_room_s = now_s + _ROOM_EVERY_S
        return sum(worker.competes for worker in self._workers) < 3 * self._processors

    def _loading(self) -> int:
        return sum(worker.loading for worker in self._workers)

    def _hear(self, worker: Worker) -> None:
        said, ended = worker.listen()
        for message in () if worker.asked else said:  # what only the signal made it answer comes too late
            match message:
                case {"began": _}:
                    worker.since_s, worker.loading = time.monotonic(), False
                case {"answer": answer, "took_s": float(took_s)}:
                    self._settle(worker, Ending.ANSWERED, answer=answer, took_s=took_s)
                case {"raised": sentence}:
                    self._settle(worker, Ending.RAISED, sentence=str(sentence))
        if ended:
            self._settle(worker, Ending.DIED, sentence="it ended the process that it ran in")
            self._dismiss(worker)

    def _give_up(self) -> None:
        """Ask those that are late where they are, and end them a moment later."""
        now_s = time.monotonic()
        for worker in [worker for worker in self._workers if worker.job is not None]:
            left_s = self._limit_s(worker) - now_s
            if left_s <= 0 and not worker.asked:
                if self._starved(worker, now_s):
                    continue
                worker.ask_where()
            if left_s <= -_STACK_WITHIN_S and worker.asked:
                self._give_up_on(worker)

    def _starved(self, worker: Worker, now_s: float) -> bool:
        """Whether it would have had its time by now, had it had a processor."""
        allowed_s = self._limit_s(worker) - worker.since_s
        took_s = now_s - worker.since_s
        if took_s >= _MOST_PATIENCE * allowed_s or worker.ran_s >= _WORK_SHARE * allowed_s:
            return False
        return took_s - worker.starved_s < allowed_s

    def _give_up_on(self, worker: Worker) -> None:
        limit_s = LOAD_DEADLINE_S if worker.loading else self._jobs[worker.job or 0].deadline_s
        what = "importing it did not end" if worker.loading else "no answer"
        where = worker.where()
        sentence = f"{what} within {limit_s:g} s" + (f"; it hangs in {where}" if where else "")
        self._settle(worker, Ending.HUNG, sentence=sentence)
        self._dismiss(worker)

    def _limit_s(self, worker: Worker) -> float:
        allowed_s = LOAD_DEADLINE_S if worker.loading else self._jobs[worker.job or 0].deadline_s
        return worker.since_s + allowed_s

    def _settle(
        self, worker: Worker, ending: Ending, *, answer: object = None, sentence: str = "", took_s: float | None = None
    ) -> None:
        if worker.job is None:
            return
        took = time.monotonic() - worker.since_s if took_s is None else took_s
        outcome = Outcome(self._jobs[worker.job].name, ending, took, answer, sentence)
        self._outcomes[worker.job] = outcome
        worker.job, worker.loading = None, False
        self._done(outcome)

    def _dismiss(self, worker: Worker) -> None:
        self._workers.remove(worker)
        self._selector.unregister(worker.answers)
        worker.kill()
        worker.close()
        self._dying.append(worker)

    def _reap(self) -> bool:
        """Whether some have not ended yet."""
        self._dying = [worker for worker in self._dying if not worker.reap()]
        return bool(self._dying)
