"""`qt` where output cannot go anywhere, and on a home that cannot be written."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from qtcore.cli.exits import Exit
from tests.qtcore.cli.conftest import Qt

QT = f"{sys.executable} -m qtcore.cli.main"


def _shell(application: Qt, program: str, *wrap: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*wrap, "/bin/sh", "-c", program],
        cwd=application.folder,
        env={**os.environ, **application.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["status", "report", "check", "--help"])
def test_output_that_takes_nothing(application: Qt, command: str) -> None:
    """A full disk behind standard output is one sentence and 69."""
    done = _shell(application, f"exec {QT} {command} > /dev/full")
    assert done.stderr == (
        "qt: the place that the output goes to cannot be used (No space left on device); "
        "free space there or mend its permissions\n"
    )
    assert done.returncode == Exit.REFUSED


@pytest.mark.parametrize("command", ["status", "report"])
def test_closed_output(application: Qt, command: str) -> None:
    """Whoever closes standard output wants the exit code only."""
    done = _shell(application, f"exec {QT} {command} >&-")
    assert (done.returncode, done.stderr) == (Exit.NOT_RUNNING, "")


def test_output_cut_short(application: Qt) -> None:
    """A reader that has seen enough is no error."""
    done = _shell(application, f"{QT} report | head -1")
    assert done.stderr == ""
    assert done.stdout.startswith("NOT RUNNING")


READ_ONLY = """
mount --bind var var && mount -o remount,ro,bind var || exit
for words in status report events trace 'why disk' 'up --headless'; do {qt} $words || echo code $?; done
"""


def test_readings_of_a_read_only_home(application: Qt) -> None:
    """What was recorded can still be read where nothing can be written, and `qt up` is refused."""
    assert application("up", "--headless", "--for", "0").returncode == 0
    done = _shell(application, READ_ONLY.format(qt=QT), "/usr/bin/unshare", "--map-root-user", "--mount")
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this machine does not let tests mount a file system")
    assert done.stdout.count("NOT RUNNING since") == 3
    assert "everything has stopped in order" in done.stdout
    assert "Read-only file system" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert f"code {Exit.REFUSED}" in done.stdout


SCANT = "mkdir -p var && mount -t tmpfs -o size=4m,mode=700 tmpfs var && exec {qt} up --headless"


def test_home_with_hardly_any_room(application: Qt) -> None:
    """What would fail host by host while it starts is refused before."""
    done = _shell(application, SCANT.format(qt=QT), "/usr/bin/unshare", "--map-root-user", "--mount")
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this machine does not let tests mount a file system")
    assert done.returncode == Exit.REFUSED
    assert re.fullmatch(r"qt: only \d\.\d MB are free on the disk of the home folder .*; free space, .*\n", done.stderr)
