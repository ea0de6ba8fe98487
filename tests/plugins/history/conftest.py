"""A paper venue as a real process in lockstep."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import Mode, VenueAddress

ROOT = Path(__file__).resolve().parents[3]


class Venue:
    """`python -m plugins.paper_exchange` on a free port; time moves only when it is advanced."""

    def __init__(self, home: Path, market: str) -> None:
        command = [sys.executable, "-m", "plugins.paper_exchange", "--home", str(home), "--port", "0"]
        command += ["--market", market, "--speed", "lockstep", "--symbols", "BTCUSDT,ETHUSDT"]
        self.market = market
        self.child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.child.stdout is not None
        self.url = next(line.split()[-1] for line in self.child.stdout if "http://" in line)

    def ask(self, method: str, path: str, body: str | None = None) -> Any:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)
        try:
            connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"})
            return json.load(connection.getresponse())
        finally:
            connection.close()

    def advance(self, bars: int) -> None:
        self.ask("POST", "/qt/v1/advance", f"bars={bars}")

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.ask("GET", "/qt/v1/clock")["market_ms"] / 1000, UTC)

    @property
    def address(self) -> VenueAddress:
        return VenueAddress(Mode.PAPER, self.url, f"market {self.market}, lockstep")

    def klines(self, symbol: str) -> list[list[Any]]:
        """Closed candles as the venue tells them, read without anything of ours."""
        return list(self.ask("GET", f"/fapi/v1/klines?symbol={symbol}&interval=1m&limit=1500"))

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait(10)
        assert self.child.stdout is not None
        self.child.stdout.close()


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    process = Venue(tmp_path / "venue", "simulated:seed=3")
    yield process
    process.close()
