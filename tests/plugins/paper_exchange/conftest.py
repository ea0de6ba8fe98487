"""A market of a few lines, and a venue on it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.ledger.ledger import Ledger
from plugins.paper_exchange.market.source import HISTORY_BARS, Bar, Bracket, Step, SymbolRules
from plugins.paper_exchange.play.clock import Speed, parse_speed
from plugins.paper_exchange.server.app import ServerSettings, VenueServer
from plugins.paper_exchange.venue import Venue

MINUTE_MS = 60_000
START_MS = 1_750_000_000_000 - 1_750_000_000_000 % (8 * 3_600_000)


def rules_for(symbol: str, tick: str = "0.10", step: str = "0.001") -> SymbolRules:
    return SymbolRules(
        symbol=symbol,
        base=symbol.removesuffix("USDT"),
        tick_size=Decimal(tick),
        step_size=Decimal(step),
        min_quantity=Decimal(step),
        max_quantity=Decimal(10_000),
        market_max_quantity=Decimal(5_000),
        min_notional=Decimal(5),
        price_precision=2,
        quantity_precision=3,
        max_leverage=50,
        maintenance_margin_rate=Decimal("0.01"),
        brackets=(Bracket(Decimal(0), Decimal(100_000_000), 50, Decimal("0.01"), Decimal(0)),),
    )


@dataclass
class ScriptedMarket:
    """Flat at each symbol's first price, but for the bars that a test has written down."""

    prices: dict[str, Decimal]
    bars: dict[tuple[str, int], tuple[str, str, str, str]] = field(default_factory=dict)
    settlements: list[tuple[str, int, str]] = field(default_factory=list)
    length: int | None = None
    description: str = "scripted market"
    interval_ms: int = MINUTE_MS
    start_ms: int = START_MS
    first_ms: int = START_MS - HISTORY_BARS * MINUTE_MS

    @property
    def rules(self) -> Mapping[str, SymbolRules]:
        return {symbol: rules_for(symbol) for symbol in self.prices}

    def write(self, symbol: str, number: int, open_: str, high: str, low: str, close: str) -> None:
        """Write down the bar that is played after `number` others; later bars stay at its close.

        A venue that is open has already looked at its present bar: write at least one ahead of it.
        """
        self.bars[symbol, number] = (open_, high, low, close)

    def bar(self, symbol: str, number: int) -> Bar:
        known = [n for s, n in self.bars if s == symbol and n <= number]
        row = self.bars[symbol, max(known)] if known else (str(self.prices[symbol]),) * 4
        open_, high, low, close = map(Decimal, row)
        if known and max(known) < number:
            open_ = high = low = close
        return Bar(START_MS + number * MINUTE_MS, open_, high, low, close, Decimal(1000))

    def history(self, symbol: str, before_ms: int, limit: int) -> Sequence[Bar]:
        last = -((START_MS - before_ms) // MINUTE_MS) - 1
        return [self.bar(symbol, n) for n in range(max(-HISTORY_BARS, last - limit + 1), last + 1)]

    def next_bars(self, open_ms: int) -> Mapping[str, Bar] | None:
        number = (open_ms - START_MS) // MINUTE_MS
        if self.length is not None and number >= self.length:
            return None
        return {symbol: self.bar(symbol, number) for symbol in self.prices}

    def path(self, bar: Bar, symbol: str) -> Sequence[Step]:
        times = (0, 20_000, 40_000, MINUTE_MS - 1)
        prices = (bar.open, bar.low, bar.high, bar.close)
        return [Step(symbol, bar.open_ms + at, price, Decimal(250)) for at, price in zip(times, prices, strict=True)]

    def funding(self, symbol: str, from_ms: int, to_ms: int) -> Sequence[tuple[int, Decimal]]:
        rows = [(at, Decimal(rate)) for s, at, rate in self.settlements if s == symbol and from_ms <= at < to_ms]
        return sorted(rows)


@pytest.fixture
def market() -> ScriptedMarket:
    prices = {"BTCUSDT": "100000", "ETHUSDT": "4000", "LTCUSDT": "100"}
    return ScriptedMarket({symbol: Decimal(price) for symbol, price in prices.items()})


@dataclass
class Running:
    """A venue that listens, and a plain HTTP session beside it."""

    server: VenueServer
    http: aiohttp.ClientSession

    @property
    def venue(self) -> Venue:
        return self.server.venue

    @property
    def url(self) -> str:
        return self.server.url

    async def advance(self, bars: int = 1) -> dict[str, Any]:
        async with self.http.post(f"{self.url}/qt/v1/advance", data={"bars": bars}) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def get(self, path: str, **params: Any) -> Any:
        async with self.http.get(f"{self.url}{path}", params=params) as response:
            return await response.json()


@pytest.fixture
def open_venue(tmp_path: Path) -> Callable[..., Any]:
    """`async with open_venue(market) as running:`; options go to the venue's settings."""

    @asynccontextmanager
    async def opened(
        market: Any,
        *,
        speed: str | Speed = "lockstep",
        economics: Economics | None = None,
        home: Path = tmp_path / "venue",
        settings: ServerSettings | None = None,
    ) -> AsyncIterator[Running]:
        ledger = Ledger(home)
        try:
            pace = parse_speed(speed) if isinstance(speed, str) else speed
            venue = Venue(market, ledger, economics=economics or Economics(), speed=pace)
            server = VenueServer(venue, settings or replace(ServerSettings(), port=0))
            await server.start()
            try:
                async with aiohttp.ClientSession() as http:
                    yield Running(server, http)
            finally:
                await server.stop()
        finally:
            ledger.close()

    return opened


def aim(exchange: Any, url: str) -> Any:
    """Point an unmodified ccxt client at the venue: only scheme and host of its addresses change."""
    host = url.removeprefix("http://")

    def walk(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {name: walk(branch) for name, branch in tree.items()}
        return re.sub(r"^(http|ws)s?://[^/]+", rf"\1://{host}", tree)

    exchange.urls["api"] = walk(exchange.urls["api"])
    return exchange


KEYS = {"apiKey": "paper-key", "secret": "paper-secret"}
OPTIONS = {"fetchCurrencies": False, "fetchOpenOrders": {"warnWithoutSymbol": False}}


@pytest.fixture
def aimed() -> Callable[..., Any]:
    """`aimed(kind, url)` makes a client of a ccxt class that talks to the venue; who makes it closes it."""

    def make(kind: type[Any], url: str, **more: Any) -> Any:
        return aim(kind({**KEYS, "options": OPTIONS, "enableRateLimit": False, **more}), url)

    return make


@pytest.fixture
def new_client(aimed: Callable[..., Any]) -> Callable[..., Any]:
    """`async with new_client(kind, url) as client:` for a class of ccxt's async or pro clients."""

    @asynccontextmanager
    async def opened(kind: type[Any], url: str, **more: Any) -> AsyncIterator[Any]:
        client = aimed(kind, url, **more)
        try:
            yield client
        finally:
            await client.close()

    return opened
