"""A real supervisor, real hosts, real signals: what dies comes back, and what is told about it is true."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from psutil import Process, pid_exists

TWO_HOSTS = """
version: 1
hosts: {one: {}, two: {}}
plugins:
  calm: {use: "qtcore.testing.faults:Healthy", host: one}
  lodger: {use: "qtcore.testing.faults:Healthy", host: two}
  victim: {use: "qtcore.testing.faults:Healthy", host: two}
"""


def test_killed_host_comes_back_and_others_are_untouched(start: Callable) -> None:
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


def test_stopped_host_is_named_as_stopped_and_replaced(start: Callable) -> None:
    """SIGSTOP is noticed, called by its name, and cured by a new process."""
    live = start(TWO_HOSTS)
    before = live.until_running("victim")
    os.kill(before["pid"], signal.SIGSTOP)
    live.until_running("victim", before["generation"])
    assert "stopped by a signal" in live.journal("host_suspected")[0]["reason"]
    assert live.stop() == 0


def test_blocked_loop_is_noticed_with_the_guilty_plugin(start: Callable) -> None:
    """A plugin that blocks its loop is named from its stack, its lodgers are collateral."""
    live = start(
        TWO_HOSTS.replace(
            'victim: {use: "qtcore.testing.faults:Healthy"', 'victim: {use: "qtcore.testing.faults:BlocksLoop"'
        )
    )
    before = live.until_running("victim")
    live.until_running("victim", before["generation"])
    gone = live.until(lambda: live.journal("host_gone"), "a host is gone")[0]
    assert gone["plugin"] == "victim"
    collateral = [json.loads(row["details"]).get("collateral_of") for row in live.journal("transition", "lodger")]
    assert "victim" in collateral or any(collateral)
    assert live.stop() == 0


def test_plugin_that_raises_on_every_start_is_quarantined(start: Callable) -> None:
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
    assert live.state("calm")["generation"] == calm["generation"]
    assert live.stop() == 0


def test_killed_supervisor_leaves_nothing_behind_and_the_next_goes_on(start: Callable) -> None:
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
    while any(pid_exists(pid) for pid in family) and time.monotonic() < deadline:
        continue
    assert not [pid for pid in family if pid_exists(pid)]
    again = start(TWO_HOSTS)
    after = again.until_running("victim", before["generation"])
    assert after["generation"] > before["generation"]
    assert any("without stopping in order" in row["reason"] for row in again.journal("supervisor_died"))
    assert again.stop() == 0


def test_second_supervisor_on_the_same_home_is_refused_by_pid(start: Callable, tmp_path: Path) -> None:
    """Two on one home: the second ends with 69 and one sentence that names the first."""
    live = start(TWO_HOSTS)
    live.until_running("calm")
    second = start(TWO_HOSTS)
    assert second.process.wait(20) == 69
    assert f"{live.process.pid}" in second.output()
    assert live.stop() == 0
