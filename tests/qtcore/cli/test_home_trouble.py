"""What happens to the home of a running supervisor, and what it says about itself."""

from __future__ import annotations

import shutil

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
        assert "MEDIUM  QT-JOURNAL-RECOVERED  supervisor: " in application("report").stdout
