"""Heartbeat limits, judged from outside the process that beats."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import anyio

from qtcore.hosts import proc
from qtcore.hosts.board import Board
from qtcore.hosts.proc import ProcFacts, RunDelay

MAX_SLEEP_NS = 500_000_000
"""The watch also beats for the supervisor, on whose beat the plugins' leases depend."""

OWN_LAG_NS = 100_000_000
"""When the supervisor itself wakes later than this, the silence it sees may be its own."""

STARVED_FROM = 0.1
"""Share of the limit that a host must have waited for a processor before that excuses its silence."""

QUIET_FROM = 0.5
"""Share of the limit after which the beat thread, which beats four times within it, counts as silent too."""

RAN_ENOUGH = 0.5
"""A host that had a processor for this share of its limit and still did not beat is not starved."""

NO_DELAY = RunDelay(0, 0)

STARVED_AT_MOST = 5
"""Limits after which waiting for a processor is no excuse any more."""


class Verdict(StrEnum):
    """What a host's silence means."""

    FINE = "fine"
    NOT_STARTED = "not_started"
    LOOP_BLOCKED = "loop_blocked"
    SILENT = "silent"
    STOPPED = "stopped"
    UNINTERRUPTIBLE = "uninterruptible"
    STARVED = "starved"
    TRACED = "traced"

    @property
    def hung(self) -> bool:
        """The host must be given up; the others are notices."""
        return self not in {Verdict.FINE, Verdict.STARVED, Verdict.TRACED}


_MEANING = {
    Verdict.FINE: "beats in time",
    Verdict.NOT_STARTED: "its process was created but its event loop never began to turn",
    Verdict.LOOP_BLOCKED: "its beat thread runs but its event loop does not turn: some code blocks the loop",
    Verdict.SILENT: "neither its event loop nor its beat thread runs: some code holds the interpreter lock",
    Verdict.STOPPED: "it was stopped by a signal (SIGSTOP or a terminal)",
    Verdict.UNINTERRUPTIBLE: "it waits inside the operating system and cannot be interrupted, usually for a disk",
    Verdict.STARVED: "it is ready to run but gets no processor: the machine is overloaded",
    Verdict.TRACED: "a debugger holds it",
}


@dataclass(frozen=True, slots=True)
class Beats:
    """What one incarnation last wrote on the board; 0 = never."""

    loop_ns: int
    thread_ns: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a host may be silent: usually, and while it imports plugins."""

    loop_ns: int
    load_ns: int

    @classmethod
    def of(cls, loop_s: float, load_s: float) -> Limits:
        """From seconds, as configuration states them."""
        return cls(round(loop_s * 1e9), round(load_s * 1e9))


@dataclass(frozen=True, slots=True)
class Phase:
    """Since when which limit applies; silence before `since_ns` does not count."""

    since_ns: int
    loading: bool


@dataclass(frozen=True, slots=True)
class Sighting:
    """One verdict with what it rests on."""

    host: str
    incarnation: int
    verdict: Verdict
    silence_s: float
    facts: ProcFacts
    sentence: str


def limit_ns(limits: Limits, phase: Phase) -> int:
    """The limit in force."""
    return limits.load_ns if phase.loading else limits.loop_ns


def due_ns(beats: Beats, limits: Limits, phase: Phase) -> int:
    """The earliest moment at which the loop's silence breaks the limit."""
    return max(beats.loop_ns, phase.since_ns) + limit_ns(limits, phase)


def verdict(
    now_ns: int, beats: Beats, limits: Limits, phase: Phase, *, facts: ProcFacts, before: RunDelay = NO_DELAY
) -> Verdict:
    """Judge a host by its beats and by what the operating system says of its process.

    `before` is how the scheduler had treated the main thread when it was last seen beating. While
    plugins load, a stopped process is still found within the usual limit.
    """
    thread_silent = now_ns >= max(beats.thread_ns, phase.since_ns) + limits.loop_ns
    if facts.traced:
        return Verdict.TRACED
    if facts.stopped and thread_silent:
        return Verdict.STOPPED
    due = due_ns(beats, limits, phase)
    if now_ns < due:
        return Verdict.FINE
    if now_ns < due + excuse_ns(facts.main_thread, before, limit_ns(limits, phase)):
        return Verdict.STARVED
    thread_quiet = now_ns >= max(beats.thread_ns, phase.since_ns) + limits.loop_ns * QUIET_FROM
    return _kind_of_hang(beats, facts, thread_quiet=thread_quiet)


def _kind_of_hang(beats: Beats, facts: ProcFacts, *, thread_quiet: bool) -> Verdict:
    if facts.stopped:  # its thread may have beaten a moment after its loop, and so be within its limit still
        return Verdict.STOPPED
    if facts.state == "D":
        return Verdict.UNINTERRUPTIBLE
    if beats.loop_ns == 0:
        return Verdict.NOT_STARTED
    return Verdict.SILENT if thread_quiet else Verdict.LOOP_BLOCKED


def excuse_ns(now: RunDelay, before: RunDelay, limit: int) -> int:
    """Time by which the limit is put off, because the host was ready but had no processor."""
    delayed = now.delayed_ns - before.delayed_ns
    ran_enough = now.ran_ns - before.ran_ns >= limit * RAN_ENOUGH
    if ran_enough or delayed < limit * STARVED_FROM:
        return 0
    return min(delayed, limit * STARVED_AT_MOST)


@dataclass(slots=True)
class _Watched:
    host: str
    incarnation: int
    pid: int
    slot: int
    limits: Limits
    phase: Phase
    seen: Beats = Beats(0, 0)
    before: RunDelay = NO_DELAY
    noticed: Verdict = Verdict.FINE
    forgiven: bool = False


class HeartbeatWatch:
    """Calls back when a host breaks its limit; sleeps until the earliest moment that one could.

    A hung host is reported once and then no longer watched; starved and traced hosts are reported
    once per spell and stay watched. `run` also beats for the supervisor on the board.
    """

    def __init__(
        self,
        board: Board,
        on_sighting: Callable[[Sighting], None],
        *,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        suspended_ns: Callable[[], int] | None = None,
    ) -> None:
        self._board = board
        self._on_sighting = on_sighting
        self._clock_ns = clock_ns
        self._suspended_ns = suspended_ns or _suspended_ns
        self._suspended_before = self._suspended_ns()
        self._watched: dict[str, _Watched] = {}
        self._changed = anyio.Event()
        self._wake_ns: int | None = None
        self.times_late = 0
        """How often the supervisor itself woke so late that it forgave everybody."""

    def add(self, host: str, incarnation: int, pid: int, slot: int, limits: Limits) -> None:
        """Watch a host just spawned; it is loading until `set_loading(host, False)`."""
        phase = Phase(self._clock_ns(), loading=True)
        self._watched[host] = _Watched(host, incarnation, pid, slot, limits, phase)
        self._changed.set()

    def set_loading(self, host: str, loading: bool) -> None:
        """Say whether the host may be importing plugins now; a host not watched is ignored."""
        watched = self._watched.get(host)
        if watched is not None and watched.phase.loading != loading:
            watched.phase = Phase(self._clock_ns(), loading=loading)
            self._changed.set()

    def remove(self, host: str) -> None:
        """Stop watching, because it is gone or meant to go."""
        self._watched.pop(host, None)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self._changed = anyio.Event()
            now_ns = self._clock_ns()
            self._forgive_if_late(now_ns)
            self._board.beat_supervisor(now_ns)
            next_looks = [self._look(watched, now_ns) for watched in [*self._watched.values()]]
            self._wake_ns = min(next_looks, default=now_ns + MAX_SLEEP_NS)
            self._wake_ns = min(self._wake_ns, now_ns + MAX_SLEEP_NS)
            with anyio.move_on_after(max(0, self._wake_ns - self._clock_ns()) / 1e9):
                await self._changed.wait()

    def _forgive_if_late(self, now_ns: int) -> None:
        suspended, before = self._suspended_ns(), self._suspended_before
        self._suspended_before = suspended
        overslept = self._wake_ns is not None and now_ns - self._wake_ns > OWN_LAG_NS
        if not overslept and suspended - before <= OWN_LAG_NS:
            return
        self.times_late += 1
        for watched in self._watched.values():
            if not watched.forgiven:  # once: a supervisor that is always late must still find a hung host
                watched.forgiven = True
                watched.phase = Phase(now_ns, watched.phase.loading)

    def _look(self, watched: _Watched, now_ns: int) -> int:
        """Judge one host; returns when to look again."""
        beats = self._beats(watched)
        if beats.loop_ns != watched.seen.loop_ns:
            watched.noticed = Verdict.FINE
            watched.forgiven = False
            watched.before = proc.run_delay(watched.pid)
        watched.seen = beats
        look_ns = _next_look(watched)
        if look_ns > now_ns:
            return look_ns
        facts = proc.facts(watched.pid)
        if facts is None or facts.state in "ZX":
            self.remove(watched.host)  # dead: whoever holds the pidfd tells how
            return now_ns + MAX_SLEEP_NS
        return self._judge(watched, facts, now_ns)

    def _judge(self, watched: _Watched, facts: ProcFacts, now_ns: int) -> int:
        found = verdict(now_ns, watched.seen, watched.limits, watched.phase, facts=facts, before=watched.before)
        if found.hung:
            self.remove(watched.host)
        if found is Verdict.TRACED:
            watched.phase = Phase(now_ns, watched.phase.loading)
        if found not in {Verdict.FINE, watched.noticed}:
            watched.noticed = found
            self._on_sighting(_sighting(watched, found, facts, now_ns))
        limit = limit_ns(watched.limits, watched.phase)
        due = due_ns(watched.seen, watched.limits, watched.phase)
        if found is Verdict.STARVED:
            return due + excuse_ns(facts.main_thread, watched.before, limit)
        return max(min(due, now_ns + watched.limits.loop_ns), now_ns + 1)

    def _beats(self, watched: _Watched) -> Beats:
        if self._board.incarnation(watched.slot) != watched.incarnation:
            return Beats(0, 0)
        return Beats(self._board.loop_beat(watched.slot), self._board.thread_beat(watched.slot))


def _next_look(watched: _Watched) -> int:
    due = due_ns(watched.seen, watched.limits, watched.phase)
    if not watched.phase.loading:
        return due
    # While it loads only a stop can be told early: by the thread, which beats during most imports.
    stop_ns = max(watched.seen.thread_ns, watched.phase.since_ns) + watched.limits.loop_ns
    return min(due, stop_ns)


def _sighting(watched: _Watched, found: Verdict, facts: ProcFacts, now_ns: int) -> Sighting:
    silence_s = (now_ns - max(watched.seen.loop_ns, watched.phase.since_ns)) / 1e9
    limit_s = limit_ns(watched.limits, watched.phase) / 1e9
    sentence = f"host {watched.host} has been silent for {silence_s:.3f} s (limit {limit_s:g} s): {_MEANING[found]}"
    return Sighting(watched.host, watched.incarnation, found, silence_s, facts, sentence)


def _suspended_ns() -> int:
    """How long the machine has slept since boot: time that only CLOCK_BOOTTIME counts."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
