"""A real `qt up` in a process of its own, watched from outside: its journal, its state files, the process table.

Imports nothing of the project. Times are `time.monotonic()`, the clock that the journal's entries carry too.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import yaml

ROOT = Path(__file__).resolve().parents[1]
QT = (sys.executable, "-m", "qtcore.cli.main")
PATIENCE_S = 60.0
STOP_S = 45.0
LOOK_EVERY_S = 0.01

DRILLS: dict[str, dict[str, Any]] = {
    "sleeper": {"use": "qtcore.testing.faults:BlocksLoop", "host": "main"},
    "grabber": {"use": "qtcore.testing.faults:HoldsGil", "host": "models"},
    "crasher": {
        "use": "qtcore.testing.faults:CrashOnStart",
        "host": "drill",
        "enabled": False,
        "restart": {"base_s": 0.1, "cap_s": 1.0},
    },
    "bystander": {"use": "qtcore.testing.faults:Healthy", "host": "drill"},
}
"""Plugins added for the rehearsal: when told, one blocks the loop of `main` and one holds the interpreter lock of
`models`; one raises on every start."""

ROOM_FOR_JUDGES = {
    "QT_PAPER_EXCHANGE__WEIGHT_LIMIT_1M": "240000",
    "QT_FEED__WEIGHT_CEILING": "200000",
}
"""The venue counts requests by address, so judges who read all books after each blow would starve the trader."""

T = TypeVar("T")


class NotSeen(AssertionError):
    """Something that had to happen did not happen in time."""


@dataclass(frozen=True)
class Entry:
    """One entry of the journal."""

    seq: int
    at_s: float
    kind: str
    reason: str
    plugin: str | None
    host: str | None
    generation: int | None
    cause: str | None
    details: dict[str, Any]


@dataclass(frozen=True)
class Tenant:
    """Where a plugin lives now, as its state file says."""

    host: str
    pid: int | None
    generation: int
    lifecycle: str
    status: str


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Night:
    """One home, on which `qt up` is started, hurt and started again."""

    def __init__(
        self,
        folder: Path,
        *,
        market: str,
        speed: str,
        drills: Mapping[str, dict[str, Any]] | None = None,
        host_restart: Mapping[str, float] | None = None,
        judged: bool = False,
    ) -> None:
        self.folder = folder
        self._judged = judged
        self.home = folder / "var"
        self.port = free_port()
        self._options = ("--market", market, "--speed", speed)
        written: dict[str, Any] = yaml.safe_load((ROOT / "plugins.yaml").read_text())
        for name, section in (drills or {}).items():
            written["plugins"][name] = section
            written["hosts"].setdefault(section["host"], {})
        for section in written["hosts"].values():
            section.update({"restart": dict(host_restart)} if host_restart else {})
        self._plugins: dict[str, dict[str, Any]] = written["plugins"]
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "plugins.yaml"
        self._config.write_text(yaml.safe_dump(written, sort_keys=False))
        self._process: subprocess.Popen[bytes] | None = None
        self.begun_s = 0.0

    @property
    def venue(self) -> str:
        """Where the venue's REST answers."""
        return f"http://127.0.0.1:{self.port}"

    # --- its life ------------------------------------------------------------------------------

    def begin(self, *options: str) -> None:
        """Start `qt up` and return at once."""
        words = [*QT, "up", "--headless", "--config", str(self._config), "--home", str(self.home), *self._options]
        with (self.folder / "output.txt").open("ab") as output:
            self.begun_s = time.monotonic()
            self._process = subprocess.Popen(
                [*words, *options],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def end(self) -> int | None:
        """Ask for an orderly stop; the exit code, or None when nothing ran."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)
            raise
        finally:
            self._process = None

    def wait(self, within_s: float) -> int:
        """Wait until it ends by itself; the exit code."""
        if self._process is None:
            raise NotSeen("nothing runs")
        code = self._process.wait(within_s)
        self._process = None
        return code

    def processes(self) -> list[psutil.Process]:
        """The supervisor and everything under it; hosts are its children, wherever they were forked."""
        if self._process is None:
            return []
        supervisor = psutil.Process(self._process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def kill_supervisor(self) -> None:
        """SIGKILL it and reap it."""
        if self._process is None:
            raise NotSeen("nothing runs")
        self._process.kill()
        self._process.wait(STOP_S)
        self._process = None

    def qt(self, *words: str, within_s: float = 30.0) -> subprocess.CompletedProcess[str]:
        """Run `qt` on this home, as a person would."""
        return subprocess.run(
            [*QT, *words, "--home", str(self.home)],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        port = {"QT_PAPER_EXCHANGE__PORT": str(self.port)}
        return {**os.environ, "PYTHONPATH": str(ROOT), **port, **(ROOM_FOR_JUDGES if self._judged else {})}

    # --- what is to be seen ------------------------------------------------------------------

    @property
    def hosts(self) -> dict[str, tuple[str, ...]]:
        """The enabled plugins of each host, as configured."""
        found: dict[str, tuple[str, ...]] = {}
        for name, section in self._plugins.items():
            if section.get("enabled", True):
                host = section.get("host", "main")
                found[host] = (*found.get(host, ()), name)
        return found

    def dependents(self, plugins: Sequence[str]) -> set[str]:
        """Plugins that `need` one of these, directly or not: they are paused with them, as declared."""
        found = set(plugins)
        while True:
            more = {name for name, section in self._plugins.items() if found & set(section.get("needs", ()))}
            if more <= found:
                return found - set(plugins)
            found |= more

    def tenants(self) -> dict[str, Tenant]:
        """Each plugin's state file; what is being replaced is read again."""
        return {path.stem: _tenant(path) for path in sorted((self.home / "state").glob("*.json"))}

    def journal(self, after: int = 0) -> list[Entry]:
        """Entries beyond `after`, oldest first; none while there is no journal."""
        path = self.home / "journal.db"
        if not path.exists():
            return []
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
                rows = connection.execute(
                    "SELECT seq, monotonic_s, kind, reason, plugin, host, generation, cause, details"
                    " FROM events WHERE seq > ? ORDER BY seq",
                    (after,),
                ).fetchall()
        except sqlite3.OperationalError:  # it is being created
            return []
        return [Entry(*(*rest, json.loads(details) if details else {})) for *rest, details in rows]

    def last_seq(self) -> int:
        """The number of the newest entry."""
        entries = self.journal()
        return entries[-1].seq if entries else 0

    def is_running(self, plugins: Sequence[str]) -> bool:
        """Whether all of these are running."""
        now = self.tenants()
        return all(name in now and now[name].lifecycle == "running" for name in plugins)

    def until_running(self, plugins: Sequence[str] | None = None, within_s: float = PATIENCE_S) -> None:
        """Wait until these plugins run; all enabled ones when none are named."""
        wanted = plugins if plugins is not None else [name for tenants in self.hosts.values() for name in tenants]
        self.until(lambda: self.is_running(wanted), f"running: {', '.join(wanted)}", within_s)

    def until_entry(self, fits: Callable[[Entry], bool], what: str, *, after: int, within_s: float) -> Entry:
        """Wait for an entry of the journal beyond `after`."""
        return self.until(lambda: next((e for e in self.journal(after) if fits(e)), None), what, within_s)

    def until(self, look: Callable[[], T | None], what: str, within_s: float = PATIENCE_S) -> T:
        """Wait for something that can be seen from outside. Raises NotSeen with the journal's end."""
        deadline = time.monotonic() + within_s
        while not (found := look()):
            if time.monotonic() > deadline:
                raise NotSeen(f"not within {within_s:g} s: {what}\n{self.tail()}")
            if self._process is not None and self._process.poll() is not None and not look():
                raise NotSeen(f"`qt up` ended with {self._process.returncode} before: {what}\n{self.tail()}")
            time.sleep(LOOK_EVERY_S)
        return found

    def tail(self) -> str:
        """The end of the output, the journal and the states, for a failure's message."""
        output = self.folder / "output.txt"
        printed = output.read_text()[-2000:] if output.exists() else ""
        told = [f"{e.seq} {e.at_s:.3f} {e.kind} {e.host} {e.plugin} {e.cause} {e.reason[:160]}" for e in self.journal()]
        states = [f"{name}: {tenant.lifecycle} {tenant.status}" for name, tenant in self.tenants().items()]
        return "\n".join([printed, *told[-30:], *states])


def _tenant(path: Path) -> Tenant:
    said = json.loads(path.read_text())
    return Tenant(said["host"], said["pid"], said["generation"], said["lifecycle"], said["status"])
