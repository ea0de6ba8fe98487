"""A paper venue as a real process in lockstep, and helpers to follow it."""

from __future__ import annotations

import http.client
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
REPLY_S = STOP_S = 10.0


class VenueProcess:
    """`python -m plugins.paper_exchange` on a free port; time moves only when it is advanced."""

    def __init__(self, home: Path, *more: str) -> None:
        self._command = [sys.executable, "-m", "plugins.paper_exchange", "--home", str(home), *more]
        self._start(0)

    def _start(self, port: int) -> None:
        command = [*self._command, "--port", str(port)]
        self.child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.child.stdout is not None
        self.url = next(line.split()[-1] for line in self.child.stdout if "http://" in line)

    def kill_and_start(self) -> None:
        """kill -9, and the same venue again at the same address."""
        self.close()
        self._start(int(self.url.rpartition(":")[2]))

    def ask(self, method: str, path: str, body: str | None = None) -> Any:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=REPLY_S)
        try:
            connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"})
            return json.load(connection.getresponse())
        finally:
            connection.close()

    def advance(self, bars: int) -> None:
        self.ask("POST", "/qt/v1/advance", f"bars={bars}")

    @property
    def market_now(self) -> datetime:
        return datetime.fromtimestamp(self.ask("GET", "/qt/v1/clock")["market_ms"] / 1000, UTC)

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait(STOP_S)
        assert self.child.stdout is not None
        self.child.stdout.close()


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    process = VenueProcess(
        tmp_path / "venue", "--market", "simulated:seed=3", "--speed", "lockstep", "--symbols", "BTCUSDT,ETHUSDT"
    )
    yield process
    process.close()


@pytest.fixture
def odd() -> ModuleType:
    """The module `odd_venue`; tests are not a package, so it is loaded by its path."""
    path = Path(__file__).with_name("odd_venue.py")
    specification = importlib.util.spec_from_file_location("feed_odd_venue", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    return module
