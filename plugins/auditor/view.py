"""What the rules look at: everything read in one round, as frozen values, whoever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.domain import (
    IntentState,
    Mark,
    OutcomeCode,
    Position,
    Posture,
    Purpose,
    Side,
    Source,
    VenueAddress,
    View,
)
from plugins.store.kill_switch import OFF, KillSwitch

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is: monotonic real seconds, wall time, and market seconds a real second (0 while it stands still)."""

    now_s: float
    wall: datetime
    speed: float = 1.0

    def real_s(self, candles: float, interval_s: float = 60.0) -> float:
        """So many candles as real seconds, at least 2; for ever while the market stands still."""
        return max(candles * interval_s / self.speed, 2.0) if self.speed else float("inf")


@dataclass(frozen=True, slots=True)
class Held:
    """A position by the venue's own words."""

    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal

    @property
    def signed(self) -> Decimal:
        """The quantity, below zero for a short."""
        return self.side.sign * self.quantity


@dataclass(frozen=True, slots=True)
class Guard:
    """A conditional order that waits at the venue; `quantity` is None where it closes whatever there is."""

    symbol: str
    client_id: str
    side: Side
    kind: str
    trigger: Decimal
    quantity: Decimal | None
    status: str

    @property
    def is_stop(self) -> bool:
        """Whether it limits a loss, rather than takes a profit."""
        return self.kind.startswith("STOP")


@dataclass(frozen=True, slots=True)
class VenueTruth:
    """What the venue answered last, and at which wall time it was asked."""

    asked_at: datetime
    positions: Mapping[str, Held]
    guards: tuple[Guard, ...]
    wallet: Decimal | None = None

    def seen_s(self, moment: Moment) -> float:
        """When it was asked, in monotonic real seconds."""
        return moment.now_s - age_s(self.asked_at, moment.wall)


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order as exchange.db has it; `sent_at` is when its last attempt went out (wall time)."""

    id: str
    symbol: str
    side: Side
    purpose: Purpose
    quantity: Decimal
    signal_id: str | None
    position_id: str | None
    state: IntentState
    filled: Decimal
    average_price: Decimal | None
    code: int | None
    sentence: str
    updated_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Booked:
    """An execution as exchange.db has it; `after` is the signed position that it left."""

    sequence: int
    symbol: str
    client_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    at: datetime
    position_id: str
    after: Decimal
    closes: bool

    @property
    def before(self) -> Decimal:
        """The signed position that it met."""
        return self.after - self.side.sign * self.quantity


@dataclass(frozen=True, slots=True)
class LedgerTruth:
    """exchange.db: the newest orders and fills in order, and each symbol's position by its last fill."""

    orders: tuple[Ordered, ...]
    fills: tuple[Booked, ...]
    after: Mapping[str, tuple[Decimal, datetime]]
    """By symbol the signed position after the last fill, and when (wall time) that was booked."""
    count: int


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A round trip that the history has not closed."""

    id: str
    symbol: str
    side: Side
    quantity: Decimal
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Unended:
    """A stored signal without an outcome."""

    id: str
    symbol: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryTruth:
    """quantum.db: open round trips, the newest trades by position id, signals without outcome."""

    open: tuple[OpenRow, ...]
    trades: frozenset[str]
    unended: tuple[Unended, ...]
    made: int = 0
    """How many of the newest signals were looked at."""
    no_signals: tuple[str, ...] = ()
    """Ids of rows in the table of signals that are none."""
    stored: frozenset[str] = frozenset()
    """Ids of the newest signals, made at `since` (wall time) or later."""
    since: datetime | None = None
    odd_positions: tuple[str, ...] = ()
    """Ids of rows in the table of positions that are none."""


@dataclass(frozen=True, slots=True)
class Said:
    """A signal that was heard, and when (monotonic real seconds)."""

    id: str
    symbol: str
    view: View
    confidence: Decimal
    source: Source
    made_at: datetime
    market_at: datetime
    heard_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """An outcome that was heard; `view` is None where its signal was not."""

    signal_id: str
    symbol: str
    code: OutcomeCode
    sentence: str
    intent_id: str | None
    heard_s: float
    view: View | None = None


@dataclass(frozen=True, slots=True)
class Led:
    """A position as the monitor leads it: when it was last considered, and by which prediction."""

    symbol: str
    considered_ago_s: float | None


@dataclass(frozen=True, slots=True)
class PostureSpan:
    """From `since` on (wall time) this level was in force, for this reason."""

    since: datetime
    level: str
    reason: str = ""

    @property
    def forbids(self) -> bool:
        """Whether entries were forbidden."""
        return self.level != Posture.NORMAL


@dataclass(frozen=True, slots=True)
class Life:
    """A plugin by the journal: its lifecycle, and since when (wall time)."""

    lifecycle: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits as configured for everybody; the venue's truth is held against them."""

    positions: int = 4
    stop_share: Decimal = Decimal("0.2")
    price_share: Decimal = Decimal("0.01")
    interval_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything known at one moment; None where it could not be read."""

    mode: str = "paper"
    posture: str = Posture.NORMAL
    limits: Limits = Limits()
    venue: VenueTruth | None = None
    venue_prices: Mapping[str, tuple[Decimal, datetime]] | None = None
    """By the venue's own answer, each with its market time."""
    priced_s: float = 0.0
    """When feed and venue were asked for prices (monotonic real seconds)."""
    ledger: LedgerTruth | None = None
    history: HistoryTruth | None = None
    address: VenueAddress | None = None
    positions: Mapping[str, Position] | None = None
    marks: Mapping[str, Mark] = field(default_factory=dict)
    feed_closes: Mapping[str, datetime] = field(default_factory=dict)
    judged: Mapping[str, datetime] | None = None
    """The end of each symbol's newest candle that was judged, asked at the same moment as `feed_closes`."""
    judged_s: float = 0.0
    """When that was (monotonic real seconds)."""
    led: Mapping[str, Led] | None = None
    kill: KillSwitch = OFF
    postures: tuple[PostureSpan, ...] = ()
    lives: Mapping[str, Life] = field(default_factory=dict)
    said: tuple[Said, ...] = ()
    outcomes: tuple[Ended, ...] = ()
    unseen: Mapping[str, str] = field(default_factory=dict)
    """What could not be read in this round, and why."""


def age_s(at: datetime, now: datetime) -> float:
    """Seconds from one time to another."""
    return (now - at) / timedelta(seconds=1)
