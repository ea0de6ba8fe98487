"""What happens to the home of a running supervisor, and what it says about itself."""

from __future__ import annotations

import shutil
import signal
import time

from qtcore.cli.exits import Exit
from tests.qtcore.cli.conftest import PATIENCE_S, Qt


def test_removed_home(application: Qt) -> None:
    """Without its home nothing keeps a second supervisor out, so everything stops in order and says why."""
    with application.running() as supervisor:
        shutil.rmtree(application.home.root)
        output, _ = supervisor.communicate(timeout=PATIENCE_S)
    last = output.strip().splitlines()[-1]
    assert supervisor.returncode == Exit.REFUSED, output
    assert last.startswith(f"qt: the home folder {application.home.root} was removed or replaced")
    assert "Traceback" not in output


def test_supervisor_findings_are_shown(application: Qt) -> None:
    """What is wrong with the supervisor itself stands beside its pid and in the report."""
    with application.running():
        pass
    with application.home.journal.open("r+b") as journal:
        journal.truncate(5_000)
    with application.running():
        assert "· QT-JOURNAL-RECOVERED ·" in application("status").stdout
        assert application.json("status")["supervisor"]["findings"] == ["QT-JOURNAL-RECOVERED"]
        assert "MEDIUM  QT-JOURNAL-RECOVERED · supervisor\n" in application("report").stdout


def test_stopped_supervisor(application: Qt) -> None:
    """A supervisor that says nothing is told from one that is gone, soon, and nothing is called healthy."""
    with application.running() as supervisor:
        supervisor.send_signal(signal.SIGSTOP)
        try:
            began_s = time.monotonic()
            status, report = application("status"), application("report")
            took_s = time.monotonic() - began_s
        finally:
            supervisor.send_signal(signal.SIGCONT)
        assert status.stdout.startswith(f"NOT ANSWERING: supervisor {supervisor.pid} holds this home")
        assert status.returncode == report.returncode == Exit.UNKNOWN
        assert "CRITICAL  QT-SUPERVISOR-SILENT · supervisor\n" in report.stdout
        assert took_s < 10.0
        assert application("watch", "--until", "healthy").returncode == 0


def test_acts_upon_what_has_ended(application: Qt) -> None:
    """An act without a supervisor says since when there is none; a reading that finds nothing says so."""
    with application.running():
        assert application("logs", "forcast").stdout == 'no log line matches, did you mean "forecast"?\n'
    done = application("restart", "disk")
    assert done.returncode == Exit.NOT_RUNNING
    assert f"qt: nothing runs on the home {application.home.root} since 2" in done.stderr
    assert application("why", "dsk").returncode == Exit.USAGE
