"""What the framework hands to a plugin: its only way to the outside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar, overload

from opentelemetry.trace import Span
from pydantic import JsonValue

from qtcore.health.model import Finding
from qtcore.kernel.words import Autonomy
from qtcore.messaging.envelope import Envelope, Gap
from qtcore.records.journal_event import JournalEvent

S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Logger(Protocol):
    """The part of a structlog logger that plugins use; every line carries plugin, generation and trace id."""

    def debug(self, event: str, **facts: object) -> None: ...
    def info(self, event: str, **facts: object) -> None: ...
    def warning(self, event: str, **facts: object) -> None: ...
    def error(self, event: str, **facts: object) -> None: ...
    def exception(self, event: str, **facts: object) -> None: ...


class Subscription(Protocol[T_co]):
    """Messages of the subscribed topics in order; the trace context of each is current while it is handled."""

    @property
    def envelope(self) -> Envelope:
        """The envelope of the message received last."""
        ...

    @property
    def missed(self) -> int:
        """How many messages were lost so far (gaps and overflow)."""
        ...

    def __aiter__(self) -> AsyncIterator[T_co]: ...
    async def __anext__(self) -> T_co: ...


class Context(ABC, Generic[S]):
    """One plugin generation's view of the world.

    Everything a plugin needs comes through here, so that the same plugin runs in a host and in
    `qtcore.testing`. Using a topic or action that the class does not declare raises `Undeclared`;
    using anything after the generation was stopped or replaced raises `Fenced`. In a `def` hook,
    which runs in a worker thread, await through `anyio.from_thread.run(ctx.publish, message)`.
    """

    name: str
    generation: int
    settings: S
    mode: str
    autonomy: Autonomy
    """How much it may do on its own; what `autonomy.acts` forbids is said with `would_have`."""
    log: Logger
    home: Path
    """The home folder that holds everything that lasts."""

    @property
    @abstractmethod
    def data_dir(self) -> Path:
        """A folder of this plugin's own (0700) that survives restarts."""

    @abstractmethod
    def ready(self) -> None:
        """Say that the plugin is useful now; timers, actions and dependents start."""

    @abstractmethod
    async def serve(self) -> None:
        """Wait until stopped; the last line of an on-demand plugin's `start`."""

    @abstractmethod
    def progress(self, counter: str, n: int = 1, *, data_as_of: datetime | None = None) -> None:
        """Count work done; cheap enough for every message."""

    @abstractmethod
    def fact(self, **facts: JsonValue) -> None:
        """Set named figures that the state file and the report show."""

    @overload
    def subscribe(
        self, *topics: type[T], gaps: Literal[False] = False, limit: int = ...
    ) -> AbstractAsyncContextManager[Subscription[T]]: ...
    @overload
    def subscribe(
        self, *topics: type[T], gaps: Literal[True], limit: int = ...
    ) -> AbstractAsyncContextManager[Subscription[T | Gap]]: ...
    @abstractmethod
    def subscribe(self, *topics: type[Any], gaps: bool = False, limit: int = 10_000) -> Any:
        """Messages of `topics` from now on, retained values first.

        At most `limit` messages wait; then the oldest is dropped and counted as missed. With
        `gaps=True` a `Gap` stands in the stream where messages were lost.
        """

    @abstractmethod
    async def publish(self, message: object) -> None:
        """Send to every subscriber of the message's topic; a hint that may be lost."""

    @abstractmethod
    def latest(self, topic: type[T], key: str | None = None) -> T | None:
        """The last retained, unexpired value seen of a topic this plugin reads."""

    @abstractmethod
    async def call(
        self,
        action: str,
        argument: dict[str, Any] | object | None = None,
        *,
        timeout_s: float | None = None,
        key: str | None = None,
    ) -> Any:
        """Call `plugin.action` and return its result as JSON data.

        `argument` is the action's parameters by name (values may be dataclasses or models);
        `timeout_s` defaults to 10. With a `key`, an action with an effect runs once for that key
        and answers repeats from memory (ten minutes, while its host lives).
        Raises CallFailed (the action raised), CallUnanswered (deadline; unknown outcome for
        actions with an effect), Undeclared.
        """

    @abstractmethod
    def now(self) -> float:
        """Monotonic real seconds."""

    @abstractmethod
    def wall(self) -> datetime:
        """Wall clock, aware UTC; for records only."""

    @abstractmethod
    def market_now(self) -> datetime:
        """Market time. Raises NotReady while no clock map has been published."""

    @abstractmethod
    def real_limit_s(self, market_s: float) -> float:
        """A limit stated in market seconds as real seconds: max(limit / speed, 2)."""

    @property
    @abstractmethod
    def posture(self) -> str:
        """The posture in force; the scale's `when_unknown` when none is known or it is stale."""

    @abstractmethod
    def posture_allows(self, level: str) -> bool:
        """True while the posture in force is not stricter than `level`."""

    @abstractmethod
    def claim_posture(self, level: str, reason: str) -> None:
        """Demand at least this posture; renew within 3 s or it lapses."""

    @abstractmethod
    async def events(self, since: int = 0, *, limit: int = 1_000) -> list[JournalEvent]:
        """The journal's entries after `since` (a `seq`) in order: what happened to all plugins, and findings.

        A negative `since` counts from the end. Empty while there is no journal. Raises RecordsDamaged.
        """

    @abstractmethod
    def check_lease(self) -> None:
        """Raise Fenced when this generation has been replaced or the supervisor is gone."""

    @abstractmethod
    def raise_finding(self, finding: Finding) -> None:
        """Open (or count) a finding outside a health answer."""

    @abstractmethod
    def resolve_finding(self, code: str, subject: str | None = None) -> None:
        """Close a finding opened with `raise_finding`: the last one of the code, or the one about `subject`."""

    @abstractmethod
    def would_have(self, what: str, **facts: object) -> None:
        """Journal an act that autonomy withheld: "would have `what`".

        Equal texts are told at most once a minute, with the count of those between; so keep figures
        that change out of `what` and give them as facts.
        """

    @abstractmethod
    def span(
        self, name: str, *, since_ns: int | None = None, **attributes: str | int | float | bool
    ) -> AbstractContextManager[Span]:
        """A trace span around a piece of work, child of the message being handled.

        `since_ns` (CLOCK_MONOTONIC) is when the work began, for work that only now proves worth a span.
        """

    @abstractmethod
    def trace_id(self) -> str | None:
        """The current trace's id as 32 hex digits, if there is one."""
