"""A real supervisor in a process of its own, watched from outside through its journal and state files."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 20.0
ROOT = Path(__file__).resolve().parents[3]


@dataclass(slots=True)
class Live:
    """One run on one home; everything is read from disk, as an outsider would."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def home(self) -> Path:
        return self.folder / "var"

    def state(self, plugin: str) -> dict[str, Any]:
        """The plugin's state file, {} while there is none."""
        path = self.home / "state" / f"{plugin}.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def journal(self, kind: str | None = None, plugin: str | None = None) -> list[dict[str, Any]]:
        """Entries of the journal as dictionaries, oldest first."""
        path = self.home / "journal.db"
        if not path.exists():
            return []
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute("SELECT * FROM events ORDER BY seq")]
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()
        return [
            row for row in rows if (kind is None or row["kind"] == kind) and (plugin is None or row["plugin"] == plugin)
        ]

    def until(self, true: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> Any:
        """Wait for something that outsiders can see."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if found := true():
                return found
            if self.process.poll() is not None and not true():
                raise AssertionError(
                    f"the supervisor ended ({self.process.returncode}) before: {what}\n{self.output()}"
                )
            time.sleep(0.005)
        raise AssertionError(f"not within {within_s} s: {what}\n{self.output()}\n{self.tail()}")

    def until_running(self, plugin: str, generation: int = 0, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until a generation later than `generation` of the plugin is running."""

        def running() -> dict[str, Any] | None:
            state = self.state(plugin)
            fits = state.get("lifecycle") == "running" and state["generation"] > generation
            return state if fits else None

        return self.until(running, f"{plugin} running beyond generation {generation}", within_s)  # type: ignore[no-any-return]

    def pid(self, plugin: str) -> int:
        """The process the plugin lives in."""
        return int(self.until_running(plugin)["pid"])

    def output(self) -> str:
        return (self.folder / "output.txt").read_text()[-6000:]

    def tail(self) -> str:
        return "\n".join(f"{row['seq']} {row['kind']} {row['plugin']} {row['reason']}" for row in self.journal()[-25:])

    def qt(self, *words: str, within_s: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        """Run `qt` on this home, as a person would."""
        return subprocess.run(
            [sys.executable, "-m", "qtcore.cli.main", *words, "--home", str(self.home)],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def stop(self) -> int:
        """Ask for an orderly stop and wait for it."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


Start = Callable[..., Live]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(yaml, **files)` runs a supervisor; `again=live` uses the same folder once more."""
    running: list[Live] = []

    def begin(configuration: str, *, files: dict[str, str] | None = None, env: dict[str, str] | None = None) -> Live:
        (tmp_path / "plugins.yaml").write_text(configuration)
        for name, text in (files or {}).items():
            (tmp_path / name).write_text(text)
        with (tmp_path / "output.txt").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "qtcore.cli.main", "up", "--headless", "--home", str(tmp_path / "var")],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        live = Live(tmp_path, process)
        running.append(live)
        return live

    yield begin
    for live in running:
        if live.process.poll() is None:
            live.process.kill()
            live.process.wait(PATIENCE_S)
