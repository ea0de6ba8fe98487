"""Latency between two host processes: publish to delivery, and call to answer.

    python benchmarks/messaging_latency.py [--messages 5000] [--pause-us 500]

Both ends read CLOCK_MONOTONIC, which processes of one boot share; a message carries its send time.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtcore import topic
from qtcore.control.host_message import Peer
from qtcore.messaging.bus import Bus
from qtcore.messaging.calls import CallDesk, Caller
from qtcore.messaging.clock import RealClock
from qtcore.messaging.envelope import Envelope
from qtcore.messaging.mailbox import Mailbox
from qtcore.messaging.network import Network

WARM_UP = 200


@topic()
@dataclass(frozen=True, slots=True)
class Stamp:
    n: int
    sent_ns: int
    symbol: str = "BTC/USDT:USDT"
    close: str = "61234.5"


class Echo:
    def has_effect(self, action: str) -> bool:
        return action != "echo"

    async def answer(self, action: str, call: Envelope) -> Any:
        return {"action": action, "body": call.body}


def host(name: str, run_dir: Path) -> tuple[Bus, CallDesk, Network]:
    bus = Bus(RealClock())
    desk = CallDesk(RealClock())
    return bus, desk, Network(host=name, run_dir=run_dir, bus=bus, desk=desk, complain=print)


async def far(run_dir: Path, messages: int, pause_s: float) -> None:
    """Publish stamps once the reader has subscribed; answer calls until killed."""
    bus, desk, network = host("far", run_dir)
    desk.open("far", Echo())
    async with network:
        print("up", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        for n in range(messages):
            bus.publish("far", 1, Stamp(n, time.monotonic_ns()))
            await asyncio.sleep(pause_s)
        await asyncio.Event().wait()


async def near(run_dir: Path, messages: int, process: subprocess.Popen[bytes]) -> None:
    bus, desk, network = host("near", run_dir)
    async with network:
        network.set_peers([peer_of(run_dir)])
        bus.declare(Stamp)
        network.follow(Stamp)
        mailbox = Mailbox(["Stamp"], gaps=False, limit=100_000, now=bus.clock.now)
        bus.attach(mailbox)
        await network.settled(["Stamp"])
        await calls(desk)
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
        taken = []
        for _ in range(messages):
            stamp = await anext(mailbox)
            taken.append(time.monotonic_ns() - stamp.sent_ns)
        show("publish to delivery", taken[WARM_UP:])
        print(f"missed: {mailbox.missed}")


async def calls(desk: CallDesk) -> None:
    taken = []
    for n in range(2000):
        began = time.monotonic_ns()
        await desk.call(Caller("near", 1), "far.echo", {"n": n}, timeout_s=5, key=None)
        taken.append(time.monotonic_ns() - began)
    show("call to answer", taken[WARM_UP:])


def peer_of(run_dir: Path) -> Peer:
    return Peer(
        host="far",
        publisher=f"ipc://{run_dir}/far.pub",
        router=f"ipc://{run_dir}/far.rpc",
        plugins=("far",),
        writes={"Stamp": ("far",)},
    )


def show(what: str, taken_ns: list[int]) -> None:
    ordered = sorted(taken_ns)
    p50, p99 = (ordered[int(len(ordered) * share)] / 1e6 for share in (0.5, 0.99))
    print(f"{what:20}  p50 {p50:6.3f} ms   p99 {p99:6.3f} ms   n {len(ordered)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--pause-us", type=float, default=500.0)
    parser.add_argument("--far", type=Path)
    arguments = parser.parse_args()
    if arguments.far:
        asyncio.run(far(arguments.far, arguments.messages, arguments.pause_us / 1e6))
        return
    with tempfile.TemporaryDirectory(prefix="qt-bench-") as folder:
        command = [sys.executable, __file__, "--far", folder]
        command += ["--messages", str(arguments.messages), "--pause-us", str(arguments.pause_us)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            asyncio.run(near(Path(folder), arguments.messages, process))
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
