"""Hung hosts: noticed from outside, told apart, and named with evidence before they are killed."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from qtcore.hosts import evidence, proc
from qtcore.hosts.evidence import culprit, owners, parse
from qtcore.hosts.process import HostProcess
from qtcore.hosts.watch import HeartbeatWatch, Limits, Sighting, Verdict
from tests.qtcore.hosts.world import OpenWorld, World, call, gone, load_plugin, order

LIMIT_S = 0.4
LATE_S = 0.25
"""Allowance for a busy test machine; the benchmark states the real figure."""

DUMP = """\
Thread 0x00007f01 (most recent call first):
  File "/app/plugins/feed/parse.py", line 7 in crunch
  File "/usr/lib/python3.11/threading.py", line 982 in run

Current thread 0x00007f02 (most recent call first):
  File "/usr/lib/python3.11/json/decoder.py", line 355 in raw_decode
  File "/app/plugins/models.py", line 30 in predict
  File "/app/plugins/feed/__init__.py", line 9 in start
  File "/app/qtcore/hosts/program.py", line 90 in _live
"""
MODULES = {"models": "/app/plugins/models.py", "feed": "/app/plugins/feed/__init__.py"}


def test_stacks_are_read_from_the_dump() -> None:
    """Threads and frames come out in the dump's order, innermost frame first."""
    worker, main = parse(DUMP)
    assert [frame.function for frame in worker.frames] == ["crunch", "run"]
    assert (main.thread, main.frames[1].file, main.frames[1].line) == ("0x00007f02", "/app/plugins/models.py", 30)
    assert parse("not a dump\n  File nonsense\n") == ()


def test_the_innermost_plugin_of_the_main_thread_is_named() -> None:
    """The main thread decides; other threads only when it shows no plugin."""
    stacks = parse(DUMP)
    assert culprit(stacks, MODULES) == "models"
    assert culprit(stacks[:1], MODULES) == "feed"
    assert culprit(stacks, {"other": "/elsewhere/other.py"}) is None


@pytest.mark.parametrize(
    ("file", "plugin"),
    [
        ("/a/feed/plugin.py", "feed"),
        ("/a/feed/deep/parse.py", "feed"),
        ("/a/store/tables.py", "database"),
        ("/a/one.py", "one"),
        ("/a/shared.py", None),
        ("/a/domain/money.py", None),
        ("/a/feeder/x.py", None),
    ],
)
def test_a_plugin_owns_its_module_or_its_folder(file: str, plugin: str | None) -> None:
    """A package or a folder of the plugin's name is all its own; beside a lone module lies what others share."""
    modules = {"feed": "/a/feed/plugin.py", "one": "/a/one.py", "database": "/a/store/__init__.py"}
    assert owners(file, modules) == ([plugin] if plugin else [])


@asynccontextmanager
async def watched(world: World, process: HostProcess) -> AsyncIterator[anyio.abc.ObjectReceiveStream[Sighting]]:
    """Watch one host that has loaded."""
    seen, sightings = anyio.create_memory_object_stream[Sighting](10)
    watch = HeartbeatWatch(world.board, seen.send_nowait)
    watch.add(process.host, process.incarnation, process.pid, 0, Limits.of(LIMIT_S, 30))
    watch.set_loading(process.host, False)
    async with anyio.create_task_group() as tasks:
        with seen, sightings:
            tasks.start_soon(watch.run)
            yield sightings
            tasks.cancel_scope.cancel()


async def _hang(sightings: anyio.abc.ObjectReceiveStream[Sighting]) -> Sighting:
    """The first sighting that costs the host; a busy test machine may starve it before."""
    with anyio.fail_after(10):
        while not (sighting := await sightings.receive()).verdict.hung:
            pass
    return sighting


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_blocked_loop_is_named_with_stack_and_plugin(open_world: OpenWorld) -> None:
    """time.sleep in a plugin is seen at the limit, its line is in the stacks, and the plugin is the culprit."""
    async with open_world() as world:
        process = await world.spawn_up(loop_limit_s=LIMIT_S)
        modules = await load_plugin(process)
        await call(process, "print_lines", lines=2, text="before it hung")
        async with watched(world, process) as sightings:
            order(process, "sleep_in_loop", seconds=30)
            sighting = await _hang(sightings)
        assert sighting.verdict is Verdict.LOOP_BLOCKED
        assert LIMIT_S <= sighting.silence_s < LIMIT_S + LATE_S
        found = await evidence.take(process, sighting.verdict, modules)
        assert found.culprit == "culprit"
        assert "_sleep_in_loop" in found.stacks
        assert found.facts is not None
        assert found.facts.rss_bytes > 1_000_000
        assert found.output[-1] == "before it hung"
        process.kill(sighting.sentence)
        assert "has been silent" in (await gone(process)).reason


@pytest.mark.anyio
async def test_a_held_interpreter_lock_silences_both_beats(open_world: OpenWorld) -> None:
    """A catastrophic regex is told from a blocked loop, and still gives its stack."""
    async with open_world() as world:
        process = await world.spawn_up(loop_limit_s=LIMIT_S)
        modules = await load_plugin(process)
        async with watched(world, process) as sightings:
            order(process, "hold_gil")
            sighting = await _hang(sightings)
        assert sighting.verdict is Verdict.SILENT
        found = await evidence.take(process, sighting.verdict, modules)
        assert (found.culprit, "_hold_gil" in found.stacks) == ("culprit", True)


@pytest.mark.anyio
async def test_a_stopped_host_is_told_and_never_continued(open_world: OpenWorld) -> None:
    """SIGSTOP is its own verdict; the evidence is the state, quickly, and the process stays stopped until killed."""
    async with open_world() as world:
        process = await world.spawn_up(loop_limit_s=LIMIT_S)
        modules = await load_plugin(process)
        async with watched(world, process) as sightings:
            process.send_signal(signal.SIGSTOP)
            sighting = await _hang(sightings)
        assert sighting.verdict is Verdict.STOPPED
        with anyio.fail_after(0.1):
            found = await evidence.take(process, sighting.verdict, modules)
        assert (found.stacks, found.culprit) == ("", None)
        assert found.facts is not None
        assert found.facts.stopped
        facts = proc.facts(process.pid)
        assert facts is not None
        assert facts.stopped
        process.kill("stopped")
        assert (await gone(process)).code == signal.SIGKILL


@pytest.mark.anyio
async def test_a_host_that_crashes_leaves_its_stack(open_world: OpenWorld) -> None:
    """A segmentation fault is attributed after death."""
    async with open_world() as world:
        process = await world.spawn_up()
        modules = await load_plugin(process)
        order(process, "signal_self", number=signal.SIGSEGV)
        await gone(process)
        found = evidence.post_mortem(process, modules)
        assert found.culprit == "culprit"
        assert "Segmentation fault" in found.stacks


@pytest.mark.anyio
async def test_a_busy_but_turning_host_is_left_alone(open_world: OpenWorld) -> None:
    """Blocking for less than the limit, again and again, is no hang."""
    async with open_world() as world:
        process = await world.spawn_up(loop_limit_s=1.0)
        async with watched(world, process) as sightings:
            for _ in range(4):
                await call(process, "sleep_in_loop", seconds=0.1)
            with anyio.move_on_after(0) as nothing_to_read:
                pytest.fail((await _hang(sightings)).sentence)
        assert nothing_to_read.cancelled_caught


def test_facts_of_a_process_that_is_gone_are_none() -> None:
    """A pid that nobody has gives no facts, no session, and counts as dead."""
    nobody = 2**22 - 1
    assert (proc.facts(nobody), proc.session(nobody), proc.is_dead(nobody)) == (None, None, True)


def test_own_facts_are_plausible() -> None:
    """The reader agrees with what this process knows of itself."""
    own = proc.facts(int(Path("/proc/self").readlink().name))
    assert own is not None
    assert own.state == "R"
    assert own.rss_bytes > 10_000_000
    assert own.main_thread.ran_ns > 0
