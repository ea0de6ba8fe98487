"""Heartbeat limits: the pure judgement, and the watch in virtual time."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from qtcore.hosts.board import Board
from qtcore.hosts.proc import ProcFacts, RunDelay
from qtcore.hosts.watch import (
    OWN_LAG_NS,
    STARVED_AT_MOST,
    Beats,
    HeartbeatWatch,
    Limits,
    Phase,
    Sighting,
    Verdict,
    due_ns,
    verdict,
)

SECOND = 1_000_000_000
LIMITS = Limits.of(loop_s=1.0, load_s=30.0)
RUNNING = Phase(0, loading=False)
SLEEPING = ProcFacts(
    state="S", tracer_pid=0, wchan="ep_poll", rss_bytes=1, threads=2, cpu_s=0.1, main_thread=RunDelay(0, 0)
)

# --- the pure judgement -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beats", "facts", "expected"),
    [
        (Beats(10 * SECOND, 10 * SECOND), SLEEPING, Verdict.FINE),
        (Beats(9 * SECOND + 1, 0), SLEEPING, Verdict.FINE),
        (Beats(9 * SECOND, 10 * SECOND), SLEEPING, Verdict.LOOP_BLOCKED),
        (Beats(9 * SECOND, 9 * SECOND), SLEEPING, Verdict.SILENT),
        (Beats(9 * SECOND, 9 * SECOND + SECOND // 4), SLEEPING, Verdict.SILENT),
        (Beats(9 * SECOND, 10 * SECOND - SECOND // 4), SLEEPING, Verdict.LOOP_BLOCKED),
        (Beats(0, 10 * SECOND), SLEEPING, Verdict.NOT_STARTED),
        (Beats(9 * SECOND, 9 * SECOND), replace(SLEEPING, state="T"), Verdict.STOPPED),
        (Beats(9 * SECOND, 10 * SECOND - 1), replace(SLEEPING, state="T"), Verdict.STOPPED),
        (Beats(9 * SECOND, 9 * SECOND), replace(SLEEPING, state="D"), Verdict.UNINTERRUPTIBLE),
        (Beats(9 * SECOND, 9 * SECOND), replace(SLEEPING, state="t", tracer_pid=77), Verdict.TRACED),
        (Beats(9 * SECOND, 9 * SECOND), replace(SLEEPING, tracer_pid=77), Verdict.TRACED),
        (Beats(9 * SECOND, 9 * SECOND), replace(SLEEPING, main_thread=RunDelay(0, SECOND)), Verdict.STARVED),
    ],
)
def test_silence_is_told_apart(beats: Beats, facts: ProcFacts, expected: Verdict) -> None:
    """Ten seconds in, with a limit of one, each kind of silence has its own name."""
    assert verdict(10 * SECOND, beats, LIMITS, RUNNING, facts=facts) is expected


def test_only_real_hangs_cost_the_host() -> None:
    """A debugger and an overloaded machine are notices."""
    notices = {Verdict.FINE, Verdict.STARVED, Verdict.TRACED}
    assert {kind for kind in Verdict if not kind.hung} == notices


def test_loading_has_its_own_limit_but_a_stop_is_found_soon() -> None:
    """Imports may block the loop for the load limit; a stopped process is found within the loop limit."""
    loading = Phase(0, loading=True)
    silent = Beats(0, 0)
    stopped = replace(SLEEPING, state="T")
    assert verdict(29 * SECOND, silent, LIMITS, loading, facts=SLEEPING) is Verdict.FINE
    assert verdict(30 * SECOND, silent, LIMITS, loading, facts=SLEEPING) is Verdict.NOT_STARTED
    assert verdict(SECOND, silent, LIMITS, loading, facts=stopped) is Verdict.STOPPED


def test_waiting_for_a_processor_is_no_excuse_for_ever() -> None:
    """The excuse is as long as the wait, and ends after a few limits."""
    beats = Beats(0, 0)
    delayed = replace(SLEEPING, main_thread=RunDelay(0, 100 * SECOND))
    phase = Phase(0, loading=False)
    last = SECOND * (1 + STARVED_AT_MOST)
    assert verdict(last - 1, beats, LIMITS, phase, facts=delayed) is Verdict.STARVED
    assert verdict(last, beats, LIMITS, phase, facts=delayed).hung


def test_a_host_that_had_a_processor_and_did_not_beat_is_not_starved() -> None:
    """A spinning loop on a busy machine is a hang: it ran for half its limit without turning."""
    spinning = replace(SLEEPING, state="R", main_thread=RunDelay(SECOND // 2, SECOND // 2))
    assert verdict(SECOND, Beats(0, 0), LIMITS, RUNNING, facts=spinning).hung
    waiting = replace(spinning, main_thread=RunDelay(SECOND // 4, SECOND // 2))
    assert verdict(SECOND, Beats(0, 0), LIMITS, RUNNING, facts=waiting) is Verdict.STARVED


def test_a_few_milliseconds_without_a_processor_excuse_nothing() -> None:
    """Ordinary scheduling delay does not put the limit off."""
    delayed = replace(SLEEPING, main_thread=RunDelay(0, SECOND // 20))
    assert verdict(SECOND, Beats(1, 1), LIMITS, RUNNING, facts=delayed) is Verdict.FINE
    assert verdict(SECOND + 1, Beats(1, 1), LIMITS, RUNNING, facts=delayed).hung


TIMES = st.integers(0, 100 * SECOND)
FACTS = st.builds(
    replace,
    st.just(SLEEPING),
    state=st.sampled_from("RSDTt"),
    tracer_pid=st.sampled_from([0, 5]),
    main_thread=st.builds(RunDelay, TIMES, st.integers(0, 3 * SECOND)),
)


@given(TIMES, st.builds(Beats, TIMES, TIMES), st.builds(Phase, TIMES, st.booleans()), FACTS)
def test_nobody_is_given_up_before_the_limit(now_ns: int, beats: Beats, phase: Phase, facts: ProcFacts) -> None:
    """Before the limit only a stop is a hang; past the limit and every excuse something is always said."""
    found = verdict(now_ns, beats, LIMITS, phase, facts=facts)
    due = due_ns(beats, LIMITS, phase)
    if now_ns < due:
        assert found in {Verdict.FINE, Verdict.STOPPED, Verdict.TRACED}
    if now_ns >= due + facts.main_thread.delayed_ns:
        assert found.hung or found is Verdict.TRACED


# --- the watch in virtual time ------------------------------------------------------------------

virtual = [
    pytest.mark.anyio,
    pytest.mark.parametrize(
        "anyio_backend", [("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)})], ids=["virtual"]
    ),
]


@dataclass
class Scene:
    """One host on the board, and what the watch saw of it."""

    board: Board
    pid: int
    seen: list[Sighting] = field(default_factory=list)
    seen_at_s: list[float] = field(default_factory=list)
    jumped_ns: int = 0
    slept_ns: int = 0
    watch: HeartbeatWatch = field(init=False)

    def now_ns(self) -> int:
        return round(trio.current_time() * 1e9) + self.jumped_ns

    def note(self, sighting: Sighting) -> None:
        self.seen.append(sighting)
        self.seen_at_s.append(self.now_ns() / 1e9)

    async def beat(self, *, loop: bool = True, thread: bool = True, seconds: float) -> float:
        """Beat each quarter of a second; returns when the last beat was."""
        for _ in range(round(seconds * 4)):
            if loop:
                self.board.beat_loop(0, self.now_ns())
            if thread:
                self.board.beat_thread(0, self.now_ns())
            last_s = self.now_ns() / 1e9
            await anyio.sleep(0.25)
        return last_s


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A real process that does nothing, for the watch to look at."""
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        yield process.pid
        process.kill()


@asynccontextmanager
async def scene(pid: int, *, loading: bool = False) -> AsyncIterator[Scene]:
    board = Board.create(1, 0)
    made = Scene(board, pid)
    made.watch = HeartbeatWatch(board, made.note, clock_ns=made.now_ns, suspended_ns=lambda: made.slept_ns)
    board.claim_host(0, 1)
    made.watch.add("main", 1, pid, 0, LIMITS)
    made.watch.set_loading("main", loading)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.watch.run)
        yield made
        tasks.cancel_scope.cancel()
    board.close()


class TestVirtual:
    """The watch sleeps until the earliest limit."""

    pytestmark = virtual

    async def test_a_host_that_beats_is_left_alone(self, sleeper: int) -> None:
        """An hour of beats gives no sighting, and the supervisor's own beat stays fresh."""
        async with scene(sleeper) as it:
            for _ in range(60):
                await it.beat(seconds=60)
                assert it.now_ns() - it.board.supervisor_beat() <= 0.5 * SECOND
            assert it.seen == []

    async def test_a_blocked_loop_is_seen_at_its_limit(self, sleeper: int) -> None:
        """The sighting comes exactly one limit after the last loop beat, once, and says what was meant."""
        async with scene(sleeper) as it:
            last_s = await it.beat(seconds=10)
            await it.beat(loop=False, seconds=20)
            assert [s.verdict for s in it.seen] == [Verdict.LOOP_BLOCKED]
            assert it.seen_at_s[0] == pytest.approx(last_s + 1.0, abs=0.001)
            assert "main" in it.seen[0].sentence
            assert "blocks the loop" in it.seen[0].sentence

    async def test_both_beats_silent_is_another_verdict(self, sleeper: int) -> None:
        """No thread beat either means that the interpreter lock is held."""
        async with scene(sleeper) as it:
            await it.beat(seconds=3)
            await anyio.sleep(5)
            assert [s.verdict for s in it.seen] == [Verdict.SILENT]

    async def test_a_host_that_never_begins_is_seen_at_the_load_limit(self, sleeper: int) -> None:
        """Thirty seconds without a first beat are not forgiven; twenty-nine are."""
        async with scene(sleeper, loading=True) as it:
            await anyio.sleep(29)
            assert it.seen == []
            await anyio.sleep(2)
            assert [s.verdict for s in it.seen] == [Verdict.NOT_STARTED]

    async def test_beats_of_an_older_incarnation_do_not_count(self, sleeper: int) -> None:
        """A slot still claimed by the last incarnation is silence."""
        async with scene(sleeper) as it:
            it.board.claim_host(0, 7)
            await it.beat(seconds=3)
            assert [s.verdict for s in it.seen] == [Verdict.NOT_STARTED]

    async def test_loading_begins_and_ends(self, sleeper: int) -> None:
        """A host that imports a plugin later gets the load limit for that while, then its own again."""
        async with scene(sleeper) as it:
            await it.beat(seconds=2)
            it.watch.set_loading("main", True)
            await it.beat(loop=False, seconds=20)
            assert it.seen == []
            it.watch.set_loading("main", False)
            await it.beat(loop=False, seconds=2)
            assert [s.verdict for s in it.seen] == [Verdict.LOOP_BLOCKED]

    async def test_a_supervisor_that_overslept_forgives(self, sleeper: int) -> None:
        """When the clock jumps past the planned wake-up, everybody gets one more limit, no more."""
        async with scene(sleeper) as it:
            await it.beat(seconds=5)
            it.jumped_ns += 10 * SECOND
            await anyio.sleep(0.6)
            assert it.watch.times_late == 1
            assert it.seen == []
            await anyio.sleep(1.5)
            assert len(it.seen) == 1

    async def test_a_supervisor_that_is_always_late_still_finds_a_hang(self, sleeper: int) -> None:
        """Lateness at every wake-up is forgiven once until the host beats again."""
        async with scene(sleeper) as it:
            await it.beat(seconds=5)
            for _ in range(12):
                it.jumped_ns += OWN_LAG_NS * 2
                await anyio.sleep(0.25)
            assert it.watch.times_late > 2
            assert [s.verdict for s in it.seen] == [Verdict.SILENT]

    async def test_a_machine_that_was_suspended_forgives(self, sleeper: int) -> None:
        """Time that only the boot clock counted means that nobody could beat."""
        async with scene(sleeper) as it:
            last_s = await it.beat(seconds=5)
            await anyio.sleep(0.7)
            it.slept_ns += OWN_LAG_NS + 1
            await anyio.sleep(0.5)
            assert it.watch.times_late == 1
            assert it.seen == []
            await anyio.sleep(2)
            assert it.seen_at_s[0] > last_s + 1.5

    async def test_a_host_no_longer_watched_is_not_seen(self, sleeper: int) -> None:
        """After `remove` silence means nothing."""
        async with scene(sleeper) as it:
            await it.beat(seconds=2)
            it.watch.remove("main")
            await anyio.sleep(10)
            assert it.seen == []

    async def test_a_dead_host_is_left_to_whoever_reaps_it(self, sleeper: int) -> None:
        """Silence of a process that is gone is no sighting."""
        async with scene(2**22 - 1) as it:
            await anyio.sleep(5)
            assert it.seen == []

    async def test_only_the_silent_host_is_named(self, sleeper: int) -> None:
        """Another host on the same board goes on undisturbed."""
        board = Board.create(2, 0)
        seen: list[Sighting] = []
        watch = HeartbeatWatch(board, seen.append, clock_ns=lambda: round(trio.current_time() * 1e9))
        for slot, name in enumerate(("good", "bad")):
            board.claim_host(slot, 1)
            watch.add(name, 1, sleeper, slot, LIMITS)
            watch.set_loading(name, False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch.run)
            for _ in range(40):
                board.beat_loop(0, round(trio.current_time() * 1e9))
                await anyio.sleep(0.25)
            tasks.cancel_scope.cancel()
        board.close()
        assert [s.host for s in seen] == ["bad"]
