"""Every failure that is seen from outside has a code at once, with its evidence, and is over when it is over."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import pytest

from tests.qtcore.supervisor.conftest import Live, Start

YAML = """
version: 1
hosts: {a: {}, b: {}}
plugins:
  base: {use: "sad:Base", host: a}
  mate: {use: "glad:Mate", host: a}
  kid: {use: "glad:Kid", host: b, needs: [base]}
"""
GLAD = """
from pathlib import Path
from qtcore import Health, Plugin, hookimpl

class Mate(Plugin):
    cadence_s = 1.0

    @hookimpl
    async def start(self, ctx):
        ctx.ready()
        await ctx.serve()

    @hookimpl
    async def health(self, ctx):
        return Health.healthy("fine", **{"db.path": Path("path").read_text() if Path("path").exists() else "one"})

class Kid(Mate):
    @hookimpl
    async def health(self, ctx):
        return Health.healthy("fine", **{"db.path": "one"})
"""
SAD = """
import asyncio, time
from pathlib import Path
from qtcore import Finding, Health, Plugin, Severity, hookimpl

ILL = Finding(code="QT-ILL", severity=Severity.CRITICAL, summary="ill")

class Base(Plugin):
    cadence_s = 1.0

    @hookimpl
    async def start(self, ctx):
        ctx.ready()
        ctx.progress("turns")
        while True:
            await asyncio.sleep(0.02)
            if not Path("idle").exists():
                ctx.progress("turns")
            if Path("raise").exists():
                raise ValueError("told to")
            if Path("block").exists():
                Path("block").unlink()
                time.sleep(60)

    @hookimpl
    async def health(self, ctx):
        if Path("sensor").exists():
            raise RuntimeError("no idea")
        if Path("ill").exists():
            return Health(status="healthy", findings=(ILL,))
        return Health.healthy("fine")
"""


@pytest.fixture
def live(start: Start) -> Live:
    live = start(YAML, files={"sad.py": SAD, "glad.py": GLAD})

    def all_healthy() -> bool:
        return all(live.state(name).get("status") == "healthy" for name in ("base", "mate", "kid"))

    live.until(all_healthy, "all healthy", within_s=60)
    return live


def opened(live: Live, code: str, plugin: str | None) -> dict[str, Any] | None:
    """The finding as the journal's first entry about it has it."""
    entries = (json.loads(row["details"])["finding"] for row in live.journal("finding_opened", plugin))
    return next((finding for finding in entries if finding["code"] == code), None)


def resolved(live: Live, code: str, plugin: str | None) -> bool:
    return any(json.loads(row["details"])["code"] == code for row in live.journal("finding_resolved", plugin))


def test_a_quiet_system_answers_five_questions_and_finds_nothing(live: Live) -> None:
    told = {item["name"]: item["status"] for item in live.state("base")["conditions"]}
    assert told == dict.fromkeys(("declared", "started", "alive", "progressing", "effective"), "healthy")
    assert live.stop() == 0
    assert live.journal("finding_opened") == []


def test_a_killed_host_and_a_stop_by_a_person_are_findings(live: Live) -> None:
    os.kill(live.pid("mate"), signal.SIGKILL)
    found = live.until(lambda: opened(live, "QT-PLUGIN-DOWN", "mate"), "down")
    assert found["evidence"]["signal"] == "SIGKILL"
    live.until(lambda: resolved(live, "QT-PLUGIN-DOWN", "mate"), "over")
    live.qt("stop", "mate")
    live.until(lambda: opened(live, "QT-PLUGIN-STOPPED", "mate"), "stopped")
    assert live.stop() == 0
    assert opened(live, "QT-PLUGIN-STOPPED", "base") is None


def test_a_supervisor_that_was_stopped_for_a_while_accuses_nobody(live: Live) -> None:
    """Every answer has run out meanwhile; it records its own sleep, asks anew, and finds nothing."""
    os.kill(live.process.pid, signal.SIGSTOP)
    asleep_until_s = time.monotonic() + 5.0  # an answer holds for three cadences of a second
    live.until(lambda: time.monotonic() > asleep_until_s, "all answers have run out")
    os.kill(live.process.pid, signal.SIGCONT)
    held_up = live.until(lambda: [row for row in live.journal("note") if "held up" in row["reason"]], "its own record")
    assert json.loads(held_up[0]["details"])["held_up_s"] >= 4.5
    asked_anew = time.monotonic()

    def answered() -> bool:
        return all(live.state(name)["status"] == "healthy" for name in ("base", "mate", "kid"))

    live.until(lambda: time.monotonic() > asked_anew + 2.0 and answered(), "all have answered again")
    assert live.journal("finding_opened") == []
    assert all(live.state(name)["generation"] == 1 for name in ("base", "mate", "kid"))


def test_a_raising_plugin_is_a_finding_with_its_error_and_those_who_need_it_wait(live: Live) -> None:
    (live.folder / "raise").touch()
    live.until(lambda: opened(live, "QT-PLUGIN-RESTARTS", "base"), "restarts")
    down = opened(live, "QT-PLUGIN-DOWN", "base")
    assert down is not None
    assert (down["evidence"]["cause"], down["evidence"]["error_type"]) == ("raised", "ValueError")
    assert down["evidence"]["attempt"] == 1
    waits = live.until(lambda: opened(live, "QT-PLUGIN-WAITS", "kid"), "waits")
    assert waits["evidence"]["because_of"] == "base"


def test_a_hang_is_a_finding_and_who_shared_the_host_names_the_culprit(live: Live) -> None:
    (live.folder / "block").touch()
    live.until(lambda: opened(live, "QT-PLUGIN-HUNG", "base"), "hung")
    mate = live.until(lambda: opened(live, "QT-PLUGIN-DOWN", "mate"), "collateral")
    assert mate["evidence"]["because_of"] == "base"


def test_idleness_and_a_broken_sensor_are_findings_until_they_are_over(live: Live) -> None:
    (live.folder / "idle").touch()
    live.until(lambda: opened(live, "QT-PLUGIN-IDLE", "base"), "idle")
    (live.folder / "idle").unlink()
    (live.folder / "sensor").touch()
    found = live.until(lambda: opened(live, "QT-PLUGIN-SENSOR", "base"), "sensor")
    assert "no idea" in found["summary"]
    live.until(lambda: resolved(live, "QT-PLUGIN-IDLE", "base"), "over")


def test_two_truths_and_a_changed_file_are_found(live: Live) -> None:
    path = live.folder / "plugins.yaml"
    path.write_text(YAML + "# later\n")
    (live.folder / "path").write_text("two")
    os.kill(live.pid("mate"), signal.SIGKILL)
    found = live.until(lambda: opened(live, "QT-FACTS-DISAGREE", None), "disagreement")
    assert found["subject"] == "db.path"
    assert (found["evidence"]["kid"], found["evidence"]["mate"]) == ("one", "two")
    live.until(lambda: opened(live, "QT-CONFIG-CHANGED", None), "changed")
    path.write_text(YAML)
    live.until(lambda: resolved(live, "QT-CONFIG-CHANGED", None), "over")


def test_a_critical_finding_makes_the_whole_critical_and_outlives_the_supervisor(live: Live, start: Start) -> None:
    """All plugins call themselves healthy; the killed supervisor neither loses nor doubles the finding."""
    (live.folder / "ill").touch()
    first = live.until(lambda: opened(live, "QT-ILL", "base"), "ill")
    status = json.loads(live.qt("status", "--json").stdout)
    assert (status["overall"]["status"], status["counts"]["healthy"]) == ("critical", 3)
    live.process.kill()
    live.process.wait(20)
    again = start(YAML)

    def confirmed() -> list[dict[str, Any]]:
        findings = again.state("base").get("findings", [])
        return [item for item in findings if item["code"] == "QT-ILL" and not item["unconfirmed"]]

    (kept,) = again.until(confirmed, "confirmed")
    assert kept["opened_at"] == first["opened_at"]
    assert len([row for row in again.journal("finding_opened", "base") if "QT-ILL:" in row["reason"]]) == 1
