"""One request, as an endpoint sees it, and what an endpoint is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from plugins.paper_exchange.core import refusals
from plugins.paper_exchange.core.quirks import SymbolStatus
from plugins.paper_exchange.faults.board import Board
from plugins.paper_exchange.market.source import SymbolRules
from plugins.paper_exchange.server.limits import LimitSettings
from plugins.paper_exchange.server.listen_keys import ListenKeys
from plugins.paper_exchange.server.params import Params
from plugins.paper_exchange.server.timeouts import Countdowns
from plugins.paper_exchange.server.timing import Timing
from plugins.paper_exchange.venue import Venue

Answer = Any
"""What goes out as JSON, or bytes that are JSON already."""


@dataclass(frozen=True, slots=True)
class Call:
    venue: Venue
    params: Params
    wall_ms: int
    limits: LimitSettings
    listen_keys: ListenKeys
    countdowns: Countdowns
    timing: Timing
    faults: Board
    body: str = ""
    content_type: str = ""

    @property
    def now_ms(self) -> int:
        return self.venue.now_ms()

    def symbol(self) -> str:
        symbol = self.params.text("symbol")
        if symbol not in self.venue.account.rules:
            raise refusals.bad_symbol()
        return symbol

    def optional_symbol(self) -> str | None:
        return self.symbol() if "symbol" in self.params else None

    def listed(self) -> list[str]:
        """The symbols that have not been delisted."""
        account = self.venue.account
        return [symbol for symbol in account.rules if account.quirks.status_of(symbol) is not SymbolStatus.CLOSE]

    def rules(self, symbol: str) -> SymbolRules:
        return self.venue.account.rules[symbol]


class Guard(Enum):
    """What a request must show: nothing, the API key, a signature of the right age, or that it is from this machine.

    What comes from this machine by way of `LOOPBACK` controls the venue: no limit and no fault applies to it.
    """

    LOOPBACK = auto()
    OPEN = auto()
    KEY = auto()
    SIGNED = auto()


Handler = Callable[[Call], Awaitable[Answer]]
Count = int | Callable[[Params], int]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`weight` and `orders` say what a request uses up of the rate limits."""

    method: str
    path: str
    handler: Handler
    guard: Guard = Guard.OPEN
    weight: Count = 1
    orders: Count = 0


def counted(count: Count, params: Params) -> int:
    return count if isinstance(count, int) else count(params)
