"""What goes out on the streams: told by the venue as it happens, and once a second for what has no event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from plugins.paper_exchange.core.kinds import Side
from plugins.paper_exchange.core.messages import Message, OrderUpdate
from plugins.paper_exchange.core.orders import LIQUIDATION, Order
from plugins.paper_exchange.core.quirks import SymbolStatus
from plugins.paper_exchange.faults.board import Board
from plugins.paper_exchange.faults.kinds import DepthGap
from plugins.paper_exchange.market.source import Step
from plugins.paper_exchange.play.candles import ClosedCandle
from plugins.paper_exchange.server import market_wire, public, user_events
from plugins.paper_exchange.server.sockets import Sockets
from plugins.paper_exchange.server.timing import Timing
from plugins.paper_exchange.server.user_feed import UserFeed
from plugins.paper_exchange.server.wire import Json
from plugins.paper_exchange.venue import Venue

ALL_MARKS = ("!markPrice@arr", "!markPrice@arr@1s")
ALL_TICKERS = "!miniTicker@arr"
ALL_FORCED = "!forceOrder@arr"


class Streams:
    """Listens to the venue and turns what it hears into frames, for those streams that are read."""

    def __init__(self, venue: Venue, sockets: Sockets, timing: Timing, feed: UserFeed, faults: Board) -> None:
        self._feed = feed
        self._faults = faults
        self._venue = venue
        self._sockets = sockets
        self._timing = timing
        self._updated_ms = {symbol: price.at_ms for symbol, price in venue.account.prices.items()}
        self._intervals: dict[str, list[str]] = {}
        self._moved: set[str] = set()

    def read_changed(self) -> None:
        """The set of streams that are read has changed: note which candle intervals are wanted of which symbol."""
        self._intervals = {}
        for stream in self._sockets.streams():
            name, _, channel = stream.partition("@")
            if channel.startswith("kline_"):
                self._intervals.setdefault(name.upper(), []).append(channel.removeprefix("kline_"))

    def told(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if isinstance(message, OrderUpdate) and message.fill and message.order.client_id.startswith(LIQUIDATION):
                self._send_forced(message.order)
            self._feed.send(user_events.event(self._venue.account, message))

    def traded(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if self._is_silent(step.symbol):
                continue
            self._send_trade(step)
            self._send_book(step)
            self._updated_ms[step.symbol] = step.at_ms
            if step.symbol in self._intervals:
                self._moved.add(step.symbol)

    def closed(self, candles: Sequence[ClosedCandle], at_ms: int) -> None:
        """Send every closed candle in one burst; when the last has left is noted for the benchmark."""
        read = [c for c in candles if self._sockets.wants(_kline_stream(c.symbol, c.interval))]
        read = [closed for closed in read if not self._is_silent(closed.symbol)]
        for number, closed in enumerate(read, start=1):
            rules = self._venue.account.rules[closed.symbol]
            event = market_wire.kline_event(rules, closed.interval, closed.candle, closed=True, at_ms=at_ms)
            last = number == len(read)
            on_sent = (lambda: self._timing.burst_sent(at_ms, len(read), time.monotonic_ns())) if last else None
            self._sockets.publish(_kline_stream(closed.symbol, closed.interval), event, on_sent)

    async def send_forming(self) -> None:
        """The forming candles of the symbols that have traded since: the venue sends them each 250 ms of real time."""
        moved, self._moved = self._moved, set()
        for symbol in moved:
            self._send_forming(symbol)
            await asyncio.sleep(0)  # one at a time: a closed candle or an order must not wait for them all

    async def beat(self) -> None:
        """Mark prices and tickers: once a second of real time, however fast the market runs."""
        self._send_marks()
        await self._send_tickers()

    def _send_trade(self, step: Step) -> None:
        name, rules = step.symbol.lower(), self._venue.account.rules[step.symbol]
        previous = self._venue.account.prices[step.symbol].previous
        if self._sockets.wants(f"{name}@trade"):
            self._sockets.publish(f"{name}@trade", market_wire.trade_event(rules, step, previous))
        if self._sockets.wants(f"{name}@aggTrade"):
            envelope = {"e": "aggTrade", "E": step.at_ms, "s": step.symbol}
            self._sockets.publish(f"{name}@aggTrade", envelope | market_wire.agg_trade(rules, step, previous))

    def _send_book(self, step: Step) -> None:
        name = step.symbol.lower()
        if self._sockets.wants(f"{name}@bookTicker"):
            row = market_wire.book_ticker(public.ladder_of(self._venue, step.symbol), step.at_ms)
            self._sockets.publish(f"{name}@bookTicker", _book_event(row))
        read = [s for s in (f"{name}@depth", f"{name}@depth@100ms", f"{name}@depth@500ms") if self._sockets.wants(s)]
        if read and self._faults.strike(DepthGap, lambda fault: fault.symbol in ("", step.symbol)) is None:
            for stream in read:
                self._sockets.publish(stream, self._book_change(step))

    def _send_forming(self, symbol: str) -> None:
        if self._is_silent(symbol):
            return
        rules, at_ms = self._venue.account.rules[symbol], self._updated_ms[symbol]
        for interval in self._intervals.get(symbol, ()):
            candle = self._venue.candles.forming(symbol, interval)
            if candle is not None:
                event = market_wire.kline_event(rules, interval, candle, closed=False, at_ms=at_ms)
                self._sockets.publish(_kline_stream(symbol, interval), event)

    def _send_forced(self, order: Order) -> None:
        """Liquidations are public: everybody may hear of them."""
        read = [s for s in (f"{order.symbol.lower()}@forceOrder", ALL_FORCED) if self._sockets.wants(s)]
        if read:
            event = market_wire.force_order(self._venue.account.rules[order.symbol], order)
            for stream in read:
                self._sockets.publish(stream, event)

    def _is_silent(self, symbol: str) -> bool:
        """Whether the market of a symbol is over or stands still."""
        quirks = self._venue.account.quirks
        return quirks.status_of(symbol) is SymbolStatus.CLOSE or symbol in quirks.still

    def _book_change(self, step: Step) -> Json:
        """From the book of the trade before to that of this one: the ladder moves as a whole, old levels go."""
        ladder = public.ladder_of(self._venue, step.symbol)
        older = replace(ladder, last=self._venue.account.prices[step.symbol].previous)
        rows = {}
        for end, taker in (("b", Side.SELL), ("a", Side.BUY)):
            levels = market_wire.book_side(ladder, taker)
            kept = {price for price, _ in levels}
            rows[end] = levels + [[price, "0"] for price, _ in market_wire.book_side(older, taker) if price not in kept]
        before = self._updated_ms[step.symbol]
        times = {"E": step.at_ms, "T": step.at_ms, "s": step.symbol}
        return {"e": "depthUpdate", **times, "U": before + 1, "u": step.at_ms, "pu": before, **rows}

    def _send_marks(self) -> None:
        wanted_all = [stream for stream in ALL_MARKS if self._sockets.wants(stream)]
        rows = []
        for symbol in self._venue.account.rules:
            names = [f"{symbol.lower()}@markPrice{tail}" for tail in ("", "@1s")]
            read = [stream for stream in names if self._sockets.wants(stream)]
            if not read and not wanted_all:
                continue
            event = market_wire.mark_event(public.premium_row(self._venue, symbol))
            rows.append(event)
            for stream in read:
                self._sockets.publish(stream, event)
        for stream in wanted_all:
            self._sockets.publish(stream, rows)

    async def _send_tickers(self) -> None:
        rows = []
        everything = self._sockets.wants(ALL_TICKERS)
        for symbol in self._venue.account.rules:
            stream = f"{symbol.lower()}@miniTicker"
            if everything or self._sockets.wants(stream):
                row = await public.day_ticker(self._venue, symbol)
                event = market_wire.mini_ticker_event(row, self._venue.now_ms())
                rows.append(event)
                self._sockets.publish(stream, event)
                await asyncio.sleep(0)  # a day of candles each: other work may come in between
        self._sockets.publish(ALL_TICKERS, rows)


def _kline_stream(symbol: str, interval: str) -> str:
    return f"{symbol.lower()}@kline_{interval}"


def _book_event(row: Json) -> Json:
    return {
        "e": "bookTicker",
        "u": row["lastUpdateId"],
        "E": row["time"],
        "T": row["time"],
        "s": row["symbol"],
        "b": row["bidPrice"],
        "B": row["bidQty"],
        "a": row["askPrice"],
        "A": row["askQty"],
        "ps": row["symbol"],
        "st": 1,
    }
