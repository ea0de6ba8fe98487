"""kill -9 of a host process to its successor: first beat, and first word on the control channel.

    python benchmarks/host_latency.py [--rounds 200] [--cold-rounds 20]

`light`: forked from the light fork server; `ccxt`: from a zygote with ccxt.pro imported; `again and
again`: killed 20 ms after it was up, before the next spare was forked; `cold`: started by exec. Floors
of this machine, in the same run: os.fork of this program until the child's first instruction, and fork
and exec of `python -I -S -c pass` until it exits. Then how soon a blocked loop is noticed after its
limit, and what the watch itself costs at rest.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio

from qtcore.control.host_message import HostUp, StopHost, ToHost, ToSupervisor
from qtcore.hosts.board import Board
from qtcore.hosts.launcher import Launcher
from qtcore.hosts.process import HostProcess
from qtcore.hosts.spec import HostSpec
from qtcore.hosts.watch import HeartbeatWatch, Limits, Sighting

HERE = Path(__file__).resolve().parent
CCXT = ("ccxt.pro",)


class BareRuntime:
    """Says that it is up, and blocks its loop when told to stop."""

    def __init__(self, *, host: str, send: Callable[[ToSupervisor], None], **_: object) -> None:
        self.host = host
        self.send = send

    async def run(self, messages: AsyncIterator[ToHost]) -> None:
        self.send(HostUp(host=self.host, pid=os.getpid(), publisher="", router=""))
        async for message in messages:
            if isinstance(message, StopHost):
                time.sleep(60)  # noqa: ASYNC251 - the fault whose detection is timed


def spec(incarnation: int, *, preload: tuple[str, ...] = (), slot: int = 0, limit_s: float = 1.0) -> HostSpec:
    return HostSpec(
        host=f"bench{slot}",
        incarnation=incarnation,
        application="benchmark",
        mode="none",
        home=Path("/nowhere"),
        run_dir=Path("/nowhere"),
        host_slot=slot,
        preload=preload,
        loop_limit_s=limit_s,
        import_path=(HERE,),
        supervisor_pid=os.getpid(),
        runtime="host_latency:BareRuntime",
    )


def quantiles(name: str, values_ms: list[float]) -> None:
    ordered = sorted(values_ms)
    p50, p99 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.99))
    print(f"{name:56} n {len(ordered):4}  p50 {p50:7.2f}  p99 {p99:7.2f}  max {ordered[-1]:7.2f} ms", flush=True)


async def up(launcher: Launcher, incarnation: int, preload: tuple[str, ...] = ()) -> HostProcess:
    process = await launcher.spawn(spec(incarnation, preload=preload))
    await process.channel.receive()
    return process


async def recoveries(
    launcher: Launcher, board: Board, name: str, rounds: int, *, preload: tuple[str, ...] = (), spare: bool = False
) -> None:
    gone, beat, spoke = [], [], []
    process = await up(launcher, 1, preload)
    for incarnation in range(2, rounds + 2):
        while spare and not all(link.has_spare for link in launcher.fork_servers):  # noqa: ASYNC110
            await anyio.sleep(0.01)
        await anyio.sleep(0.02)
        killed_ns = time.monotonic_ns()
        os.kill(process.pid, signal.SIGKILL)
        await process.wait_gone()
        gone.append((time.monotonic_ns() - killed_ns) / 1e6)
        process = await up(launcher, incarnation, preload)
        spoke.append((time.monotonic_ns() - killed_ns) / 1e6)
        beat.append((board.thread_beat(0) - killed_ns) / 1e6)
    process.kill("the round is over")
    await process.wait_gone()
    quantiles(f"{name}: killed -> proven dead", gone)
    quantiles(f"{name}: killed -> successor's first beat", beat)
    quantiles(f"{name}: killed -> successor's first word", spoke)


async def detection(launcher: Launcher, board: Board, rounds: int, limit_s: float) -> None:
    late = []
    for incarnation in range(1, rounds + 1):
        seen, sightings = anyio.create_memory_object_stream[Sighting](1)
        process = await launcher.spawn(spec(incarnation, slot=1, limit_s=limit_s))
        await process.channel.receive()
        watch = HeartbeatWatch(board, seen.send_nowait)
        watch.add(process.host, incarnation, process.pid, 1, Limits.of(limit_s, 30))
        watch.set_loading(process.host, False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch.run)
            await anyio.sleep(0.2)
            process.channel.send(StopHost(reason="block", grace_s=1))
            sighting = await sightings.receive()
            late.append((time.monotonic_ns() - board.loop_beat(1)) / 1e6 - limit_s * 1000)
            tasks.cancel_scope.cancel()
        assert sighting.verdict.value == "loop_blocked"
        process.kill("the round is over")
        await process.wait_gone()
        seen.close()
        sightings.close()
    quantiles(f"blocked loop: noticed after its {limit_s:g} s limit by", late)


async def cost_of_watching(launcher: Launcher, board: Board, hosts: int, seconds: float) -> None:
    watch = HeartbeatWatch(board, lambda sighting: print(f"unexpected: {sighting.sentence}"))
    processes = []
    for slot in range(2, 2 + hosts):
        process = await launcher.spawn(spec(1, slot=slot))
        await process.channel.receive()
        watch.add(process.host, 1, process.pid, slot, Limits.of(1.0, 30))
        watch.set_loading(process.host, False)
        processes.append(process)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch.run)
        await anyio.sleep(1)
        before = time.process_time()
        await anyio.sleep(seconds)
        share = (time.process_time() - before) / seconds
        tasks.cancel_scope.cancel()
    print(
        f"watching {hosts} hosts, and keeping house{'':20}                      {share * 100:7.3f} % of a core",
        flush=True,
    )
    for process in processes:
        process.kill("the round is over")
        await process.wait_gone()


def floors(rounds: int) -> None:
    forked = []
    for _ in range(rounds):
        read_end, write_end = os.pipe()
        begun = time.monotonic_ns()
        if os.fork() == 0:
            os.write(write_end, time.monotonic_ns().to_bytes(8, "little"))
            os._exit(0)
        forked.append((int.from_bytes(os.read(read_end, 8), "little") - begun) / 1e6)
        os.wait()
        os.close(read_end)
        os.close(write_end)
    quantiles("floor: os.fork -> child's first instruction", forked)
    executed = []
    for _ in range(rounds // 4):
        begun = time.monotonic_ns()
        subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
        executed.append((time.monotonic_ns() - begun) / 1e6)
    quantiles("floor: python -I -S -c pass", executed)


async def measure(options: argparse.Namespace) -> None:
    board = Board.create(16, 0)
    with tempfile.TemporaryDirectory() as folder:
        launcher = Launcher(board, logs_dir=Path(folder), preload_sets=[CCXT], warm=["host_latency"], note=print)
        async with launcher:
            for spare, how in ((True, ""), (False, ", again and again")):
                await recoveries(launcher, board, f"light{how}", options.rounds, spare=spare)
                await recoveries(launcher, board, f"ccxt{how}", options.rounds, preload=CCXT, spare=spare)
            await detection(launcher, board, options.cold_rounds, 0.5)
            await cost_of_watching(launcher, board, 6, options.rest)
        launcher = Launcher(board, logs_dir=Path(folder))
        launcher._start_fork_servers = lambda: None  # type: ignore[method-assign] # noqa: SLF001 - only cold starts
        async with launcher:
            await recoveries(launcher, board, "cold", options.cold_rounds)
    board.close()


def main() -> None:
    """Print one row for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--cold-rounds", type=int, default=20)
    parser.add_argument("--rest", type=float, default=20.0, help="seconds over which the watch's cost is taken")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}")
    floors(options.rounds)
    os.environ["PYTHONPATH"] = str(HERE)  # fork servers import this module ahead, as they do the real runtime
    anyio.run(measure, options)


if __name__ == "__main__":
    main()
