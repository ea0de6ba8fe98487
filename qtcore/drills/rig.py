"""A real `qt up` in a process and a folder of its own, and what an outsider can see and do there."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from qtcore.drills.assembly import Assembly, written
from qtcore.records.home import Home
from qtcore.records.journal_event import JournalEvent
from qtcore.records.journal_reader import JournalReader
from qtcore.records.state_file import StateFile
from qtcore.records.state_reader import read_state
from qtcore.report.current import current_status

QT = (sys.executable, "-m", "qtcore.cli.main")
LONGEST_S = 900
"""A system whose drill has died ends by itself."""
GONE_S = 10.0
OURS = ("QT_", "OTEL_")
"""Variables of whoever runs the drills that must not reach the system."""


_ROUTINE = ("looked at ", "  state", "  logs", "  traces", "  journal")
"""Lines of `qt up` that say nothing about what went wrong."""


class NotCarriedOutError(Exception):
    """A drill could not be carried out; the sentence says what was in the way."""


@dataclass
class Outside:
    """What an outsider's function gets: where the system is, its ports, and a memory for the functions of one drill."""

    home: Path
    folder: Path
    ports: dict[str, int]
    memory: dict[str, Any] = field(default_factory=dict)


class Rig:
    """One system in a scratch folder; `close` leaves no process behind, whatever happened."""

    def __init__(
        self,
        assembly: Assembly,
        folder: Path,
        application: Path,
        *,
        made_home: Path | None = None,
        cache: Path | None = None,
        interrupted: threading.Event | None = None,
    ) -> None:
        self.assembly = assembly
        self.folder = folder
        self.home = Home(folder / "var")
        self.outside = Outside(self.home.root, folder, {name: free_port() for name in assembly.ports})
        self._application = application
        self._interrupted = interrupted or threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        if made_home is not None:
            shutil.copytree(made_home, self.home.root)
        if cache is not None and cache.is_dir():
            shutil.copytree(cache, self.home.cache, dirs_exist_ok=True)
        self.configuration_path = written(assembly, folder)
        self._process: subprocess.Popen[bytes] | None = None

    # --- its life ------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The supervisor's process. Raises NotCarriedOutError when there is none."""
        if self._process is None:
            raise NotCarriedOutError("the system is not started")
        return self._process.pid

    def begin(self) -> None:
        """Start `qt up` and return at once."""
        self._process = self._spawned("output.txt")

    def second(self) -> subprocess.Popen[bytes]:
        """`qt up` on the same home once more; whoever asks for it ends it."""
        return self._spawned("second.txt")

    def ended(self) -> int | None:
        """The exit code of `qt up`; None while it runs."""
        return self._process.poll() if self._process else None

    def output(self, name: str = "output.txt") -> str:
        """What `qt up` printed."""
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self) -> None:
        """End every process of the system: the supervisor at once, its hosts follow or are ended by pid."""
        if self._process is None:
            return
        processes = self._family()
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait(GONE_S)
        self._process = None
        _gone, left = psutil.wait_procs(processes, timeout=1.0)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=GONE_S)

    def _family(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def _spawned(self, output: str) -> subprocess.Popen[bytes]:
        words = [*QT, "up", "--headless", "--config", str(self.configuration_path), "--home", str(self.home.root)]
        words += ["--for", str(LONGEST_S)]
        for option, value in (("--market", self.assembly.market), ("--speed", self.assembly.speed)):
            words += [option, value] if value else []
        with (self.folder / output).open("ab") as file:
            return subprocess.Popen(
                words,
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for whoever runs the drills; `close` ends the system
            )

    def environment(self) -> dict[str, str]:
        """The variables of the system: those of this process that are not of another one, and its own."""
        given = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        own = {
            name: value.replace("{application}", str(self.folder)) for name, value in self.assembly.environment.items()
        }
        paths = [own.pop("PYTHONPATH", ""), str(self._application)]
        ports = {name: str(port) for name, port in self.outside.ports.items()}
        return given | ports | own | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def pause(self, seconds: float) -> None:
        """Let time pass. Raises NotCarriedOutError as soon as the run of drills is interrupted."""
        if self._interrupted.wait(seconds):
            raise NotCarriedOutError("it was interrupted")

    # --- what a person can do --------------------------------------------------------------------

    def qt(self, *words: str, within_s: float = 20.0) -> subprocess.CompletedProcess[str]:
        """Run `qt` on this home. Raises subprocess.TimeoutExpired."""
        return subprocess.run(
            [*QT, *words, "--home", str(self.home.root)],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def signal(self, number: signal.Signals, plugin: str | None) -> int:
        """Send a signal to the supervisor, or to the process in which a plugin lives; returns its pid."""
        pid = self.pid if plugin is None else self.state(plugin).pid
        if pid is None:
            raise NotCarriedOutError(f"{plugin} has no process to be signalled")
        os.kill(pid, number)
        return pid

    # --- what is to be seen ------------------------------------------------------------------------

    def states(self) -> dict[str, StateFile]:
        """The state files by plugin; what is being replaced or damaged is left out."""
        return {one.plugin: one for one in read_state(self.home.state) if isinstance(one, StateFile)}

    def state(self, plugin: str) -> StateFile:
        """The state file of one plugin. Raises NotCarriedOutError."""
        states = self.states()
        if plugin not in states:
            raise NotCarriedOutError(f"there is no state of {plugin}")
        return states[plugin]

    def status(self) -> dict[str, Any]:
        """The document of `qt status --json`."""
        return current_status(self.home)

    def journal(self, after: int = 0) -> list[JournalEvent]:
        """Entries beyond `after`; none while there is no journal."""
        if not self.home.journal.exists():
            return []
        with JournalReader.open(self.home.journal) as journal:
            return journal.read(after)

    def last_seq(self) -> int:
        """The number of the newest entry."""
        if not self.home.journal.exists():
            return 0
        with JournalReader.open(self.home.journal) as journal:
            return journal.bounds()[1]

    @property
    def enabled(self) -> tuple[str, ...]:
        """The plugins that are to run, as configured."""
        plugins = self.assembly.configuration["plugins"]
        return tuple(name for name, section in plugins.items() if section.get("enabled", True))

    def running(self) -> bool:
        """Whether every enabled plugin runs."""
        states = self.states()
        return all(name in states and states[name].lifecycle.value == "running" for name in self.enabled)

    def tail(self) -> str:
        """The end of what it printed and the states, for the message of a failure."""
        printed = [line.strip() for line in self.output().splitlines() if not line.startswith(_ROUTINE)]
        states = ", ".join(
            f"{n} {s.lifecycle} {s.status}" for n, s in self.states().items() if s.status not in ("healthy", "off")
        )
        return f"{' / '.join(printed)[-600:]} | {states or 'all healthy'}"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def now_s() -> float:
    """The clock that the journal's entries carry too."""
    return time.monotonic()
