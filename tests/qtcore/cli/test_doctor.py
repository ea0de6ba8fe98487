"""`qt doctor` and `qt bundle` as a person runs them: with a supervisor that runs, is stopped, or is dead."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.qtcore.cli.conftest import Qt

pytestmark = pytest.mark.slow


def _state(document: dict[str, object], name: str) -> dict[str, object]:
    checks = document["checks"]
    assert isinstance(checks, list)
    return next(check for check in checks if check["name"] == name)


def test_a_running_application_is_looked_at_mended_and_bundled(application: Qt, tmp_path: Path) -> None:
    """What --fix does is in the receipt, in the journal, and is proven; the second time there is nothing to do."""
    qt = application
    with qt.running():
        home = qt.home.root
        document = qt.json("doctor")
        assert document["running"]
        assert document["counts"]["crashed"] == 0
        audit = json.loads((home / "configuration.json").read_text())
        assert audit["file"].endswith("plugins.yaml")
        (home / "journal.db").chmod(0o644)
        done = qt("doctor", "--fix", "--json")
        receipt = json.loads(done.stdout)["receipt"]
        (line,) = [line for line in receipt if line["code"] == "QT-HOME-PERMISSIONS"]
        assert line["result"] == "fixed"
        assert "doctor: chmod u=rwX,go= journal.db" in qt("events", "--json").stdout
        again = json.loads(qt("doctor", "--fix", "--json").stdout)["receipt"]
        assert [line for line in again if line["result"] != "left"] == []
        file = tmp_path / "b.zip"
        made = qt("bundle", "-o", str(file), "--seconds", "20")
        assert made.returncode == 0, made.stderr
        looked = qt.json("doctor", "--bundle", str(file))
        assert _state(looked, "plugin.disk")["state"] in {"fine", "trouble"}
        assert qt("doctor", "--bundle", str(file), "--fix").returncode == 64


def test_a_stopped_supervisor_is_told_first_and_bundled_all_the_same(application: Qt, tmp_path: Path) -> None:
    """And so is a dead one."""
    qt = application
    with qt.running() as supervisor:
        supervisor.send_signal(signal.SIGSTOP)
        try:
            told = qt("doctor")
            made = qt("bundle", "-o", str(tmp_path / "stopped.zip"), "--seconds", "20")
        finally:
            os.kill(supervisor.pid, signal.SIGCONT)
        assert told.stdout.splitlines()[0].endswith("was stopped by a signal")
        assert told.returncode == 2
        assert made.returncode == 0, made.stderr
        supervisor.kill()
        supervisor.wait()
        told = qt("doctor")
        assert told.stdout.splitlines()[0].startswith("supervisor: the supervisor ended without stopping in order")
        made = qt("bundle", "-o", str(tmp_path / "dead.zip"), "--seconds", "20")
        assert made.returncode == 0, made.stderr


def test_where_nothing_ever_ran_there_is_nothing_to_bundle(qt: Qt) -> None:
    """The doctor still looks at the machine."""
    assert qt("bundle").returncode == 3
    assert qt("doctor").stdout.startswith("supervisor: no supervisor has run on this home yet")
