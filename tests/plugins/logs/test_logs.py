"""The plugin over real files."""

from __future__ import annotations

import json
import os
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from plugins.logs import Logs
from qtcore import Autonomy, Severity, Status
from qtcore.health.model import Finding
from qtcore.records.home import Home
from qtcore.telemetry.line_file import LineFile
from qtcore.testing import Harness, harness
from qtcore.upkeep import LOG_LIMIT_BYTES

pytestmark = pytest.mark.anyio

SHORT = Finding(code="QT-LOGS-DISK", severity=Severity.HIGH, summary="short", healable=True)
QUICK: dict[str, Any] = {"lines_every_s": 0.01, "low_mb": 0.001, "critical_mb": 0.001}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a present log, an old part of it, an older output and a trace of an ended process."""
    home = Home(tmp_path / "home")
    home.create()
    for name in ("host-main.jsonl", "host-main.1.jsonl", "host-main.2.jsonl", "main.out", "main.out.1"):
        (home.logs / name).write_text("{}\n" * 100)
    (home.traces / "host-main-1.jsonl").write_text("x" * 2_000_000)
    long_ago = time.time() - 30 * 86_400
    for name in ("host-main.2.jsonl", "main.out.1", "host-main.jsonl"):
        os.utime(home.logs / name, (long_ago, long_ago))
    return home


def names(home: Home) -> set[str]:
    return {path.name for path in home.logs.iterdir()}


async def settled(h: Harness, rounds: int) -> None:
    """So many rounds of reading have passed."""
    start = h.progress().get("rounds", 0)
    await h.until(lambda: h.progress().get("rounds", 0) >= start + rounds)


async def test_health_tells_space_and_sizes(home: Home) -> None:
    """With figures that anyone can check."""
    async with harness(Logs, home=home.root, settings=QUICK) as h:
        await h.ready()
        health = await h.health()
    assert health.status is Status.HEALTHY
    assert "free, no end in sight" in health.summary
    assert health.facts["traces_mb"] == 1.9
    assert json.loads((home.data / "logs" / "space.json").read_text())[0]["free_bytes"] > 0


async def test_errors_are_counted_from_what_is_written_from_now_on(home: Home) -> None:
    """Also across a rotation; what stood there before is old news."""
    old = json.dumps({"level": "error", "plugin": "old", "event": "long ago"}) + "\n"
    (home.logs / "host-data.jsonl").write_text(old * 50)
    lines = LineFile(home.logs / "host-data.jsonl", max_bytes=4_000)
    async with harness(Logs, home=home.root, settings=QUICK) as h:
        await h.ready()
        for number in range(60):
            line = {"level": "error", "plugin": "feed", "event": "lost", "number": number}
            lines.write(json.dumps(line).encode() + b"\n")
            if number % 20 == 0:
                await settled(h, 2)
        await settled(h, 2)
        (rate,) = await h.call("logs.errors")
        health = await h.health()
    lines.close()
    assert (rate["plugin"], rate["errors"], rate["commonest"]) == ("feed", 60, "lost")
    (finding,) = health.findings
    assert (finding.code, health.status) == ("QT-LOGS-ERRORS", Status.DEGRADED)
    assert "feed logs 12 errors a minute, mostly “lost”" in finding.summary


async def test_heal_makes_room_and_keeps_what_is_being_written(home: Home) -> None:
    """Older parts go, and traces of ended processes down to their emergency limit; present files stay."""
    async with harness(Logs, home=home.root, settings={**QUICK, "traces_mb": 1}) as h:
        await h.ready()
        did = await h.heal(SHORT)
    assert did.startswith("deleted 4 files, 1.9 MB")
    assert names(home) == {"host-main.jsonl", "main.out"}
    assert not [*home.traces.iterdir()]


async def test_prune_keeps_what_is_young(home: Home) -> None:
    """Within its limits: parts of the last days stay."""
    async with harness(Logs, home=home.root, settings=QUICK) as h:
        await h.ready()
        assert (await h.call("logs.prune")).startswith("deleted 2 files")
    assert names(home) == {"host-main.jsonl", "host-main.1.jsonl", "main.out"}


async def test_an_observing_one_deletes_nothing(home: Home) -> None:
    """What it would have deleted is journalled by name."""
    before = names(home)
    async with harness(Logs, home=home.root, settings=QUICK, autonomy=Autonomy.OBSERVE) as h:
        await h.ready()
        assert "would have deleted 3 old parts" in await h.heal(SHORT)
        assert h.withheld == ["deleted old parts of logs and traces"]
    assert names(home) == before


async def test_a_log_that_is_not_rotated_is_found(home: Home) -> None:
    """A log beyond its limit means that its rotation fails."""
    with (home.logs / "host-main.jsonl").open("ab") as file:
        file.truncate(int(LOG_LIMIT_BYTES * 1.3))
    async with harness(Logs, home=home.root, settings=QUICK) as h:
        await h.ready()
        (finding,) = (await h.health()).findings
    assert finding.code == "QT-LOGS-ROTATION"
    assert "host-main (26" in finding.summary


async def test_a_lost_history_begins_anew(home: Home) -> None:
    """Junk in its file is no reason to fail."""
    folder = home.data / "logs"
    folder.mkdir()
    (folder / "space.json").write_text("junk")
    async with harness(Logs, home=home.root, settings=QUICK) as h:
        await h.ready()
        assert (await h.health()).status is Status.HEALTHY


async def test_j1_a_disk_that_fills_at_once_is_told_at_once_and_holds_entries(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J1: long before the next look at all sizes; when there is room again nobody is held any more."""
    free = [10**12]
    usage = namedtuple("usage", ("total", "used", "free"))
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**12, 0, free[0]))
    settings = {"lines_every_s": 0.01, "low_mb": 1000, "critical_mb": 200, "disk_every_s": 3600}
    async with harness(Logs, home=home.root, settings=settings) as h:
        await h.ready()
        free[0] = 100 * 2**20
        await h.until(lambda: list(h.findings) == ["QT-LOGS-DISK"])
        await h.until(lambda: [claim.level for claim in h.reports.claims][:1] == ["no_entries"])
        free[0] = 10**12
        await h.until(lambda: not h.findings)
