"""The real `qt` command in processes of its own, on applications in scratch folders."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from qtcore.cli.scaffold import write_application
from qtcore.records.home import Home

PATIENCE_S = 30.0


@dataclass(slots=True)
class Qt:
    """Runs `qt` in one folder with a clean environment."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        return subprocess.run(
            [sys.executable, "-m", "qtcore.cli.main", *words],
            cwd=self.folder,
            env={**self._clean(), **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def json(self, *words: str) -> Any:
        """What a command prints with --json."""
        done = self(*words, "--json")
        assert done.stderr == "", done.stderr
        return json.loads(done.stdout)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin and leave running."""
        return subprocess.Popen(
            [sys.executable, "-m", "qtcore.cli.main", *words],
            cwd=self.folder,
            env=self._clean(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A supervisor with everything healthy; asked to stop at the end, if it still runs."""
        supervisor = self.start("up", "--headless", *words)
        try:
            watched = self("watch", "--until", "healthy", "--timeout", "25")
            assert watched.returncode == 0, watched.stdout + watched.stderr
            yield supervisor
        finally:
            if supervisor.poll() is None:
                supervisor.send_signal(signal.SIGTERM)
            output, _ = supervisor.communicate(timeout=PATIENCE_S)
            sys.stdout.write(output)  # pytest shows it when the test fails

    @property
    def home(self) -> Home:
        """The default home of this folder."""
        return Home(self.folder / "var")

    @property
    def is_running(self) -> bool:
        """Whether some process holds this home."""
        return self.home.running

    def _clean(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "OTEL_", "XDG_"))}
        return {**kept, **self.environment}


@pytest.fixture(scope="session")
def run_dir() -> Iterator[str]:
    """A short path, for sockets have short names."""
    folder = tempfile.mkdtemp(prefix="qt-test-", dir="/tmp")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def qt(tmp_path: Path, run_dir: str) -> Qt:
    """`qt` in an empty folder."""
    return Qt(tmp_path, {"XDG_RUNTIME_DIR": run_dir})


@pytest.fixture
def application(qt: Qt) -> Qt:
    """`qt` in a folder with what `qt init` writes."""
    write_application(qt.folder)
    return qt


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, run_dir: str) -> Iterator[Qt]:
    """`qt` beside a running supervisor with both plugins healthy."""
    qt = Qt(tmp_path_factory.mktemp("live"), {"XDG_RUNTIME_DIR": run_dir})
    write_application(qt.folder)
    with qt.running():
        yield qt


@pytest.fixture
def until() -> Callable[[Callable[[], Any], str], Any]:
    """Wait for something that only shows from outside."""

    def waited(condition: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(0.02)
        return found

    return waited
