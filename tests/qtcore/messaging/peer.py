"""A second host in a process of its own: does what it is told on standard input, one JSON line at a time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from qtcore import ClockMap, Gap, topic
from qtcore.control.host_message import Peer
from qtcore.errors import CallFailed
from qtcore.messaging.bus import Bus
from qtcore.messaging.calls import CallDesk
from qtcore.messaging.clock import RealClock
from qtcore.messaging.envelope import Envelope
from qtcore.messaging.mailbox import Mailbox
from qtcore.messaging.network import Network


@topic()
@dataclass(frozen=True, slots=True)
class Tick:
    symbol: str
    price: Decimal
    padding: str = ""


@topic()
@dataclass(frozen=True, slots=True)
class Drip:
    n: int
    padding: str


@topic(retained=True, key="symbol")
@dataclass(frozen=True, slots=True)
class Level:
    symbol: str
    level: int


@topic(expires_s=5.0)
@dataclass(frozen=True, slots=True)
class Brief:
    n: int


class Desk:
    """The actions of plugin `far`."""

    def __init__(self) -> None:
        self.runs = 0
        self.seen = 0
        self.missing = 0

    def has_effect(self, action: str) -> bool:
        return action == "count"

    async def answer(self, action: str, call: Envelope) -> Any:
        match action:
            case "echo":
                return call.body
            case "count":
                self.runs += 1
                return {"runs": self.runs, "pid": os.getpid(), "traceparent": call.traceparent}
            case "raise":
                raise KeyError("missing thing")
            case "refuse":
                raise CallFailed("not now", error_type="Busy")
            case "hang":
                await asyncio.Event().wait()
            case "counts":
                return {"seen": self.seen, "missing": self.missing}
            case "big":
                return "x" * 5_000_000
        raise CallFailed(f"no {action}", error_type="UnknownAction")


async def main(run_dir: Path, generation: int) -> None:
    clock = RealClock()
    bus, desk = Bus(clock), CallDesk(clock)
    loop = asyncio.get_running_loop()
    async with Network(host="far_host", run_dir=run_dir, bus=bus, desk=desk, complain=say_complaint) as network:
        answers = Desk()
        desk.open("far", answers)
        reading = loop.create_task(read(bus, network, run_dir, answers))
        say(up=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            obey(bus, generation, **json.loads(line))
        reading.cancel()


async def read(bus: Bus, network: Network, run_dir: Path, counts: Desk) -> None:
    """Read what the near host publishes on its own topic, and count."""
    near = Peer(
        host="near_host",
        publisher=f"ipc://{run_dir}/near_host.pub",
        router=f"ipc://{run_dir}/near_host.rpc",
        plugins=("near",),
        writes={"Drip": ("near",)},
    )
    network.set_peers([near])
    bus.declare(Drip)
    network.follow(Drip)
    mailbox = Mailbox(["Drip"], gaps=True, limit=100, now=bus.clock.now)
    bus.attach(mailbox)
    async for item in mailbox:
        if isinstance(item, Gap):
            counts.missing += item.missing
        else:
            counts.seen += 1


def obey(bus: Bus, generation: int, op: str, **given: Any) -> None:
    match op:
        case "ticks":
            for n in range(given["first"], given["last"] + 1):
                bus.publish("far", generation, Tick("BTC", Decimal(n)))
        case "lose":
            lost = bus.wire
            bus.wire = None
            bus.publish("far", generation, Tick("BTC", Decimal(0)))
            bus.wire = lost
        case "level":
            bus.publish("far", generation, Level(given["symbol"], given["level"]))
        case "clock":
            bus.publish("far", generation, ClockMap(given["m0_ms"], given["real0_ns"], given["speed"]))
        case "brief":
            bus.publish("far", generation, Brief(given["n"]))
    say(done=op)


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def say_complaint(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
