"""A real venue process, the door in the harness, and a raw client that shares no code with either."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from queue import Queue
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest

from plugins.domain import Mode, VenueAddress
from plugins.exchange import ExchangePlugin
from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.ledger.ledger import Ledger
from plugins.paper_exchange.market.opening import open_market
from plugins.paper_exchange.play.clock import parse_speed
from plugins.paper_exchange.server.app import ServerSettings, VenueServer
from plugins.paper_exchange.venue import Venue
from qtcore.testing import Harness, Plug, harness

ROOT = Path(__file__).resolve().parents[3]
START_S = 30.0


@dataclass
class RawVenue:
    """The venue as curl would see it."""

    origin: str

    def get(self, path: str, **params: Any) -> Any:
        """A public request."""
        return self._open("GET", f"{self.origin}{path}?{urlencode(params)}")

    def signed(self, method: str, path: str, **params: Any) -> Any:
        """A signed request, by the venue's documentation."""
        query = urlencode({**params, "timestamp": int(time.time() * 1000), "recvWindow": 5000})
        signature = hmac.new(b"paper-secret", query.encode(), hashlib.sha256).hexdigest()
        return self._open(method, f"{self.origin}{path}?{query}&signature={signature}")

    def _open(self, method: str, url: str) -> Any:
        request = urllib.request.Request(url, method=method, headers={"X-MBX-APIKEY": "paper-key"})  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read())

    def fault(self, kind: str, **more: Any) -> None:
        """Let the venue misbehave."""
        document = json.dumps({"kind": kind} | more).encode()
        asked = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.origin}/qt/v1/faults", document, {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(asked, timeout=10):  # noqa: S310 - loopback
            pass

    def clear_faults(self) -> None:
        """Let it behave again."""
        self._open("DELETE", f"{self.origin}/qt/v1/faults")

    def advance(self, bars: int = 1) -> None:
        """Let market time pass."""
        self._open("POST", f"{self.origin}/qt/v1/advance?bars={bars}")

    def mark(self, symbol: str) -> Decimal:
        return Decimal(self.get("/fapi/v1/premiumIndex", symbol=symbol)["markPrice"])

    def position(self, symbol: str) -> Decimal:
        rows = self.signed("GET", "/fapi/v3/positionRisk", symbol=symbol)
        return sum((Decimal(row["positionAmt"]) for row in rows), Decimal(0))

    def stops(self, symbol: str) -> list[dict[str, Any]]:
        return list(self.signed("GET", "/fapi/v1/openAlgoOrders", symbol=symbol))

    def trades(self, symbol: str) -> list[dict[str, Any]]:
        return list(self.signed("GET", "/fapi/v1/userTrades", symbol=symbol, fromId=0, limit=1000))

    def order_by_hand(self, symbol: str, side: str, quantity: str, **more: Any) -> Any:
        """What somebody else on the account does; a market order unless `more` says otherwise."""
        order = {"symbol": symbol, "side": side, "type": "MARKET", "quantity": quantity} | more
        return self.signed("POST", "/fapi/v1/order", **order)


async def _serve(home: Path, started: Queue[str], ended: threading.Event, **settings: Any) -> None:
    source = open_market("simulated:seed=3", symbols=["BTCUSDT", "ETHUSDT"])
    ledger = Ledger(home)
    try:
        venue = Venue(source, ledger, economics=Economics(start_balance=Decimal(10_000)), speed=parse_speed("lockstep"))
        server = VenueServer(venue, ServerSettings(port=0, **settings))
        await server.start()
        started.put(server.url)
        running = asyncio.create_task(server.run())
        await asyncio.to_thread(ended.wait)
        running.cancel()
        await asyncio.wait({running})
        await server.stop()
    finally:
        ledger.close()


@pytest.fixture
def venue(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RawVenue]:
    """The venue in a thread of its own, in lockstep; server settings by indirect parameters."""
    started: Queue[str] = Queue()
    ended = threading.Event()
    settings = getattr(request, "param", {})
    serving = _serve(tmp_path / "venue", started, ended, **settings)
    thread = threading.Thread(target=asyncio.run, args=(serving,), name="venue")
    thread.start()
    try:
        yield RawVenue(started.get(timeout=START_S))
    finally:
        ended.set()
        thread.join(10)


@dataclass
class VenueProcess(RawVenue):
    """The venue as a process that can be killed."""

    process: subprocess.Popen[str]
    home: Path

    def kill(self) -> None:
        """SIGKILL, as a power cut."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def restart(self) -> None:
        """Start it again on the same port and ledger."""
        self.process, self.origin = _launch(self.home, self.origin.rsplit(":", 1)[1])


def _launch(home: Path, port: str) -> tuple[subprocess.Popen[str], str]:
    market = ["--market", "simulated:seed=3", "--speed", "lockstep", "--symbols", "BTCUSDT,ETHUSDT"]
    command = [sys.executable, "-m", "plugins.paper_exchange", "--home", str(home), "--port", port, *market]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    assert process.stdout is not None
    for line in process.stdout:
        if "address" in line:
            return process, line.split()[1]
    raise AssertionError(f"the venue did not start, code {process.wait()}")


@pytest.fixture
def venue_process(tmp_path: Path) -> Iterator[VenueProcess]:
    process, origin = _launch(tmp_path / "venue", "0")
    running = VenueProcess(origin, process, tmp_path / "venue")
    try:
        yield running
    finally:
        running.kill()


@pytest.fixture
def lossy() -> ModuleType:
    """The module `lossy_wire`; tests are not a package, so it is loaded by its path."""
    path = Path(__file__).with_name("lossy_wire.py")
    specification = importlib.util.spec_from_file_location("exchange_lossy_wire", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    return module


@asynccontextmanager
async def _open_door(origin: str, home: Path, **settings: Any) -> AsyncIterator[Harness]:
    """The exchange plugin, ready, against a venue."""
    plug = Plug(ExchangePlugin, "exchange", settings=settings)
    async with harness(plug, home=home, timers=False) as h:
        h.on_call("risk_guard.approve", lambda _: {"approved": True, "reason": "within all limits"})
        await h.publish(VenueAddress(Mode.PAPER, origin, "test"))
        await h.ready("exchange")
        yield h


@pytest.fixture(name="open_door")
def open_door_fixture() -> Callable[..., AbstractAsyncContextManager[Harness]]:
    """Open a door to any origin: `async with open_door(origin, home, **settings)`."""
    return _open_door


@pytest.fixture
async def door(venue: RawVenue, tmp_path: Path) -> AsyncIterator[Harness]:
    """The door, open to `venue`."""
    async with _open_door(venue.origin, tmp_path / "home") as h:
        yield h
