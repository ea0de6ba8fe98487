"""The supervisor does not take its own sleep for the silence of others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from qtcore.control.host_message import HealthReported
from qtcore.documents import Instant
from qtcore.health.derived import Life, derived
from qtcore.health.model import Finding, Health, Severity, Status
from qtcore.health.verdict import PluginView, judge
from qtcore.kernel.words import Lifecycle
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.supervisor.findings import FindingsBook
from qtcore.supervisor.rounds import HealthRounds, Reading
from qtcore.supervisor.vigil import Vigil

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
CADENCE_S, TIMEOUT_S = 2.0, 3.0


@dataclass
class World:
    """A supervisor's rounds in virtual time: plugins answer when told to, the clock stands until it is moved."""

    now_s: float = 1000.0
    slept_s: list[float] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    heard: list[Reading] = field(default_factory=list)
    status: Status = Status.UNKNOWN

    def __post_init__(self) -> None:
        self.vigil = Vigil(self.woke, instant=self.instant)
        self.rounds = HealthRounds(
            ask=lambda plugin, _generation, request: self.asked.append((plugin, request)),
            heard=self.heard.append,
            clock=self.vigil.now_s,
            instant=self.vigil.instant,
        )
        self.vigil.begin()

    def instant(self) -> Instant:
        wall = START + timedelta(seconds=self.now_s - 1000.0)
        return Instant(wall=wall, boot_id="boot", monotonic_s=self.now_s)

    def woke(self, gap_s: float) -> None:
        self.slept_s.append(gap_s)
        self.rounds.woke()

    def answer(self, plugin: str, request: str) -> None:
        health = Health.healthy("fine")
        self.rounds.answered(HealthReported(plugin=plugin, generation=1, request=request, health=health))

    def findings(self, plugin: str) -> list[str]:
        """What would be found of the plugin at this moment."""
        reading = self.rounds.readings[plugin]
        view = PluginView(
            Lifecycle.RUNNING,
            "ready",
            CADENCE_S,
            1000.0,
            health=reading.health,
            valid_until_s=reading.valid_until.monotonic_s,
            sensor_failure=reading.sensor_failure,
            excused_until_s=self.rounds.excused_until_s(plugin),
        )
        self.status = judge(view, self.now_s).status
        return [item.code for item in derived(Life(plugin, "main", view), self.now_s)]

    def fresh(self, plugin: str) -> bool:
        return self.rounds.readings[plugin].valid_until.monotonic_s > self.now_s

    async def turn(self) -> None:
        """Let the rounds look at the clock once."""
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.rounds.run)
                for _ in range(3):
                    await checkpoint()
                scope.cancel()

    async def begin(self, *plugins: str) -> None:
        for plugin in plugins:
            self.rounds.begin(plugin, 1, cadence_s=CADENCE_S, timeout_s=TIMEOUT_S)
        await self.turn()
        for plugin, request in self.asked:
            self.answer(plugin, request)
        self.asked.clear()


@pytest.mark.anyio
async def test_after_its_own_sleep_it_asks_first_and_judges_after() -> None:
    """Old answers are unknown, yet no finding, for the time of one answer; who then says nothing is found."""
    world = World()
    await world.begin("talks", "silent")
    world.now_s += 10.0
    await world.turn()
    assert world.slept_s == [10.0]
    assert sorted(plugin for plugin, _ in world.asked) == ["silent", "talks"]
    for plugin in ("talks", "silent"):
        assert (world.findings(plugin), world.status) == ([], Status.UNKNOWN)
    world.answer(*next(each for each in world.asked if each[0] == "talks"))
    for _ in range(3):
        world.now_s += TIMEOUT_S / 3 + 0.01
        world.vigil.now_s()
    await world.turn()
    assert world.findings("talks") == []
    assert world.findings("silent") == ["QT-PLUGIN-SENSOR"]


@pytest.mark.anyio
async def test_a_question_from_before_the_sleep_is_asked_anew() -> None:
    """It is no missed answer, and what was answered to it is old."""
    world = World()
    await world.begin("it")
    world.now_s += CADENCE_S
    await world.turn()
    ((_, before),) = world.asked
    world.now_s += 10.0
    await world.turn()
    assert world.rounds.missed == 0
    world.answer("it", before)
    assert not world.fresh("it")
    world.answer(*world.asked[-1])
    assert world.fresh("it")


@pytest.mark.anyio
async def test_a_plugin_that_is_silent_while_it_looks_is_found_as_ever() -> None:
    """Time that passes in steps, as it does while somebody looks each second, excuses nobody."""
    world = World()
    await world.begin("it")
    for _ in range(7):
        world.now_s += 1.0
        world.vigil.now_s()
    assert world.slept_s == []
    assert world.findings("it") == ["QT-PLUGIN-OUTDATED"]


def test_a_finding_neither_lasts_nor_stays_away_while_nobody_looks(tmp_path: Path) -> None:
    """What was about to open waits on; so does what was about to be over."""
    world = World()
    home = Home(tmp_path / "home")
    home.create()
    with Journal.open(home, now=world.instant) as journal:
        book = FindingsBook(journal, world.instant)
        book.see("it", Finding(code="QT-NEW", severity=Severity.MEDIUM, title="t", summary="s"))
        book.see("it", Finding(code="QT-OLD", severity=Severity.HIGH, title="t", summary="s"))
        book.resolve("it", "QT-OLD", "gone")
        world.now_s += 60.0
        book.slept(60.0)
        book.pass_time()
        assert [finding.code for finding in book.open] == ["QT-OLD"]
        world.now_s += 2.0
        book.pass_time()
        assert [finding.code for finding in book.open] == ["QT-NEW", "QT-OLD"]
        world.now_s += 3.0
        book.pass_time()
        assert [finding.code for finding in book.open] == ["QT-NEW"]
