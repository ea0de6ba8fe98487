"""The Context that plugins really get."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar, cast

from opentelemetry.trace import Span
from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from qtcore.context import Context, Logger
from qtcore.control.host_message import ActWithheld, Assignment, ClaimPosture, FindingRaised
from qtcore.errors import Fenced, Undeclared
from qtcore.health.model import Finding, Severity
from qtcore.hosts.runtime.surroundings import Slot, Surroundings
from qtcore.hosts.runtime.withheld import WithheldActs
from qtcore.kernel.posture import CLAIM_LIFE_S, PostureClaim
from qtcore.messaging.calls import Caller
from qtcore.messaging.mailbox import Mailbox
from qtcore.messaging.trace_context import current_trace_id
from qtcore.plugin import Plugin
from qtcore.records.home import Home
from qtcore.records.journal_event import JournalEvent
from qtcore.telemetry.routine import keep_routine
from qtcore.topics import options_of

S = TypeVar("S")
T = TypeVar("T")

SUPERVISOR_SILENCE_S = 3.0
"""A lease counts only while the supervisor has been heard of within this time."""

_YIELD_AFTER = 32
"""A plugin that publishes without pause gives way to others this often."""


class HostContext(Context[S]):
    """One generation's Context; closed for good when the generation is stopped or replaced."""

    def __init__(
        self,
        assignment: Assignment,
        settings: S,
        *,
        plugin: type[Plugin[Any]],
        slot: Slot,
        around: Surroundings,
        on_ready: Callable[[], None],
    ) -> None:
        self.name = assignment.plugin
        self.generation = assignment.generation
        self.settings = settings
        self.mode = around.mode
        self.autonomy = assignment.autonomy
        self.log = cast("Logger", around.log(self.name, self.generation))
        self.home = around.home
        self.facts: dict[str, JsonValue] = {}
        self.counters: dict[str, int] = {}
        self._plugin = plugin
        self._slot = slot
        self._around = around
        self._on_ready = on_ready
        self._reads = {options_of(cls).name for cls in (*plugin.reads, *plugin.optional_reads)}
        self._writes = {options_of(cls).name for cls in plugin.writes}
        self._caller = Caller(self.name, self.generation)
        self._raised: dict[str, Finding] = {}
        self._withheld = WithheldActs()
        self._mailboxes: set[Mailbox] = set()
        self._published = 0
        self._fenced: str | None = None
        self._loop = asyncio.get_running_loop()

    def fence(self, why: str) -> None:
        """Make every further use raise Fenced."""
        self._fenced = why
        for mailbox in self._mailboxes:
            mailbox.close(self._fence_error(why))

    @property
    def data_dir(self) -> Path:
        folder = self.home / "data" / self.name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def ready(self) -> None:
        self._check_fence()
        self._on_loop(self._on_ready)

    async def serve(self) -> None:
        self._check_fence()
        await asyncio.get_running_loop().create_future()

    def progress(self, counter: str, n: int = 1, *, data_as_of: datetime | None = None) -> None:
        self._check_fence()
        self.counters[counter] = self.counters.get(counter, 0) + n
        self._slot.note_progress(n)
        if data_as_of is not None:
            self._slot.note_data_as_of(data_as_of)

    def fact(self, **facts: JsonValue) -> None:
        self._check_fence()
        self.facts.update(to_jsonable_python(facts))

    def subscribe(self, *topics: type[Any], gaps: bool = False, limit: int = 10_000) -> Any:
        self._check_fence()
        names = [options_of(cls).name for cls in topics]
        for name in names:
            self._check_declared(name, self._reads, "reads", f"{name} to `reads`")
        for cls in topics:
            self._around.bus.declare(cls)
        entered = self._slot.note_entered
        return self._subscription(Mailbox(names, gaps=gaps, limit=limit, now=self.now, entered=entered))

    async def publish(self, message: object) -> None:
        self._check_fence()
        name = options_of(type(message)).name
        self._check_declared(name, self._writes, "writes", f"{name} to `writes`")
        self._around.bus.publish(self.name, self.generation, message)
        self._published += 1
        if self._published % _YIELD_AFTER == 0:
            await asyncio.sleep(0)

    def latest(self, topic: type[T], key: str | None = None) -> T | None:
        self._check_fence()
        name = options_of(topic).name
        self._check_declared(name, self._reads, "reads", f"{name} to `reads`")
        delivery = self._around.bus.latest(name, key)
        return None if delivery is None else cast("T", delivery.message)

    async def call(
        self,
        action: str,
        argument: dict[str, Any] | object | None = None,
        *,
        timeout_s: float | None = None,
        key: str | None = None,
    ) -> Any:
        self._check_fence()
        if not any(fnmatchcase(action, pattern) for pattern in self._plugin.calls):
            raise self._undeclared(action, self._plugin.calls, "calls", f"{action!r} to `calls`")
        return await self._around.desk.call(self._caller, action, argument, timeout_s=timeout_s, key=key)

    def now(self) -> float:
        return self._around.clock.now()

    def wall(self) -> datetime:
        return self._around.clock.wall()

    def market_now(self) -> datetime:
        return self._around.bus.market.market_now(self.now())

    def real_limit_s(self, market_s: float) -> float:
        return self._around.bus.market.real_limit_s(market_s)

    @property
    def posture(self) -> str:
        return self._around.posture.level

    def posture_allows(self, level: str) -> bool:
        return self._around.posture.allows(level)

    def claim_posture(self, level: str, reason: str) -> None:
        self._check_fence()
        claim = PostureClaim(
            source=self.name,
            level=self._around.posture.checked(level),
            reason=reason,
            expires_s=self.now() + CLAIM_LIFE_S,
        )
        self._report(ClaimPosture(plugin=self.name, generation=self.generation, claim=claim))

    async def events(self, since: int = 0, *, limit: int = 1_000) -> list[JournalEvent]:
        self._check_fence()
        return await asyncio.to_thread(_entries, self.home, since, limit)

    def check_lease(self) -> None:
        self._check_fence()
        silent_s = self._slot.supervisor_silent_s()
        if silent_s > SUPERVISOR_SILENCE_S:
            raise Fenced(
                f"{self.name} generation {self.generation} may not act: the supervisor has been silent for "
                f"{silent_s:.1f} s (limit {SUPERVISOR_SILENCE_S:g} s), so another may have been started"
            )

    def raise_finding(self, finding: Finding) -> None:
        self._check_fence()
        dated = finding.model_copy(
            update={
                "plugin": self.name,
                "last_seen_at": finding.last_seen_at or self.wall(),
                "trace_id": finding.trace_id or self.trace_id(),
            }
        )
        self._raised[finding.code] = dated
        self._report(FindingRaised(plugin=self.name, generation=self.generation, finding=dated))

    def resolve_finding(self, code: str, subject: str | None = None) -> None:
        self._check_fence()
        # One that an earlier generation raised is known by its code, and its subject where that is told.
        last = self._raised.get(code)
        if last is not None and subject in (None, last.subject):
            known = self._raised.pop(code)
        else:
            known = Finding(code=code, severity=Severity.LOW, summary=f"{code} is over", subject=subject or "")
        over = known.model_copy(update={"plugin": self.name, "resolved_at": self.wall()})
        self._report(FindingRaised(plugin=self.name, generation=self.generation, finding=over, resolved=True))

    def would_have(self, what: str, **facts: object) -> None:
        self._check_fence()
        repeated = self._withheld.due(what, self.now())
        if repeated is not None:
            self._report(
                ActWithheld(
                    plugin=self.name,
                    generation=self.generation,
                    what=what,
                    autonomy=self.autonomy,
                    facts=to_jsonable_python(facts),
                    repeated=repeated,
                    trace_id=self.trace_id(),
                )
            )

    @contextmanager
    def span(self, name: str, *, since_ns: int | None = None, **attributes: str | int | float | bool) -> Iterator[Span]:
        ours: dict[str, str | int] = {"qt.plugin": self.name, "qt.generation": self.generation}
        began_ns = None if since_ns is None else time.time_ns() - (time.monotonic_ns() - since_ns)
        tracer = self._around.tracer
        with tracer.start_as_current_span(name, attributes={**ours, **attributes}, start_time=began_ns) as span:
            yield span

    def trace_id(self) -> str | None:
        keep_routine()
        return current_trace_id()

    @asynccontextmanager
    async def _subscription(self, mailbox: Mailbox) -> AsyncIterator[Mailbox]:
        bus = self._around.bus
        bus.attach(mailbox)
        self._mailboxes.add(mailbox)
        try:
            if bus.wire is not None:
                await bus.wire.settled(mailbox.topics)
            yield mailbox
        finally:
            self._mailboxes.discard(mailbox)
            bus.detach(mailbox)

    def _check_fence(self) -> None:
        if self._fenced is None and not self._slot.holds_lease():
            self.fence("it has been replaced")
        if self._fenced is not None:
            raise self._fence_error(self._fenced)

    def _fence_error(self, why: str) -> Fenced:
        return Fenced(f"{self.name} generation {self.generation} must not act any more: {why}")

    def _check_declared(self, name: str, declared: set[str], attribute: str, cure: str) -> None:
        if name not in declared:
            raise self._undeclared(name, sorted(declared), attribute, cure)

    def _undeclared(self, name: str, declared: list[str], attribute: str, cure: str) -> Undeclared:
        close = get_close_matches(name, declared, n=1)
        hint = f"did you mean {close[0]!r}? Otherwise add" if close else "add"
        return Undeclared(f"{self.name} used {name}, which its `{attribute}` does not name; {hint} {cure}")

    def _report(self, message: ClaimPosture | FindingRaised | ActWithheld) -> None:
        self._on_loop(lambda: self._around.report(message))

    def _on_loop(self, act: Callable[[], None]) -> None:
        """Run `act` on the loop's thread: at once when there, else soon (a `def` hook's thread)."""
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            act()
        else:
            self._loop.call_soon_threadsafe(act)


def _entries(home: Path, since: int, limit: int) -> list[JournalEvent]:
    from qtcore.records.journal_reader import JournalReader  # brings sqlite3, which most plugins never need

    path = Home(home).journal
    if not path.exists():
        return []
    with JournalReader.open(path) as journal:
        seq = max(0, journal.bounds()[1] + since) if since < 0 else since
        return journal.read(seq, limit)
