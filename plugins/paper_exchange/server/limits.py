"""The venue's rate limits: request weight by the minute, orders by ten seconds and by the minute. Real time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NoReturn

from plugins.paper_exchange.core.refusals import Refusal

LONGEST_BAN_S = 3 * 86_400


class TooFastError(Refusal):
    """A limit was passed; `retry_after_s` says when the present window, or the ban, ends."""

    def __init__(self, code: int, message: str, retry_after_s: int, http: int = 429) -> None:
        super().__init__(code, message, http)
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class Window:
    """A count that starts anew with every span of the clock, as the venue's does."""

    limit: int
    span_s: int
    used: int = 0
    _number: int = field(default=-1)

    def use(self, amount: int, wall_s: float) -> bool:
        """Count; False when this passes the limit."""
        number = int(wall_s // self.span_s)
        if number != self._number:
            self._number, self.used = number, 0
        self.used += amount
        return self.used <= self.limit

    def ends_in_s(self, wall_s: float) -> int:
        return max(1, int(self.span_s - wall_s % self.span_s) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """The venue's published limits: weight per address, orders per account.

    Who goes on asking `ban_after` times after the first 429 of a minute is banned (418) for `ban_s`, and twice as long
    each time again, up to three days. The venue publishes two minutes and three days; the number of tries is ours.
    """

    weight_1m: int = 2_400
    orders_10s: int = 300
    orders_1m: int = 1_200
    ban_after: int = 10
    ban_s: int = 120


class Limits:
    """One client's windows; the venue is on loopback, so there is one address and one account."""

    def __init__(self, settings: LimitSettings) -> None:
        self._settings = settings
        self._weight = Window(settings.weight_1m, 60)
        self._orders_10s = Window(settings.orders_10s, 10)
        self._orders_1m = Window(settings.orders_1m, 60)
        self._refused = Window(settings.ban_after, 60)
        self._banned_until_s = 0.0
        self._bans = 0

    def use_weight(self, weight: int, wall_s: float) -> None:
        """Count a request. Raises TooFastError with 429, or with 418 while its sender is banned."""
        if wall_s < self._banned_until_s:
            raise banned(self._banned_until_s, wall_s)
        if self._weight.use(weight, wall_s):
            return
        if not self._refused.use(1, wall_s):
            self._ban(wall_s)
        message = (
            f"Too many requests; current limit of IP is {self._weight.limit} requests per minute. "
            "Please use the websocket for live updates to avoid polling the API."
        )
        raise TooFastError(-1003, message, self._weight.ends_in_s(wall_s))

    def use_orders(self, count: int, wall_s: float) -> None:
        for window in (self._orders_10s, self._orders_1m):
            if not window.use(count, wall_s):
                message = f"Too many new orders; current limit is {window.limit} orders per {window.span_s} seconds."
                raise TooFastError(-1015, message, window.ends_in_s(wall_s))

    def headers(self, *, orders: bool) -> dict[str, str]:
        headers = {"X-MBX-USED-WEIGHT-1M": str(self._weight.used)}
        if orders:
            headers["X-MBX-ORDER-COUNT-10S"] = str(self._orders_10s.used)
            headers["X-MBX-ORDER-COUNT-1M"] = str(self._orders_1m.used)
        return headers

    def _ban(self, wall_s: float) -> NoReturn:
        length_s = min(self._settings.ban_s * 2**self._bans, LONGEST_BAN_S)
        self._bans += 1
        self._banned_until_s = wall_s + length_s
        raise banned(self._banned_until_s, wall_s)


def banned(until_s: float, wall_s: float) -> TooFastError:
    """The refusal of a banned address (HTTP 418)."""
    message = (
        f"Way too many requests; IP banned until {int(until_s * 1000)}. "
        "Please use the websocket for live updates to avoid bans."
    )
    return TooFastError(-1003, message, max(1, math.ceil(until_s - wall_s)), 418)
