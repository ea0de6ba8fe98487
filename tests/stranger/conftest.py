"""A person before a terminal: the real `qt` behind a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from qtcore.cli.scaffold import write_application
from qtcore.records.home import Home

PATIENCE_S = 30.0
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(slots=True)
class Terminal:
    """One program and everything it has painted so far."""

    process: subprocess.Popen[bytes]
    home: Home
    _master: int
    _seen: bytearray

    @property
    def text(self) -> str:
        """All that was painted, without colours and cursor movements."""
        while select.select([self._master], [], [], 0)[0]:
            try:
                chunk = os.read(self._master, 65_536)
            except OSError:  # nobody holds the other end any more
                break
            if not chunk:
                break
            self._seen += chunk
        return _ESCAPES.sub("", self._seen.decode(errors="replace")).replace("\r\n", "\n")

    def press(self, key: bytes) -> None:
        """As if it were typed."""
        os.write(self._master, key)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that shows on the screen or from outside."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}:\n{self.text[-3000:]}"
            time.sleep(0.02)

    def until_shown(self, text: str, after: int = 0) -> None:
        """Wait until `text` is painted."""
        self.until(lambda: text in self.text[after:], text)


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with what `qt init` writes, and a run folder of its own."""
    write_application(tmp_path)
    run_dir = tempfile.mkdtemp(prefix="qt-test-", dir="/tmp")
    monkeypatch.setenv("XDG_RUNTIME_DIR", run_dir)
    yield tmp_path
    shutil.rmtree(run_dir)


@pytest.fixture
def terminal(application: Path) -> Callable[..., object]:
    """Start `qt WORDS` in a terminal of its own: `with terminal("up") as screen: …`."""

    @contextmanager
    def started(*words: str) -> Iterator[Terminal]:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "qtcore.cli.main", *words],
            cwd=application,
            env={name: value for name, value in os.environ.items() if not name.startswith(("QT_", "OTEL_"))},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - single-threaded here
        )
        os.close(slave)
        screen = Terminal(process, Home(application / "var"), master, bytearray())
        try:
            yield screen
        finally:
            process.kill()
            process.wait()
            os.close(master)

    return started
