"""Host processes: how they are made, how their end is told, and what they leave behind (nothing)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import anyio
import psutil
import pytest

from qtcore.hosts import proc
from qtcore.hosts.fork_server_link import ForkServerLink, ForkServerState
from qtcore.hosts.launcher import FORK_SERVER_OUTPUT
from qtcore.hosts.process import Way
from qtcore.kernel.words import Cause
from tests.qtcore.hosts.world import OpenWorld, World, call, gone, make_spec, order, until

pytestmark = pytest.mark.anyio
PRELOAD = ("decimal", "json.tool")
BOTH_LOOPS = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


@BOTH_LOOPS
async def test_a_host_is_forked_and_its_life_followed(open_world: OpenWorld) -> None:
    """Forked from the light server, up, killed, gone with cause, and made again with the next incarnation."""
    async with open_world() as world:
        for incarnation in (1, 2):
            process = await world.spawn_up(incarnation=incarnation)
            assert process.way is Way.LIGHT
            assert process.pid in proc.children()
            assert process.beats_once()
            process.kill("the test says so")
            end = await gone(process)
            assert (end.cause, end.code) == (Cause.SIGNAL, signal.SIGKILL)
            assert "the test says so" in end.reason
            assert process.pid not in proc.children()
        assert world.notes == []


@BOTH_LOOPS
async def test_a_preload_set_has_its_zygote(open_world: OpenWorld) -> None:
    """A host with a preload set is forked with those modules in; others are not."""
    async with open_world(preload_sets=[PRELOAD]) as world:
        with_set = await world.spawn_up("first", preload=PRELOAD)
        without = await world.spawn_up("second", host_slot=1)
        assert (with_set.way, without.way) == (Way.ZYGOTE, Way.LIGHT)
        assert "json.tool" in await call(with_set, "tell", what="modules")
        assert "json.tool" not in await call(without, "tell", what="modules")


async def test_a_host_is_a_process_of_its_own(open_world: OpenWorld) -> None:
    """It leads its session, is the supervisor's child, is named, and holds no descriptor that is not its own."""
    inherited, write_end = os.pipe()
    os.set_inheritable(inherited, True)
    async with open_world() as world:
        process = await world.spawn_up("a_host_with_a_long_name")
        assert await call(process, "tell", what="session") == process.pid
        assert await call(process, "tell", what="parent") == os.getpid()
        assert await call(process, "tell", what="name") == "qt:a_host_with_"
        assert await call(process, "tell", what="inheritable") == [0, 1, 2]
        targets = await call(process, "tell", what="fds")
        allowed = ("/dev/null", "/memfd:qt-board", "/memfd:qt-evidence", "a_host_with_a_long_name.out", "anon_inode:")
        others = [target for target in targets if not any(part in target for part in (*allowed, "/proc/"))]
        kinds = sorted(target.partition(":")[0] for target in others)
        # control channel; asyncio's own pair; the liveness pipe
        assert kinds == ["pipe", "socket", "socket", "socket"]
        assert f"pipe:[{os.fstat(inherited).st_ino}]" not in others
    os.close(inherited)
    os.close(write_end)


async def test_a_host_takes_no_more_than_its_share(open_world: OpenWorld) -> None:
    """`nice` is added to the supervisor's own, and `memory_mb` ends an allocation, not the process."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    async with open_world() as world:
        modest = await world.spawn_up("modest", nice=3, memory_mb=48)
        other = await world.spawn_up("other", host_slot=1)
        assert await call(modest, "tell", what="nice") == own + 3
        assert await call(modest, "tell", what="memory") == "refused"
        assert await call(other, "tell", what="nice") == own
        assert await call(other, "tell", what="memory") == "had 64"


async def test_a_cold_host_is_no_different(open_world: OpenWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this process may not adopt, hosts start by exec: same parent, session, name and end."""
    refuse = PermissionError(1, "not permitted")
    monkeypatch.setattr("qtcore.hosts.linux.set_subreaper", lambda on: (_ for _ in ()).throw(refuse))
    async with open_world() as world:
        process = await world.spawn_up()
        assert process.way is Way.COLD
        assert await call(process, "tell", what="session") == process.pid
        assert await call(process, "tell", what="parent") == os.getpid()
        assert await call(process, "tell", what="name") == "qt:main"
        order(process, "exit", code=7)
        assert (await gone(process)).code == 7
        assert "started cold" in world.notes[0]


@pytest.mark.parametrize(
    ("harm", "argument", "cause", "code"),
    [
        ("exit", {"code": 3}, Cause.EXIT_CODE, 3),
        ("exit", {"code": 0}, Cause.EXIT_CODE, 0),
        ("signal_self", {"number": signal.SIGSEGV}, Cause.SIGNAL, signal.SIGSEGV),
        ("signal_self", {"number": signal.SIGKILL}, Cause.SIGNAL, signal.SIGKILL),
        ("raise_error", {"text": "no way on"}, Cause.EXIT_CODE, 70),
    ],
)
async def test_every_end_has_its_cause(
    open_world: OpenWorld, harm: str, argument: dict[str, object], cause: Cause, code: int
) -> None:
    """Exit codes and signals are told as they were, with a sentence that names the host."""
    async with open_world() as world:
        process = await world.spawn_up()
        order(process, harm, **argument)
        end = await gone(process)
        assert (end.cause, end.code) == (cause, code)
        assert "host main" in end.reason
        if harm == "raise_error":
            assert "RuntimeError: no way on" in "\n".join(process.output.tail(40))


async def test_a_runtime_that_cannot_be_loaded_is_an_exit_with_the_reason(open_world: OpenWorld) -> None:
    """A wrong dotted name ends the host with code 70 and its traceback in the output."""
    async with open_world() as world:
        process = await world.launcher.spawn(make_spec(runtime="no_such_module:X"))
        assert (await gone(process)).code == 70
        assert "No module named 'no_such_module'" in "\n".join(process.output.tail(40))


async def test_sigterm_is_a_graceful_stop(open_world: OpenWorld) -> None:
    """A host that is terminated stops its runtime and exits with 0."""
    async with open_world() as world:
        process = await world.spawn_up()
        process.send_signal(signal.SIGTERM)
        end = await gone(process)
        assert (end.cause, end.code) == (Cause.EXIT_CODE, 0)


async def test_a_host_whose_channel_is_closed_leaves(open_world: OpenWorld) -> None:
    """End of file on the control channel ends the runtime."""
    async with open_world() as world:
        process = await world.spawn_up()
        process.channel.close()
        assert (await gone(process)).code == 0


async def test_any_number_of_tasks_may_wait_for_the_end(open_world: OpenWorld) -> None:
    """Waiters before and after the death get the same answer."""
    async with open_world() as world:
        process = await world.spawn_up()
        ends = []

        async def wait() -> None:
            ends.append(await gone(process))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            process.kill("over")
        await wait()
        assert len(ends) == 3
        assert len({*ends}) == 1
        process.kill("again")
        process.send_signal(signal.SIGTERM)


# --- spares -------------------------------------------------------------------------------------


async def _light_with_spare(world: World) -> ForkServerLink:
    (light,) = world.launcher.fork_servers
    await until(lambda: light.has_spare and len(world.children()) == 2)
    return light


async def test_a_spare_becomes_the_next_host(open_world: OpenWorld) -> None:
    """A process forked ahead is given its specification, and another takes its place."""
    async with open_world() as world:
        light = await _light_with_spare(world)
        waiting = world.children() - {light.pid}
        process = await world.spawn_up()
        assert process.pid in waiting
        assert process.way is Way.LIGHT
        assert await call(process, "tell", what="session") == process.pid
        assert await call(process, "tell", what="name") == "qt:main"
        await until(lambda: light.has_spare)
        order(process, "exit", code=4)
        assert (await gone(process)).code == 4


async def test_a_dead_spare_costs_nothing(open_world: OpenWorld) -> None:
    """When the spare has died unnoticed, the host is forked as if there had been none."""
    async with open_world() as world:
        light = await _light_with_spare(world)
        for pid in world.children() - {light.pid}:
            os.kill(pid, signal.SIGKILL)
            await until(lambda pid=pid: proc.is_dead(pid))
        process = await world.spawn_up()
        assert process.way is Way.LIGHT


async def test_a_spare_outlives_its_server(open_world: OpenWorld) -> None:
    """While the fork server is away its spare still serves once."""
    async with open_world() as world:
        light = await _light_with_spare(world)
        assert light.pid is not None
        os.kill(light.pid, signal.SIGKILL)
        await until(lambda: light.state is ForkServerState.AWAY)
        assert (await world.spawn_up()).way is Way.LIGHT


# --- fork servers that fail ---------------------------------------------------------------------


async def test_while_the_fork_server_is_away_hosts_start_cold(open_world: OpenWorld) -> None:
    """A killed fork server costs no host: the next starts cold, and later ones are forked again."""
    async with open_world() as world:
        (light,) = world.launcher.fork_servers
        assert await light.usable()
        bystander = await world.spawn_up("bystander", host_slot=1)
        assert light.pid is not None
        os.kill(light.pid, signal.SIGKILL)
        await until(lambda: light.state is ForkServerState.AWAY)
        process = await world.spawn_up()
        assert process.way is Way.COLD
        await until(lambda: light.state is ForkServerState.READY)
        process.kill("next")
        await gone(process)
        again = await world.spawn_up(incarnation=2)
        assert again.way is Way.LIGHT
        assert bystander.end is None
        assert any("light fork server died" in note for note in world.notes)


async def test_a_fork_server_found_dead_when_asked_is_replaced(open_world: OpenWorld) -> None:
    """Death that is noticed only by asking still gives a host."""
    async with open_world() as world:
        (light,) = world.launcher.fork_servers
        assert await light.usable()
        assert light.pid is not None
        os.kill(light.pid, signal.SIGKILL)
        process = await world.spawn_up()
        assert process.way is Way.COLD


async def test_a_stuck_fork_server_is_killed_and_the_host_started_cold(
    open_world: OpenWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not answer in time is not waited for."""
    monkeypatch.setattr("qtcore.hosts.fork_server_link.REPLY_WITHIN_S", 0.2)
    async with open_world() as world:
        (light,) = world.launcher.fork_servers
        assert await light.usable()
        stuck = light.pid
        assert stuck is not None
        os.kill(stuck, signal.SIGSTOP)
        process = await world.spawn_up()
        assert process.way is Way.COLD
        await until(lambda: light.state is ForkServerState.READY and light.pid != stuck)
        assert any("did not answer" in note for note in world.notes)


async def test_a_zygote_that_dies_is_made_again(open_world: OpenWorld) -> None:
    """Meanwhile its hosts come from the light server."""
    async with open_world(preload_sets=[PRELOAD]) as world:
        _, zygote = world.launcher.fork_servers
        assert await zygote.usable()
        assert zygote.pid is not None
        os.kill(zygote.pid, signal.SIGKILL)
        process = await world.spawn_up(preload=PRELOAD)
        assert process.way is Way.LIGHT
        await until(lambda: zygote.state is ForkServerState.READY)


@pytest.mark.parametrize(
    ("module", "reason"),
    [("no_such_module_here", "cannot be imported"), ("starts_a_thread", "starts threads"), ("leaves", "SystemExit")],
)
async def test_a_bad_preload_is_told_and_done_without(
    open_world: OpenWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, reason: str
) -> None:
    """A set that cannot be imported, or that starts threads, is named once; its hosts fork from the light server."""
    (tmp_path / "starts_a_thread.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    preload = ("decimal", module)
    async with open_world(preload_sets=[preload]) as world:
        process = await world.spawn_up(preload=preload)
        assert process.way is Way.LIGHT
        assert len(world.notes) == 1
        assert f"'{module}'" in world.notes[0]
        assert reason in world.notes[0]
        assert world.launcher.fork_servers[1].state is ForkServerState.UNUSABLE


async def test_a_warm_module_that_fails_is_only_noted(open_world: OpenWorld) -> None:
    """What would only have made hosts quicker is no reason not to have them."""
    async with open_world(warm=["no_such_module_here"]) as world:
        process = await world.spawn_up()
        assert process.way is Way.LIGHT
        assert "no_such_module_here" in world.notes[0]


# --- what hosts leave behind --------------------------------------------------------------------


async def test_children_of_a_host_die_with_it(open_world: OpenWorld) -> None:
    """Processes that a plugin started end when its host is killed, even in a group or session of their own."""
    async with open_world() as world:
        process = await world.spawn_up()
        child = await call(process, "start_child", own_group=False)
        grouped = await call(process, "start_child", own_group=True)
        apart = await call(process, "start_child", own_session=True)
        process.kill("over")
        await gone(process)
        await until(lambda: all(proc.is_dead(pid) for pid in (child, grouped, apart)))


async def test_orphans_of_a_living_host_are_reaped(open_world: OpenWorld) -> None:
    """A grandchild whose parent has ended is adopted, and leaves no corpse; the host's own status is not taken."""
    async with open_world() as world:
        process = await world.spawn_up()
        orphan = await call(process, "orphan_child")
        await until(lambda: not psutil.pid_exists(orphan))
        order(process, "exit", code=5)
        assert (await gone(process)).code == 5


async def test_own_children_of_the_supervisor_are_not_reaped(open_world: OpenWorld) -> None:
    """A subprocess that the supervisor started itself keeps its status for whoever waits for it."""
    async with open_world() as world:
        process = await world.spawn_up()
        own = subprocess.Popen([sys.executable, "-c", "raise SystemExit(9)"])  # noqa: ASYNC220
        await until(lambda: proc.is_dead(own.pid))
        world.launcher._orphans.reap_dead()
        process.kill("over")
        await gone(process)
        assert own.wait(5) == 9


async def test_closing_the_launcher_ends_everything(open_world: OpenWorld) -> None:
    """Hosts, fork servers and what hosts had started are gone when the block is left."""
    before = {*proc.children()}
    async with open_world(preload_sets=[PRELOAD]) as world:
        first = await world.spawn_up("first", preload=PRELOAD)
        await world.spawn_up("second", host_slot=1)
        child = await call(first, "start_child", own_group=True)
    assert {*proc.children()} == before
    assert proc.is_dead(child)
    assert first.end is not None


async def test_an_error_of_the_block_comes_out_as_it_is(open_world: OpenWorld) -> None:
    """The caller's own error is not wrapped, and hosts are ended all the same."""
    spawned = []

    async def fail_inside() -> None:
        async with open_world() as world:
            spawned.append(await world.spawn_up())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_inside()
    assert spawned[0].end is not None


SUPERVISOR = """
    import os, sys
    from pathlib import Path
    import anyio
    from tests.qtcore.hosts.world import make_spec
    from qtcore.hosts import proc
    from qtcore.hosts.board import Board
    from qtcore.hosts.launcher import Launcher

    async def main():
        board = Board.create(4, 0)
        async with Launcher(board, logs_dir=Path(sys.argv[1]), preload_sets=[("decimal",)], warm=()) as launcher:
            for slot, preload in enumerate([(), ("decimal",)]):
                process = await launcher.spawn(make_spec(f"h{slot}", host_slot=slot, preload=preload))
                await process.channel.receive()
            while not all(link.has_spare for link in launcher.fork_servers):
                await anyio.sleep(0.01)
            launcher._light.state = "away"
            launcher._light._spare, kept = None, launcher._light._spare
            cold = await launcher.spawn(make_spec("cold", host_slot=3))
            await cold.channel.receive()
            assert cold.way == "cold"
            print(*proc.children(), flush=True)
            await anyio.sleep_forever()

    anyio.run(main)
"""


@pytest.mark.parametrize("stopped", [False, True])
async def test_nothing_outlives_the_supervisor(tmp_path: Path, stopped: bool) -> None:
    """A supervisor killed by SIGKILL leaves no process after a second: host, spare, zygote, server, stopped or not."""
    command = [sys.executable, "-c", textwrap.dedent(SUPERVISOR), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:  # noqa: ASYNC220
        assert supervisor.stdout is not None
        pids = [int(word) for word in supervisor.stdout.readline().split()]
        if stopped:
            os.kill(pids[0], signal.SIGSTOP)
        supervisor.kill()
    assert len(pids) == 7  # three hosts, two fork servers, their two spares
    await until(lambda: all(proc.is_dead(pid) for pid in pids), within_s=1.0)


# --- output -------------------------------------------------------------------------------------


async def test_what_a_host_prints_is_kept(open_world: OpenWorld) -> None:
    """Output lands in the host's own file, readable by nobody else, across incarnations."""
    async with open_world() as world:
        for incarnation in (1, 2):
            process = await world.spawn_up(incarnation=incarnation)
            await call(process, "print_lines", lines=3, text=f"life {incarnation}")
            assert process.output.tail(2) == (f"life {incarnation}",) * 2
            process.kill("next")
            await gone(process)
        path = world.logs / "main.out"
        assert path.read_text().splitlines() == ["life 1"] * 3 + ["life 2"] * 3
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_a_flood_of_output_blocks_nobody_and_is_capped(open_world: OpenWorld) -> None:
    """A host may print more than the cap at any speed; the file is cut back and one older part kept."""
    async with open_world() as world:
        process = await world.spawn_up()
        process.output.cap_bytes = 100_000
        for _ in range(3):
            assert await call(process, "print_lines", lines=5_000, text="x" * 99) == 5_000
            await until(lambda: process.output.path.stat().st_size <= process.output.cap_bytes)
        await call(process, "print_lines", lines=1, text="the end")
        assert process.output.tail(1) == ("the end",)
        kept = process.output.path.with_name("main.out.1")
        assert 0 < kept.stat().st_size <= process.output.cap_bytes


async def test_a_host_runs_though_its_output_cannot_be_kept(open_world: OpenWorld) -> None:
    """A logs folder that cannot be written costs the output, not the host."""
    async with open_world() as world:
        (world.logs / "main.out").mkdir(parents=True)
        process = await world.spawn_up()
        assert process.end is None
        assert any("output of main is lost" in note for note in world.notes)


async def test_fork_servers_speak_into_the_logs(open_world: OpenWorld) -> None:
    """What an import prints is not lost."""
    async with open_world() as world:
        await world.spawn_up()
        assert (world.logs / f"{FORK_SERVER_OUTPUT}.out").exists()


# --- what a fork must be able to do -------------------------------------------------------------


@pytest.mark.slow
async def test_a_child_of_the_ccxt_zygote_works(open_world: OpenWorld) -> None:
    """A host forked from imported ccxt opens HTTP sessions and uses the client: fork, then work."""
    pytest.importorskip("ccxt")
    preload = ("ccxt.pro",)
    async with open_world(preload_sets=[preload]) as world:
        process = await world.spawn_up(preload=preload)
        assert process.way is Way.ZYGOTE
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - no database here
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listener.serve, _answer_http)
                assert await call(process, "fetch", url=f"http://127.0.0.1:{port}/") == 200
                assert await call(process, "use_ccxt") == "binanceusdm"
                tasks.cancel_scope.cancel()


async def _answer_http(stream: anyio.abc.SocketStream) -> None:
    async with stream:
        await stream.receive()
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
