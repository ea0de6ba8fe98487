"""Health rounds: asks each running plugin how it is, on its cadence, and keeps the last answer with its expiry."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import anyio

from qtcore.control.host_message import HealthReported
from qtcore.documents import Instant
from qtcore.health.model import Health, Status

Clock = Callable[[], float]
DEGRADED_CADENCE_S = 15.0
CRITICAL_CADENCE_S = 5.0
VALID_FOR_CADENCES = 3.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The last thing known about a plugin's own view of its health."""

    plugin: str
    generation: int
    observed_at: Instant
    valid_until: Instant
    health: Health | None
    sensor_failure: str | None = None

    @property
    def expiries_s(self) -> dict[str, float]:
        """When conditions with an expiry of their own run out, by name, in monotonic seconds."""
        ages = {item.name: item.expires_at for item in (self.health.conditions if self.health else ())}
        seen = self.observed_at
        return {
            name: seen.monotonic_s + (at - seen.wall).total_seconds() for name, at in ages.items() if at is not None
        }


@dataclass(slots=True)
class _Watch:
    plugin: str
    generation: int
    cadence_s: float
    timeout_s: float
    pending: str | None = None
    due_s: float = field(default=0.0)
    excused_until_s: float | None = None


class HealthRounds:
    """Schedules questions; `ask(plugin, generation, request)` sends one, `heard(reading)` gets each answer."""

    def __init__(
        self,
        *,
        ask: Callable[[str, int, str], None],
        heard: Callable[[Reading], None],
        clock: Clock,
        instant: Callable[[], Instant],
    ) -> None:
        self._ask = ask
        self._heard = heard
        self._clock = clock
        self._instant = instant
        self._watches: dict[str, _Watch] = {}
        self._agenda: list[tuple[float, int, str]] = []
        self._serial = count(1)
        self._moved = anyio.Event()
        self.readings: dict[str, Reading] = {}
        self.asked = 0
        """Questions so far."""
        self.missed = 0
        """Of those, how many had no answer in time."""

    def begin(self, plugin: str, generation: int, *, cadence_s: float, timeout_s: float) -> None:
        """Start asking this generation, the first time now."""
        self._watches[plugin] = _Watch(plugin, generation, cadence_s, timeout_s)
        self.readings.pop(plugin, None)
        self._schedule(self._watches[plugin], 0.0)

    def end(self, plugin: str) -> None:
        """Stop asking; the reading of a generation that is over says nothing any more."""
        self._watches.pop(plugin, None)
        self.readings.pop(plugin, None)

    def recheck(self, plugin: str) -> None:
        """Ask now, whatever the cadence says."""
        if watch := self._watches.get(plugin):
            watch.pending = None
            self._schedule(watch, 0.0)

    def ask_soon(self, plugin: str) -> None:
        """Ask now, unless an answer is awaited already."""
        watch = self._watches.get(plugin)
        if watch and watch.pending is None:
            self._schedule(watch, 0.0)

    def woke(self) -> None:
        """The supervisor itself was away: ask everybody anew, and take no answer to what was asked before it."""
        for watch in self._watches.values():
            watch.pending = None
            watch.excused_until_s = self._clock() + watch.timeout_s
            self._schedule(watch, 0.0)

    def excused_until_s(self, plugin: str) -> float | None:
        """Until when the age of its last answer is the supervisor's own doing; None while it is not."""
        watch = self._watches.get(plugin)
        return watch.excused_until_s if watch else None

    def cadence_s(self, plugin: str) -> float:
        """How often the plugin is asked while all is well."""
        watch = self._watches.get(plugin)
        return watch.cadence_s if watch else 0.0

    def answered(self, message: HealthReported) -> None:
        """Take an answer; answers to questions that nobody waits for any more are dropped."""
        watch = self._watches.get(message.plugin)
        if watch and watch.generation == message.generation and watch.pending == message.request:
            self._conclude(watch, message.health, message.sensor_failure)

    async def run(self) -> None:
        """Ask and time out for ever; sleeps until the next question or deadline is due."""
        while True:
            self._moved = anyio.Event()
            self._clock()  # a gap moves the whole agenda, so it is noticed before anything is judged late
            while self._agenda and self._agenda[0][0] <= self._clock():
                _due, _tie, plugin = heapq.heappop(self._agenda)
                self._turn(plugin)
            wait_s = self._agenda[0][0] - self._clock() if self._agenda else None
            with anyio.move_on_after(wait_s):
                await self._moved.wait()

    def _turn(self, plugin: str) -> None:
        watch = self._watches.get(plugin)
        if watch is None or watch.due_s > self._clock():
            return  # the plugin is gone or the entry was superseded by a later one
        if watch.pending is not None:
            self.missed += 1
            self._conclude(watch, None, f"health gave no answer within {watch.timeout_s:g} s")
            return
        watch.pending = f"{plugin}-{watch.generation}-{next(self._serial)}"
        self._schedule(watch, watch.timeout_s)
        self.asked += 1
        self._ask(plugin, watch.generation, watch.pending)

    def _conclude(self, watch: _Watch, health: Health | None, sensor_failure: str | None) -> None:
        watch.pending, watch.excused_until_s = None, None
        now = self._instant()
        valid_for_s = (health.valid_for_s if health else None) or VALID_FOR_CADENCES * watch.cadence_s
        dated = None if health is None else _dated(health, now)
        reading = Reading(watch.plugin, watch.generation, now, now.later(valid_for_s), dated, sensor_failure)
        self.readings[watch.plugin] = reading
        self._schedule(watch, next_cadence_s(watch.cadence_s, health))
        self._heard(reading)

    def _schedule(self, watch: _Watch, in_s: float) -> None:
        watch.due_s = self._clock() + in_s
        entry = (watch.due_s, next(self._serial), watch.plugin)
        heapq.heappush(self._agenda, entry)
        if self._agenda[0] is entry:  # later ones wake nobody
            self._moved.set()


def _dated(health: Health, now: Instant) -> Health:
    """Conditions without a moment of their own were observed just now."""
    if not any(item.observed_at is None for item in health.conditions):
        return health
    dated = (
        item if item.observed_at else item.model_copy(update={"observed_at": now.wall}) for item in health.conditions
    )
    return health.model_copy(update={"conditions": tuple(dated)})


def next_cadence_s(cadence_s: float, health: Health | None) -> float:
    """How long until the next question: sooner while things are bad."""
    match health.status if health else Status.UNKNOWN:
        case Status.HEALTHY | Status.OFF:
            return cadence_s
        case Status.DEGRADED | Status.UNKNOWN:
            return min(cadence_s, DEGRADED_CADENCE_S)
        case Status.CRITICAL | Status.FAILED:
            return min(cadence_s, CRITICAL_CADENCE_S)
