"""The rehearsed faults do what they say, in the harness."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from qtcore import CallFailed, FindingKind, Plugin, hookimpl
from qtcore.kernel.words import Cause
from qtcore.testing import SensorFailed, conformance, faults, harness

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("plugin", [faults.Healthy, faults.BlocksLoop, faults.SickUntilHealed, faults.SlowStart])
async def test_conforming_plugins_conform(plugin: type[Plugin[Any]]) -> None:
    """A plugin that starts, answers and leaves nothing passes the conformance check."""
    await conformance(plugin)


@pytest.mark.parametrize(
    ("plugin", "cause"),
    [
        (faults.CrashOnStart, Cause.RAISED),
        (faults.RaisesAfter, Cause.RAISED),
        (faults.ReturnsEarly, Cause.RETURNED),
        (faults.WaitsForVenue, Cause.NOT_READY),
        (faults.AsksOperator, Cause.NEEDS_OPERATOR),
    ],
)
async def test_ending_faults_end_with_their_cause(plugin: type[Plugin[Any]], cause: Cause) -> None:
    """Each ending fault is reported with its own cause."""
    async with harness(plugin) as h:
        assert (await h.end()).cause is cause


async def test_conformance_names_the_failure() -> None:
    """A plugin that cannot start fails the check with its cause."""
    with pytest.raises(AssertionError, match="rehearsed"):
        await conformance(faults.CrashOnStart)


class Talkative(faults.SickUntilHealed):
    """Says what it has not declared."""

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Nothing."""
        return ()


class Hopeful(faults.Healthy):
    """Promises to heal, and cannot."""

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """What only a heal hook could cure."""
        return (faults.SICK,)


async def test_what_a_plugin_reports_it_must_declare() -> None:
    """A code without its texts fails the check, and so does a heal that is promised and not there."""
    with pytest.raises(
        AssertionError, match="it reports QT-REHEARSED-SICK, which its hook `findings` does not declare"
    ):
        await conformance(Talkative)
    with pytest.raises(AssertionError, match="QT-REHEARSED-SICK is to be healed, but there is no hook `heal`"):
        await conformance(Hopeful)


async def test_a_raising_health_is_a_failed_sensor() -> None:
    """A health hook that raises is reported as such and ends nothing."""
    async with harness(faults.FailingSensor) as h:
        await h.ready()
        with pytest.raises(SensorFailed, match="sensor is broken"):
            await h.health()
        assert isinstance(await h.call("failing_sensor.pid"), int)


async def test_a_flood_leaves_the_loop_alive() -> None:
    """A plugin that publishes without pause still lets others run."""
    async with harness(faults.Flood, faults.Healthy) as h:
        await h.ready()
        await h.until(lambda: len(h.published(faults.Drop)) > 500)
        assert isinstance(await h.call("healthy.pid"), int)


async def test_a_plugin_without_heal_says_so() -> None:
    """Asking a plugin to heal that has no heal hook is a typed error."""
    async with harness(faults.Healthy, faults.SickUntilHealed) as h:
        await h.ready()
        finding = (await h.health("sick_until_healed")).findings[0]
        with pytest.raises(CallFailed, match="no heal hook"):
            await h.heal(finding, "healthy")


async def run_deaf() -> None:
    async with harness(faults.IgnoresCancel, stop_timeout_s=0.1) as h:
        await h.ready()
        plugin = h._one(None).live.plugin
        asyncio.get_running_loop().call_later(0.5, setattr, plugin, "may_go", True)  # leave nothing behind


async def test_a_deaf_task_is_named() -> None:
    """A task that outlives its stop fails the test by its name."""
    with pytest.raises(AssertionError, match="ignores_cancel left running after its stop: ignores_cancel#1 start"):
        await run_deaf()
    deaf = [task for task in asyncio.all_tasks() if task.get_name().startswith("ignores_cancel")]
    await asyncio.wait(deaf, timeout=5)
