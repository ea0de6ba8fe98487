"""A real supervisor for benchmarks: started as a user would, watched through its journal."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class Running:
    """One supervisor and its home."""

    home: Path
    process: subprocess.Popen[bytes]

    def events(self, since: int, kind: str) -> list[dict[str, Any]]:
        """Journal entries of one kind after `since`."""
        with sqlite3.connect(f"file:{self.home / 'journal.db'}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute("SELECT * FROM events WHERE seq > ? AND kind = ? ORDER BY seq", (since, kind))
            return [dict(row) for row in rows]

    def since(self, seq: int) -> list[dict[str, Any]]:
        """All journal entries after `seq`."""
        with sqlite3.connect(f"file:{self.home / 'journal.db'}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM events WHERE seq > ? ORDER BY seq", (seq,))]

    def last_seq(self) -> int:
        """The newest entry."""
        with sqlite3.connect(f"file:{self.home / 'journal.db'}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT max(seq) FROM events").fetchone()[0] or 0)

    def state(self, plugin: str) -> dict[str, Any]:
        """A plugin's state file."""
        path = self.home / "state" / f"{plugin}.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def plugins(self) -> list[str]:
        """Every plugin that has a state file."""
        return sorted(path.stem for path in (self.home / "state").glob("*.json"))

    def hosts(self) -> dict[str, list[str]]:
        """The plugins of each host."""
        found: dict[str, list[str]] = {}
        for plugin in self.plugins():
            found.setdefault(self.state(plugin)["host"], []).append(plugin)
        return found

    def wait_all_running(self, within_s: float = 120.0) -> None:
        """Until the supervisor has begun and every plugin runs."""
        end = time.monotonic() + within_s
        while not self.plugins() and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.05)
        time.sleep(0.5)
        self.wait_running(self.plugins(), within_s)

    def wait_running(self, plugins: list[str], within_s: float = 60.0) -> None:
        """Until every named plugin runs."""
        end = time.monotonic() + within_s
        while any(self.state(plugin).get("lifecycle") != "running" for plugin in plugins):
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"{plugins} did not come up:\n{(self.home.parent / 'out').read_text()[-3000:]}")
            time.sleep(0.05)

    def running_at(self, plugin: str, since: int, within_s: float = 60.0) -> float:
        """Monotonic seconds of the plugin's next transition to running after entry `since`."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            for row in self.events(since, "transition"):
                if row["plugin"] == plugin and json.loads(row["details"])["after"] == "running":
                    return float(row["monotonic_s"])
            time.sleep(0.01)
        raise SystemExit(f"{plugin} did not come back on {self.home}")


@contextmanager
def supervisor(configuration: Path, *arguments: str, env: dict[str, str] | None = None) -> Iterator[Running]:
    """`qt up --headless` on a scratch home; stopped in order at the end."""
    with tempfile.TemporaryDirectory(prefix="qt-bench-") as folder:
        home = Path(folder) / "home"
        command = [sys.executable, "-m", "qtcore.cli.main", "up", "--headless", "--config", str(configuration)]
        process = subprocess.Popen(
            [*command, "--home", str(home), *arguments],
            cwd=configuration.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=(Path(folder) / "out").open("wb"),
            stderr=subprocess.STDOUT,
        )
        try:
            yield Running(home, process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def quantile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def quantiles(values: list[float]) -> str:
    """`p50 … p99 … max` of milliseconds."""
    named = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}
    figures = "  ".join(f"{name} {quantile(values, share):6.1f}" for name, share in named.items())
    return f"n {len(values):4d}  {figures} ms"
