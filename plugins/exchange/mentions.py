"""What the venue is known to have done and the user stream has not mentioned yet: the proof that a stream is mute."""

from __future__ import annotations

import time

GRACE_S = 5.0
"""After a stream has opened, what happened before it is still being booked and will not be mentioned."""


class Mentions:
    """Orders that the venue has taken, and executions that were booked, against what the stream said of them."""

    def __init__(self) -> None:
        self._orders: dict[str, float] = {}
        self._trades: dict[str, float] = {}
        self._heard: dict[str, int] = {}
        self._opened_s = float("inf")

    def opened(self) -> None:
        """A new stream is open: it owes nothing of the past."""
        self._orders.clear()
        self._trades.clear()
        self._opened_s = time.monotonic()

    def expect(self, order_id: str) -> None:
        """The venue is about to take this order."""
        self._orders[order_id] = time.monotonic()

    def withdraw(self, order_id: str) -> None:
        """It did not take it, as far as is known."""
        self._orders.pop(order_id, None)

    def booked(self, symbol: str, trade_id: int) -> None:
        """An execution was found by asking."""
        now_s = time.monotonic()
        if now_s - self._opened_s > GRACE_S and trade_id > self._heard.get(symbol, 0):
            self._trades.setdefault(symbol, now_s)

    def heard(self, symbol: str, order_id: str, trade_id: int) -> None:
        """The stream spoke of this order, and of this execution (0 for none)."""
        self._orders.pop(order_id, None)
        if trade_id > self._heard.get(symbol, 0):
            self._heard[symbol] = trade_id
            self._trades.pop(symbol, None)

    @property
    def oldest_s(self) -> float:
        """For how long (s) the oldest of them has been waiting to be mentioned; 0 when there is none."""
        now_s = time.monotonic()
        return now_s - min((*self._orders.values(), *self._trades.values()), default=now_s)
