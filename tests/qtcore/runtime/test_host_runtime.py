"""The host runtime carries out the supervisor's orders and reports what becomes of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from qtcore import NoSettings, Plugin, hookimpl
from qtcore.control.host_message import (
    CallAction,
    CallDone,
    CheckHealth,
    HealDone,
    HealPlugin,
    HealthReported,
    HostUp,
    PluginEnded,
    PluginLoaded,
    PluginReady,
    StopPlugin,
)
from qtcore.hosts.runtime.instance import DeafExclusive
from qtcore.kernel.words import Cause

pytestmark = pytest.mark.anyio


class DeafEnd(Plugin[NoSettings]):
    """Ends by itself, but leaves a task that cannot be cancelled."""

    may_go: asyncio.Event

    @hookimpl
    async def start(self) -> None:
        type(self).may_go = asyncio.Event()
        self.task = asyncio.create_task(self.stay())
        await asyncio.sleep(0)
        raise RuntimeError("over")

    async def stay(self) -> None:
        while not self.may_go.is_set():
            try:
                await self.may_go.wait()
            except asyncio.CancelledError:
                continue


FAULTS = "qtcore.testing.faults"


async def test_a_host_says_that_it_is_up_and_where(supervised: Any) -> None:
    """HostUp comes first and names the bound sockets."""
    up = await supervised.report(HostUp)
    assert up.publisher == f"ipc://{supervised.spec.run_dir}/main.pub"
    assert (supervised.spec.run_dir / "main.rpc").stat().st_mode & 0o777 == 0o600


async def test_a_plugin_is_loaded_ready_and_stopped(supervised: Any) -> None:
    """StartPlugin leads to PluginLoaded and PluginReady, StopPlugin to PluginEnded."""
    supervised.start("calm", f"{FAULTS}:Healthy")
    loaded = await supervised.report(PluginLoaded)
    assert loaded.module_file.endswith("faults.py")
    await supervised.report(PluginReady)
    supervised.tell(StopPlugin(plugin="calm", generation=1, reason="enough"))
    ended = await supervised.report(PluginEnded)
    assert (ended.cause, ended.sentence) == (Cause.OPERATOR, "stopped: enough")


async def test_health_and_heal_are_asked_by_request(supervised: Any) -> None:
    """CheckHealth and HealPlugin are answered with their request's id."""
    supervised.start("ill", f"{FAULTS}:SickUntilHealed")
    await supervised.report(PluginReady)
    supervised.tell(CheckHealth(plugin="ill", generation=1, request="h1"))
    sick = await supervised.report(HealthReported)
    assert sick.request == "h1"
    finding = sick.health.findings[0]
    supervised.tell(HealPlugin(plugin="ill", generation=1, request="x1", finding=finding))
    assert (await supervised.report(HealDone)).act == "took the cure for QT-REHEARSED-SICK"
    supervised.tell(CheckHealth(plugin="ill", generation=1, request="h2"))
    well = await supervised.report(HealthReported, lambda said: said.request == "h2")
    assert well.health.status == "healthy"


async def test_a_failing_sensor_and_an_absent_plugin_are_said_to_be_so(supervised: Any) -> None:
    """A raising health, and a generation that does not run here, are sensor failures."""
    supervised.start("blind", f"{FAULTS}:FailingSensor")
    await supervised.report(PluginReady)
    for generation, words in ((1, "the sensor is broken"), (7, "not loaded")):
        supervised.tell(CheckHealth(plugin="blind", generation=generation, request=f"g{generation}"))
        said = await supervised.report(HealthReported, lambda said, n=generation: said.request == f"g{n}")
        assert words in said.sensor_failure


async def test_calls_of_the_operator_are_answered(supervised: Any) -> None:
    """CallAction gives the result, or a typed error in a sentence."""
    supervised.start("calm", f"{FAULTS}:Healthy")
    await supervised.report(PluginReady)
    for action, request in (("pid", "c1"), ("pdi", "c2")):
        supervised.tell(CallAction(plugin="calm", generation=1, request=request, action=action, timeout_s=2))
    assert isinstance((await supervised.report(CallDone, lambda done: done.request == "c1")).result, int)
    wrong = await supervised.report(CallDone, lambda done: done.request == "c2")
    assert (wrong.error_type, "did you mean 'pid'" in wrong.error) == ("UnknownAction", True)


@pytest.mark.parametrize(
    ("use", "cause", "words"),
    [
        ("nowhere.to_be_found", Cause.DEFECT, "there is no module"),
        (f"{FAULTS}:Helthy", Cause.DEFECT, "did you mean"),
        (f"{FAULTS}:SlowStart", Cause.CONFIGURATION, "did you mean 'after_s'"),
        (f"{FAULTS}:CrashOnStart", Cause.RAISED, "rehearsed"),
        (f"{FAULTS}:AsksOperator", Cause.NEEDS_OPERATOR, "operator"),
    ],
)
async def test_what_cannot_start_ends_with_its_cause(supervised: Any, use: str, cause: Cause, words: str) -> None:
    """Each way of not starting has its own cause and a sentence; the host goes on."""
    supervised.start("broken", use, settings={"after": 1} if "Slow" in use else {})
    ended = await supervised.report(PluginEnded)
    assert ended.cause is cause
    assert words in ended.sentence
    supervised.start("calm", f"{FAULTS}:Healthy")
    await supervised.report(PluginReady)


async def test_one_failing_plugin_leaves_the_others_alone(supervised: Any) -> None:
    """A plugin that raises ends alone."""
    supervised.start("calm", f"{FAULTS}:Healthy")
    supervised.start("weak", f"{FAULTS}:RaisesAfter", settings={"after_s": 0.05})
    ended = await supervised.report(PluginEnded)
    assert ended.plugin == "weak"
    assert "faults.py" in ended.traceback
    supervised.tell(CallAction(plugin="calm", generation=1, request="c", action="pid", timeout_s=2))
    assert (await supervised.report(CallDone)).error is None


async def test_a_deaf_plugin_is_never_reported_as_ended(supervised: Any) -> None:
    """While a task of it runs, there is no PluginEnded; its context is fenced all the same."""
    supervised.start("deaf", f"{FAULTS}:IgnoresCancel")
    await supervised.report(PluginReady)
    instance = supervised.runtime._instances["deaf", 1]
    supervised.tell(StopPlugin(plugin="deaf", generation=1, reason="enough"))
    supervised.tell(CheckHealth(plugin="deaf", generation=1, request="after"))
    await supervised.report(HealthReported)
    assert supervised.of(PluginEnded) == []
    instance.live.plugin.may_go = True
    await supervised.report(PluginEnded)


async def test_a_deaf_exclusive_plugin_costs_its_host(make_supervisor: Any) -> None:
    """One that ended by itself but left a task that ignores cancellation ends the whole host, by raising."""
    supervisor = make_supervisor()
    running = asyncio.create_task(supervisor.runtime.run(supervisor.messages()))
    supervisor.start("deaf", f"{__name__}:{DeafEnd.__name__}", exclusive=True, stop_timeout_s=0.05)
    try:
        with pytest.raises(DeafExclusive, match="ignored being cancelled"):
            async with asyncio.timeout(10):
                await running
        assert supervisor.of(PluginEnded) == []
    finally:
        DeafEnd.may_go.set()
        await asyncio.wait([task for task in asyncio.all_tasks() if task.get_name().startswith("deaf#")] or [running])
        supervisor.board.close()


async def test_an_end_of_the_channel_ends_the_host(tmp_path: Any, run_dir: Any, supervised: Any) -> None:
    """When the supervisor hangs up, plugins are stopped and the runtime returns."""
    supervised.start("calm", f"{FAULTS}:Healthy")
    await supervised.report(PluginReady)
    supervised.hang_up()
    await supervised.report(PluginEnded)
