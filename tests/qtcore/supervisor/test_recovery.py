"""A real supervisor, real hosts, real signals: what dies comes back, and what is told about it is true."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psutil import STATUS_ZOMBIE, NoSuchProcess, Process

Start = Callable[..., Any]

TWO_HOSTS = """
version: 1
hosts: {one: {}, two: {}}
plugins:
  calm: {use: "qtcore.testing.faults:Healthy", host: one}
  lodger: {use: "qtcore.testing.faults:Healthy", host: two}
  victim: {use: "qtcore.testing.faults:Healthy", host: two}
"""


def test_killed_host_comes_back_and_others_are_untouched(start: Start) -> None:
    """SIGKILL of a host brings a new generation of each of its plugins; other hosts keep their process."""
    live = start(TWO_HOSTS)
    before = {name: live.until_running(name) for name in ("calm", "lodger", "victim")}
    os.kill(before["victim"]["pid"], signal.SIGKILL)
    after = live.until_running("victim", before["victim"]["generation"])
    lodger = live.until_running("lodger", before["lodger"]["generation"])
    assert after["pid"] == lodger["pid"] != before["victim"]["pid"]
    assert live.state("calm")["generation"] == before["calm"]["generation"]
    assert live.state("calm")["pid"] == before["calm"]["pid"]
    (gone,) = live.journal("host_gone")
    assert "SIGKILL" in gone["reason"]
    assert live.stop() == 0


def test_stopped_host_is_named_as_stopped_and_replaced(start: Start) -> None:
    """SIGSTOP is noticed, called by its name, and cured by a new process."""
    live = start(TWO_HOSTS)
    before = live.until_running("victim")
    os.kill(before["pid"], signal.SIGSTOP)
    live.until_running("victim", before["generation"])
    assert "stopped by a signal" in live.journal("host_suspected")[0]["reason"]
    assert live.stop() == 0


@pytest.mark.parametrize("fault", ["BlocksLoop", "HoldsGil"])
def test_hung_host_is_noticed_with_the_guilty_plugin(start: Start, fault: str) -> None:
    """A plugin that blocks its loop, or holds the interpreter, is named from its stack; its lodgers are collateral."""
    live = start(
        TWO_HOSTS.replace(
            'victim: {use: "qtcore.testing.faults:Healthy"', f'victim: {{use: "qtcore.testing.faults:{fault}"'
        )
    )
    before = live.until_running("victim")
    live.until_running("lodger")
    asked = live.qt("call", "victim.strike", "--timeout", "0.1")
    assert asked.returncode != 0
    live.until_running("victim", before["generation"])
    (gone,) = live.journal("host_gone")
    assert gone["plugin"] == "victim"
    assert gone["cause"] == "hung"
    assert "strike" in json.loads(gone["details"])["stacks"]
    collateral = [json.loads(row["details"])["collateral_of"] for row in live.journal("transition", "lodger")]
    assert "victim" in collateral
    assert live.stop() == 0


def test_sick_plugin_is_healed_in_place_and_proven(start: Start) -> None:
    """A healable finding leads to `heal`, a re-check and a record of proof, without a restart."""
    live = start(
        'version: 1\nplugins:\n  sick: {use: "qtcore.testing.faults:SickUntilHealed", health: {cadence_s: 0.2}}\n'
    )
    before = live.until_running("sick")
    healing = live.until(lambda: live.journal("healing", "sick"), "an act of healing")[0]
    assert json.loads(healing["details"])["outcome"] == "proven"
    assert live.until_running("sick")["generation"] == before["generation"]
    assert live.journal("finding_opened", "sick")
    assert live.until(lambda: live.journal("finding_resolved", "sick"), "the finding is over")
    assert live.stop() == 0


def test_deaf_plugin_costs_its_host_but_not_the_stop(start: Start) -> None:
    """A plugin that ignores cancellation cannot hold up a restart: its process is ended."""
    live = start('version: 1\nplugins:\n  deaf: {use: "qtcore.testing.faults:IgnoresCancel", stop_timeout_s: 0.5}\n')
    before = live.until_running("deaf")
    assert live.qt("restart", "deaf").returncode == 0
    after = live.until_running("deaf", before["generation"])
    assert after["pid"] != before["pid"]
    assert live.stop() == 0


def test_plugin_that_raises_on_every_start_is_quarantined(start: Start) -> None:
    """A crash loop ends in quarantine with the reason, while its neighbour in the same host goes on."""
    live = start(
        """
version: 1
plugins:
  calm: {use: "qtcore.testing.faults:Healthy"}
  broken: {use: "qtcore.testing.faults:CrashOnStart", restart: {max_restarts: 2, base_s: 0.01, cap_s: 0.02}}
"""
    )
    calm = live.until_running("calm")
    live.until(lambda: live.state("broken").get("lifecycle") == "quarantined", "broken in quarantine")
    assert live.state("broken")["status"] == "failed"
    ends = live.journal("transition", "calm")[2:]
    assert {json.loads(row["details"])["collateral_of"] for row in ends if row["cause"]} <= {"broken"}
    assert live.until_running("calm")["generation"] <= calm["generation"] + 1
    assert live.stop() == 0


def alive(pid: int) -> bool:
    """It exists and is not a corpse that nobody reaps (this machine's process 1 may not)."""
    try:
        return Process(pid).status() != STATUS_ZOMBIE
    except NoSuchProcess:
        return False


def test_killed_supervisor_leaves_nothing_behind_and_the_next_goes_on(start: Start) -> None:
    """SIGKILL of the supervisor ends every process within a second; generations go on from where they were."""
    live = start(TWO_HOSTS)
    before = live.until_running("victim")
    live.until_running("calm")
    family = [child.pid for child in Process(live.process.pid).children(recursive=True)]
    assert len(family) >= 3
    live.process.kill()
    live.process.wait()
    gone_within_s = 1.0
    deadline = time.monotonic() + gone_within_s
    while any(alive(pid) for pid in family) and time.monotonic() < deadline:
        continue
    assert not [pid for pid in family if alive(pid)]
    again = start(TWO_HOSTS)
    after = again.until_running("victim", before["generation"])
    assert after["generation"] > before["generation"]
    assert any("without stopping in order" in row["reason"] for row in again.journal("supervisor_died"))
    assert again.stop() == 0


def test_second_supervisor_on_the_same_home_is_refused_by_pid(start: Start, tmp_path: Path) -> None:
    """Two on one home: the second ends with 69 and one sentence that names the first."""
    live = start(TWO_HOSTS)
    live.until_running("calm")
    second = start(TWO_HOSTS)
    assert second.process.wait(20) == 69
    assert f"{live.process.pid}" in second.output()
    assert live.stop() == 0


def test_removed_logs_are_noticed_and_begun_anew(start: Start) -> None:
    """Deleting logs and traces under a running system is a finding, and every process goes on in new files."""
    live = start(TWO_HOSTS)
    for plugin in ("calm", "victim"):
        live.until_running(plugin)
    logs, traces = live.home / "logs", live.home / "traces"
    shutil.rmtree(logs)
    shutil.rmtree(traces)
    expected = [logs / name for name in ("host-one.jsonl", "host-two.jsonl", "supervisor.jsonl", "one.out", "two.out")]
    live.until(lambda: all(path.exists() for path in expected), "new log files")
    opened = live.until(lambda: [e for e in live.journal("finding_opened") if "RECORDS-REMOVED" in e["reason"]], "it")
    assert "were removed while they were written" in opened[0]["reason"]
    live.until(lambda: len([*traces.glob("*.jsonl")]) >= 3, "new traces")
    assert live.stop() == 0


WITHHOLDER = """
from qtcore import Context, Plugin, hookimpl


class Withholder(Plugin):
    @hookimpl
    async def start(self, ctx: Context) -> None:
        ctx.ready()
        ctx.would_have("sold everything", price=1.5)
        await ctx.serve()
"""


def test_autonomy_is_shown_and_what_it_withheld_is_in_the_journal(start: Start) -> None:
    """`off` is not started and counted as off; `observe` is named in the status, with its acts as `would_have`."""
    live = start(
        "version: 1\nplugins:\n  looker: {use: withholder, autonomy: observe}\n"
        '  idle: {use: "qtcore.testing.faults:Healthy", autonomy: "off"}\n',
        files={"withholder.py": WITHHOLDER},
    )
    live.until_running("looker")
    (held,) = live.until(lambda: live.journal("would_have"), "the withheld act")
    assert held["reason"] == "would have sold everything"
    assert json.loads(held["details"])["facts"] == {"price": 1.5}
    status = json.loads(live.qt("status", "--json").stdout)
    lines = {line["name"]: line for line in status["plugins"]}
    assert (lines["looker"]["autonomy"], lines["idle"]["autonomy"]) == ("observe", "off")
    assert (lines["idle"]["lifecycle"], lines["idle"]["status"], status["counts"]["off"]) == ("disabled", "off", 1)
    assert "autonomy is off" in live.state("idle")["reason"]
    assert "would have sold everything" in live.qt("why", "looker").stdout
    assert live.stop() == 0


MOURNER = """
from qtcore import Context, Finding, Plugin, Severity, hookimpl


class Mourner(Plugin):
    @hookimpl
    async def start(self, ctx: Context) -> None:
        ctx.ready()
        if ctx.generation == 1:
            ctx.raise_finding(Finding(code="QT-MOURNED", severity=Severity.HIGH, summary="lost", subject="A"))
        else:
            ctx.resolve_finding("QT-MOURNED")
        await ctx.serve()
"""


def test_a_finding_of_an_earlier_life_is_resolved_by_its_code_alone(start: Start) -> None:
    """The next generation does not know about whom it was told."""
    live = start("version: 1\nplugins:\n  mourner: {use: mourner}\n", files={"mourner.py": MOURNER})
    before = live.until_running("mourner")

    def of(kind: str) -> list[dict[str, Any]]:
        return [entry for entry in live.journal(kind) if "QT-MOURNED" in f"{entry}"]

    live.until(lambda: of("finding_opened"), "the finding")
    live.qt("restart", "mourner")
    live.until_running("mourner", before["generation"])
    live.until(lambda: of("finding_resolved"), "its end")
    assert live.stop() == 0
