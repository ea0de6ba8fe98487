"""What the venue still takes from this address, shared by all lanes; pure, on the venue's clock.

The venue counts request weight by the minute for the whole address, so also what other processes here
use, and says in each answer how much is used. Data is held back first, entries next; the rest is for
orders that protect or close, which stop only when the venue has banned the address.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MINUTE_MS = 60_000
ORDERS_MS = 10_000
VENUE_LIMIT = 2_400
"""What the venue publishes; `exchangeInfo` says what holds."""
VENUE_ORDERS_10S = 300
ORDERS_SHARE = 0.8
"""The part of the venue's orders in ten seconds that entries may use up; stops and closes count there too."""
BANNED = 418
LEAST_PAUSE_S = 1.0
"""A venue that asks for fewer requests without saying for how long."""


class Lane(StrEnum):
    """Whose request it is: each lane has a client and a connection of its own."""

    SAFETY = "safety"
    ENTRY = "entry"
    DATA = "data"


SHARE = {Lane.SAFETY: 1.0, Lane.ENTRY: 0.95, Lane.DATA: 0.9}
"""The part of the weight limit up to which a lane may go on; safety goes on beyond it, for the venue may forgive."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A lane may not send now, for so long, and why."""

    for_s: float
    why: str


class WeightLedger:
    """Weight used, pauses asked for and bans; every time is the venue's clock in ms."""

    def __init__(self, limit: int = VENUE_LIMIT) -> None:
        self.limit = limit
        self.orders_limit = VENUE_ORDERS_10S
        self._minute = -1
        self._orders = 0
        self._orders_window = -1
        self._used = 0
        self._in_flight = 0
        self._pause_until_ms = 0
        self._banned_until_ms = 0

    def used(self, now_ms: int) -> int:
        """Weight used in this minute: what the venue last said and what is on its way."""
        return (self._used if now_ms // MINUTE_MS == self._minute else 0) + self._in_flight

    def banned_s(self, now_ms: int) -> float:
        """For how much longer the venue takes nothing from this address."""
        return max(0.0, (self._banned_until_ms - now_ms) / 1000)

    def paused_s(self, now_ms: int) -> float:
        """For how much longer the venue wants fewer requests."""
        return max(0.0, (self._pause_until_ms - now_ms) / 1000)

    def hold(self, lane: Lane, weight: int, now_ms: int) -> Hold | None:
        """Why this lane may not send a request of this weight now; None when it may."""
        if banned_s := self.banned_s(now_ms):
            return Hold(banned_s, f"the venue has banned this address for another {banned_s:.0f} s; nothing is sent")
        if lane is Lane.SAFETY:
            return None
        if paused_s := self.paused_s(now_ms):
            return Hold(paused_s, f"the venue asked for fewer requests; {lane} waits another {paused_s:.0f} s")
        if self.used(now_ms) + weight > SHARE[lane] * self.limit:
            rest_s = (MINUTE_MS - now_ms % MINUTE_MS) / 1000
            used = f"{self.used(now_ms)} of {self.limit}"
            return Hold(rest_s, f"{used} of the minute's request weight is used, the rest is kept for exits")
        return self._too_many_orders(now_ms) if lane is Lane.ENTRY else None

    def _too_many_orders(self, now_ms: int) -> Hold | None:
        if now_ms // ORDERS_MS != self._orders_window or self._orders < ORDERS_SHARE * self.orders_limit:
            return None
        rest_s = (ORDERS_MS - now_ms % ORDERS_MS) / 1000
        return Hold(
            rest_s, f"{self._orders} of {self.orders_limit} orders in 10 s are used, the rest is kept for exits"
        )

    def began(self, weight: int) -> None:
        """A request is on its way."""
        self._in_flight += weight

    def ended(self, weight: int) -> None:
        """It is over, however it ended."""
        self._in_flight -= weight

    def told(self, used: int, now_ms: int) -> None:
        """The venue said what this minute's requests weigh; answers may overtake each other."""
        minute = now_ms // MINUTE_MS
        self._used = max(self._used, used) if minute == self._minute else used
        self._minute = minute

    def told_orders(self, count: int, now_ms: int) -> None:
        """The venue said how many orders it has counted in these ten seconds."""
        window = now_ms // ORDERS_MS
        self._orders = max(self._orders, count) if window == self._orders_window else count
        self._orders_window = window

    def slow_down(self, status: int, retry_after_s: float, now_ms: int) -> None:
        """The venue refused with 429 or 418 and said when to come again."""
        until_ms = now_ms + int(max(retry_after_s, LEAST_PAUSE_S) * 1000)
        self._pause_until_ms = max(self._pause_until_ms, until_ms)
        if status == BANNED:
            self._banned_until_ms = max(self._banned_until_ms, until_ms)
