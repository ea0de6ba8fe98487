"""Every command beside a running supervisor."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema

from qtcore.cli.exits import Exit
from tests.conftest import Paths
from tests.qtcore.cli.conftest import Qt

Until = Callable[[Callable[[], Any], str], Any]


def _valid(paths: Paths, document: Any, schema: str) -> None:
    jsonschema.validate(document, json.loads((paths.root / "docs" / "schemas" / f"{schema}.json").read_text()))


def _plugin(qt: Qt, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(line for line in qt.json("status")["plugins"] if line["name"] == name)
    return found


def _until_healthy(live: Qt) -> None:
    done = live("watch", "--timeout", "25")
    assert done.returncode == Exit.HEALTHY, done.stdout


def test_status(live: Qt, paths: Paths) -> None:
    """One screen: mode, counts that add up, one row per plugin; as JSON by the published schema."""
    done = live("status")
    assert done.returncode == Exit.HEALTHY
    assert done.stdout.startswith("MODE DEFAULT · posture normal · healthy")
    assert "2 plugins: 2 healthy" in done.stdout
    document = live.json("status")
    _valid(paths, document, "status")
    assert sum(document["counts"].values()) == len(document["plugins"]) == 2


def test_status_does_not_import_what_is_slow(live: Qt) -> None:
    """It answers at once because it needs neither typer nor pydantic."""
    code = "import sys; from qtcore.cli.main import run; run(['status']); print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=live.folder, capture_output=True, text=True, check=True, timeout=20
    )
    loaded = set(re.findall(r"'(\w+)'", done.stdout.splitlines()[-1]))
    assert not loaded & {"pydantic", "typer", "rich", "anyio", "yaml", "sqlite3", "opentelemetry"}


def test_help_names_commands_of_the_application(live: Qt) -> None:
    """Commands that plugins offer stand beside those of the framework."""
    done = live("--help")
    assert done.returncode == Exit.HEALTHY
    assert re.search(r"Of this application:\n  forecast +hours until the disk is full", done.stdout)


def test_application_command(live: Qt) -> None:
    """An action that is offered as a command runs as one."""
    assert set(live.json("forecast")) == {"hours_left", "measurements"}
    assert live("forecast", "--help").returncode == Exit.HEALTHY
    assert live("forecast", "--dry-run").stdout == "would call forecast.forecast with {}\n"


def test_call(live: Qt) -> None:
    """Any action may be called; wrong arguments and names are told with 64, not with a traceback."""
    assert live.json("call", "forecast.forecast")["measurements"] >= 1
    unknown = live("call", "forecast.forcast")
    assert unknown.returncode == Exit.USAGE
    assert 'did you mean "forecast"?' in unknown.stderr
    wrong = live("call", "forecast.forecast", '{"x": 1}')
    assert wrong.returncode == Exit.USAGE
    assert "argument that does not fit: x: extra inputs are not permitted" in wrong.stderr
    assert len(wrong.stderr.splitlines()) == 1


def test_why(live: Qt) -> None:
    """What a plugin is doing, since when, why, and what happened."""
    done = live("why", "disk")
    assert done.returncode == Exit.HEALTHY
    assert done.stdout.startswith("disk is running and healthy since ")
    assert "starting → running" in done.stdout
    assert live.json("why", "disk")["events"][-1]["plugin"] == "disk"
    assert live("why", "dsk").returncode == Exit.USAGE


def test_report(live: Qt, paths: Paths, tmp_path: Path) -> None:
    """Terminal, Markdown and JSON say the same; the sum of the score can be redone."""
    document = live.json("report")
    _valid(paths, document, "report")
    card = document["scorecard"]
    for line in card["plugins"]:
        assert line["score"] == max(0, 10 - sum(lost["points"] for lost in line["deductions"]))
    assert live("report").stdout.startswith("Disk watch · MODE DEFAULT · posture normal · healthy · ")
    target = tmp_path / "report.md"
    assert live("report", "--format", "md", "-o", str(target)).returncode == Exit.HEALTHY
    assert target.read_text().startswith("# Health report · Disk watch\n")
    assert target.stat().st_mode & 0o777 == 0o600


def test_dry_run_changes_nothing(live: Qt) -> None:
    """An act can be asked what it would do."""
    before = _plugin(live, "disk")["generation"]
    done = live("restart", "disk", "--dry-run")
    assert done.returncode == Exit.HEALTHY
    assert done.stdout.startswith("would: ")
    assert live("down", "--dry-run").stdout.startswith("would: ")
    assert _plugin(live, "disk")["generation"] == before


def test_restart_stop_start(live: Qt, until: Until) -> None:
    """A plugin is restarted, stopped for good and started again by name, and counted as off meanwhile."""
    before = _plugin(live, "disk")["generation"]
    assert live("restart", "disk", "--reason", "a test").returncode == Exit.HEALTHY
    until(lambda: _plugin(live, "disk")["generation"] > before, "the next generation")
    assert live("stop", "disk").returncode == Exit.HEALTHY
    until(lambda: _plugin(live, "disk")["status"] == "off", "disk to be off")
    assert live.json("status")["counts"]["off"] == 1
    assert live("start", "disk").returncode == Exit.HEALTHY
    _until_healthy(live)


def test_quarantine_and_release(live: Qt, until: Until) -> None:
    """A plugin taken out is a failure that shows in the exit code, until it is released."""
    assert live("quarantine", "forecast", "--reason", "a test").returncode == Exit.HEALTHY
    until(lambda: _plugin(live, "forecast")["lifecycle"] == "quarantined", "the quarantine")
    assert live("status").returncode == Exit.CRITICAL
    assert live("release", "forecast").returncode == Exit.HEALTHY
    _until_healthy(live)


def test_acts_on_unknown_plugins_are_refused(live: Qt) -> None:
    """A wrong name is told with the nearest right one."""
    done = live("restart", "dsk")
    assert done.returncode == Exit.USAGE
    assert done.stderr == 'qt: there is no plugin "dsk", did you mean "disk"?\n'


def test_a_second_up_is_refused(live: Qt) -> None:
    """One supervisor per home: the second names the first one's pid and the cure."""
    pid = live.json("status")["supervisor"]["pid"]
    done = live("up", "--headless")
    assert done.returncode == Exit.REFUSED
    assert f"pid {pid}" in done.stderr
    assert "qt down" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_watch_gives_up_in_time(live: Qt) -> None:
    """Healthy, but not for as long as asked, is not success."""
    done = live("watch", "--for", "60", "--timeout", "0.5")
    assert done.returncode == Exit.DEGRADED


def test_the_verdict_of_watching_is_kept(live: Qt) -> None:
    """Said at once, kept in the journal, and told by the next report."""
    done = live("watch", "--until", "healthy", "--for", "0.3", "--timeout", "25")
    assert done.returncode == Exit.HEALTHY
    assert re.fullmatch(r"watched for \d+ s: healthy held for 0 s", done.stdout.splitlines()[-1])
    verdict = live.json("report")["watched"][-1]
    assert (verdict["until"], verdict["for_s"], verdict["held"], verdict["breaks"]) == ("healthy", 0.3, True, 0)
    assert "healthy held for 0.300 s" in live("report").stdout
    live("watch", "--for", "60", "--timeout", "0.5")
    assert not live.json("report")["watched"][-1]["held"]


def test_a_stored_report_is_set_again_and_compared(live: Qt, tmp_path: Path) -> None:
    """The same data, whenever it is set, in any format; and what changed since."""
    stored = tmp_path / "then.json"
    live("report", "--format", "json", "-o", str(stored))
    assert stored.stat().st_mode & 0o777 == 0o600
    pages = [live("report", str(stored), "--format", "html", "--language", "no").stdout for _ in range(2)]
    assert pages[0] == pages[1]
    assert '<html lang="no">' in pages[0]
    live("stop", "disk")
    changed = live.json("report", "diff", str(stored))
    assert [(item["name"], item["after"]) for item in changed["statuses"]] == [("disk", "off")]
    assert "disk" in live("report", "diff", str(stored)).stdout
    live("start", "disk")
    _until_healthy(live)


def test_readings_after_death(application: Qt, until: Until) -> None:
    """When the supervisor is killed, readings go on from records: since when, and nothing better than unknown."""
    with application.running() as supervisor:
        supervisor.kill()
        supervisor.communicate(timeout=20)
    status = application("status")
    assert status.returncode == Exit.NOT_RUNNING
    assert re.match(r"NOT RUNNING since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", status.stdout)
    assert {line["status"] for line in application.json("status")["plugins"]} == {"unknown"}
    report = application("report")
    assert report.returncode == Exit.NOT_RUNNING
    assert "QT-SUPERVISOR-DIED" in report.stdout
    assert application("why", "disk").stdout.startswith("NOT RUNNING since")


def test_down_waits_for_the_end(application: Qt) -> None:
    """After `qt down` the home is free for the next one, and `qt up` has ended with 0."""
    with application.running() as supervisor:
        done = application("down")
        assert done.returncode == Exit.HEALTHY, done.stderr
        assert re.fullmatch(r"stopped 2 plugins and the supervisor in \d+\.\d s\n", done.stdout)
        assert not application.is_running
        output, _ = supervisor.communicate(timeout=20)
    assert supervisor.returncode == 0, output
    assert {line["status"] for line in application.json("status")["plugins"]} == {"off"}


def test_socket_path_is_private(live: Qt) -> None:
    """Nobody else may talk to the supervisor."""
    run_dir = live.home.run_dir
    assert run_dir.stat().st_mode & 0o777 == 0o700
    assert (run_dir / "control.sock").stat().st_mode & 0o077 == 0
