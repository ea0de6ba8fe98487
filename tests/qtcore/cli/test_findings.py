"""`qt findings`, `qt ack`, `qt mute` and `qt unmute`, on a running supervisor and after it was killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tests.qtcore.cli.conftest import Qt

Until = Callable[[Callable[[], Any], str], Any]

ILL = """
from qtcore import Context, Finding, Health, Plugin, Severity, hookimpl


class Ill(Plugin):
    cadence_s = 1.0

    @hookimpl
    async def start(self, ctx: Context) -> None:
        ctx.ready()
        await ctx.serve()

    @hookimpl
    async def health(self, ctx: Context) -> Health:
        trouble = Finding(code="QT-KETTLE-COLD", severity=Severity.CRITICAL, summary="cold", subject="red")
        return Health.critical("cold", trouble)
"""


def test_findings_are_listed_known_muted_and_survive_the_supervisor(application: Qt, until: Until) -> None:
    (application.folder / "watchers" / "ill.py").write_text(ILL)
    path = application.folder / "plugins.yaml"
    text = path.read_text().replace("  probes: {}\n", "  probes: {}\n  ill: {}\n")
    path.write_text(text + "  ill: {use: watchers.ill, host: ill, restart: {max_restarts: 1}}\n")
    supervisor = application.start("up", "--headless")
    try:
        found = until(lambda: _named(application, "ill/QT-KETTLE-COLD/red"), "the finding")
        assert found["finding"]["episodes"] == 1
        _is_known(application)
        _is_muted(application)
        _refuses_what_is_unknown(application)
    finally:
        supervisor.kill()
        supervisor.communicate(timeout=30)
    _is_read_from_the_records(application)


def _named(qt: Qt, fingerprint: str) -> dict[str, Any] | None:
    done = qt("findings", "--json")
    if done.returncode == 3:
        return None
    document = qt.json("findings")
    return next((item for item in document["findings"] if item["fingerprint"] == fingerprint), None)


def _is_known(qt: Qt) -> None:
    done = qt("ack", "QT-KETTLE-COLD", "--reason", "water is on its way")
    assert done.returncode == 0, done.stderr
    found = _named(qt, "ill/QT-KETTLE-COLD/red")
    assert found is not None
    assert f"uid {os.geteuid()}" in found["finding"]["acknowledged_by"]
    assert qt("findings").returncode == 2


def _is_muted(qt: Qt) -> None:
    assert qt("mute", "ill/QT-KETTLE-COLD/red", "--for", "2h", "--reason", "tea is late").returncode == 0
    told = qt("findings")
    assert "tea is late" in told.stdout
    assert told.returncode < 2, told.stdout
    assert qt("unmute", "ill/QT-KETTLE-COLD/red").returncode == 0
    assert "tea is late" not in qt("findings").stdout
    assert qt("mute", "QT-PLUGIN-DOWN", "--for", "1d", "--reason", "nights are long").returncode == 0


def _refuses_what_is_unknown(qt: Qt) -> None:
    refused = qt("ack", "QT-KETTLE-COLT")
    assert refused.returncode == 64
    assert 'did you mean "QT-KETTLE-COLD"?' in refused.stderr
    assert qt("mute", "QT-KETTLE-COLD", "--for", "soon", "--reason", "x").returncode == 64
    assert qt("mute", "QT-KETTLE-COLD", "--for", "99d", "--reason", "x").returncode == 64
    assert "nothing to do" in qt("unmute", "QT-KETTLE-COLD").stdout


def _is_read_from_the_records(qt: Qt) -> None:
    told = qt("findings", "--all")
    assert told.returncode == 3
    assert told.stdout.startswith("NOT RUNNING")
    assert "ill/QT-KETTLE-COLD/red" in told.stdout
    assert "nights are long" in told.stdout
