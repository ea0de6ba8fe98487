"""The tutorial is typed by a machine: every command succeeds, every shown line appears."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import Paths

pytestmark = pytest.mark.slow

BLOCK = re.compile(r'^```(console|python title="([^"]+)")\n(.*?)^```$', re.MULTILINE | re.DOTALL)
ANYTHING = "…"
STEP_S = 100.0
WHOLE_S = 300.0


@dataclass(slots=True)
class Command:
    """What is typed, and the lines that the reader is shown."""

    text: str
    shown: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class File:
    """What the reader saves."""

    path: str
    text: str


def steps(text: str) -> Iterator[Command | File]:
    """Commands and files in the order of the page."""
    for kind, title, body in BLOCK.findall(text):
        if kind != "console":
            yield File(title, body)
            continue
        command: Command | None = None
        for line in body.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command
                command = Command(line.removeprefix("$ "))
            elif command and line.strip():
                command.shown.append(line)
        if command:
            yield command


def appears(shown: str, output: str) -> bool:
    """Figures and spacing may differ, and `…` stands for anything."""
    if shown.strip() == ANYTHING:
        return True
    parts = [re.escape(part) for part in re.split(f"{ANYTHING}|\\s+|\\d[\\d.]*", shown.strip())]
    joints = [_joint(match[0]) for match in re.finditer(f"{ANYTHING}|\\s+|\\d[\\d.]*", shown.strip())]
    pattern = "".join(part + joint for part, joint in zip(parts, [*joints, ""], strict=True))
    return re.search(pattern, output) is not None


def _joint(text: str) -> str:
    if text == ANYTHING:
        return ".*"
    return r"\s+" if text.isspace() else r"\d[\d.]*"


class Terminal:
    """A shell per command, in a folder and environment that `cd` and `export` change."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.background: list[subprocess.Popen[str]] = []

    def type(self, command: Command) -> str:
        """Run one command and return what it says."""
        if command.text.startswith("cd "):
            self.folder /= command.text.removeprefix("cd ")
            return ""
        if command.text.startswith("export "):
            name, _, value = command.text.removeprefix("export ").partition("=")
            expanded = self._run(f"printf %s {value}")
            self.environment[name] = expanded.stdout
            return ""
        if command.text.endswith("&"):
            self.background.append(self._begin(command.text.removesuffix("&")))
            return ""
        done = self._run(command.text)
        assert done.returncode == 0, f"$ {command.text}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _run(self, text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/bash", "-c", text],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=STEP_S,
        )

    def _begin(self, text: str) -> subprocess.Popen[str]:
        command = ["/bin/bash", "-c", f"exec {text}"]
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL, text=True)

    def close(self) -> None:
        """End what the page has left running."""
        for process in self.background:
            process.terminate()
            process.wait(timeout=STEP_S)


@pytest.fixture
def terminal(paths: Paths, tmp_path: Path) -> Iterator[Terminal]:
    """In a copy of what an install needs, so that the checkout stays as it is."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "constraints.txt"):
        shutil.copy(paths.root / name, clone)
    shutil.copytree(paths.root / "qtcore", clone / "qtcore", ignore=shutil.ignore_patterns("__pycache__"))
    sockets = tempfile.mkdtemp(prefix="qt-doc-", dir="/tmp")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "OTEL_", "PYTHON"))}
    opened = Terminal(clone, {**kept, "XDG_RUNTIME_DIR": sockets})
    try:
        yield opened
    finally:
        opened.close()
        shutil.rmtree(sockets)


def _install_offline(terminal: Terminal) -> None:
    """Where no registry answers, the commands of the first section are stood in for by this environment."""
    terminal.folder = terminal.folder.parent / "qt-tutorial"
    terminal.folder.mkdir(exist_ok=True)
    terminal.environment["PATH"] = f"{Path(sys.executable).parent}:{terminal.environment['PATH']}"


@pytest.mark.timeout(WHOLE_S)
def test_tutorial(paths: Paths, terminal: Terminal) -> None:
    """From nothing to a supervised, traced plugin, in the time that the page promises."""
    page = list(steps((paths.root / "docs" / "tutorial.md").read_text(encoding="utf-8")))
    assert sum(isinstance(step, Command) for step in page) > 20
    began = time.monotonic()
    install, rest = page[:4], page[4:]
    try:
        for step in install:
            assert isinstance(step, Command)
            terminal.type(step)
    except AssertionError as error:
        if "Connection" not in str(error) and "No matching distribution" not in str(error):
            raise
        _install_offline(terminal)
    for step in rest:
        if isinstance(step, File):
            (terminal.folder / step.path).write_text(step.text, encoding="utf-8")
            continue
        output = terminal.type(step)
        missing = [line for line in step.shown if not appears(line, output)]
        assert not missing, f"$ {step.text}\nshows\n{output}\nand not {missing}"
    assert time.monotonic() - began < WHOLE_S


def test_shown_lines_are_compared_with_care() -> None:
    """Figures, spacing and ellipses are free; words are not."""
    assert appears("disk … 2 restarts", "disk  healthy   14 restarts")
    assert not appears("disk … 2 restarts", "load  healthy   14 restarts")
