"""The venue's rate limits: request weight by the minute, orders by ten seconds and by the minute. Real time."""

from __future__ import annotations

from dataclasses import dataclass, field

from plugins.paper_exchange.core.refusals import Refusal


class TooFastError(Refusal):
    """A limit was passed; `retry_after_s` says when the present window ends."""

    def __init__(self, code: int, message: str, retry_after_s: int) -> None:
        super().__init__(code, message, 429)
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
    """The venue's published limits: weight per address, orders per account."""

    weight_1m: int = 2_400
    orders_10s: int = 300
    orders_1m: int = 1_200


class Limits:
    """One client's windows; the venue is on loopback, so there is one address and one account."""

    def __init__(self, settings: LimitSettings) -> None:
        self._weight = Window(settings.weight_1m, 60)
        self._orders_10s = Window(settings.orders_10s, 10)
        self._orders_1m = Window(settings.orders_1m, 60)

    def use_weight(self, weight: int, wall_s: float) -> None:
        if not self._weight.use(weight, wall_s):
            message = f"Too many requests; current limit of IP is {self._weight.limit} request weight per minute."
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
