"""Who may send when the venue's budget runs out, and what a venue that says 429 and 418 gets from whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Instrument, Intent, Purpose, Side
from plugins.exchange.comparing import gone
from plugins.exchange.lanes import Lanes, lane_of
from plugins.exchange.mode_keys import PAPER_KEYS
from plugins.exchange.order_path import Attempt
from plugins.exchange.replies import Refused
from plugins.exchange.requests import Requests, VenueRefusal
from plugins.exchange.venue_clock import VenueClock
from plugins.exchange.weights import MINUTE_MS, Lane, WeightLedger
from plugins.venue import VenueClient

NOON_MS = 1_736_000_040_000
assert NOON_MS % MINUTE_MS == 0


def intent(purpose: Purpose = Purpose.EXIT, position_id: str | None = "p1") -> Intent:
    trigger = Decimal(90) if purpose is Purpose.STOP else None
    return Intent(
        id=f"qt-p-{purpose}",
        symbol="BTCUSDT",
        side=Side.SHORT,
        purpose=purpose,
        quantity=Decimal("0.010"),
        reduce_only=purpose is Purpose.EXIT,
        close_position=trigger is not None,
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
        trigger=trigger,
        position_id=position_id,
    )


def test_what_opens_may_wait_and_what_guards_may_not() -> None:
    """An entry and the stop ahead of it share a lane; every other order is for safety."""
    assert lane_of(intent(Purpose.ENTRY, None)) is Lane.ENTRY
    assert lane_of(intent(Purpose.STOP, None)) is Lane.ENTRY
    assert lane_of(intent(Purpose.STOP)) is Lane.SAFETY
    assert lane_of(intent(Purpose.TAKE_PROFIT)) is Lane.SAFETY
    assert lane_of(intent(Purpose.EXIT)) is Lane.SAFETY


def test_the_rest_of_the_minute_is_kept_for_exits() -> None:
    """Data stops first, entries next, and a new minute begins anew."""
    weights = WeightLedger(1000)
    weights.told(899, NOON_MS)
    assert weights.hold(Lane.DATA, 1, NOON_MS) is None
    weights.told(930, NOON_MS)
    held = weights.hold(Lane.DATA, 1, NOON_MS + 20_000)
    assert held is not None
    assert held.for_s == 40
    assert weights.hold(Lane.ENTRY, 1, NOON_MS) is None
    weights.told(1000, NOON_MS)
    assert weights.hold(Lane.ENTRY, 1, NOON_MS) is not None
    assert weights.hold(Lane.SAFETY, 1, NOON_MS) is None
    assert weights.hold(Lane.DATA, 1, NOON_MS + MINUTE_MS) is None


def test_orders_of_ten_seconds_are_kept_for_exits_too() -> None:
    """Once entries have used four fifths of the venue's orders in ten seconds, the rest is for stops and closes."""
    weights = WeightLedger()
    weights.told_orders(239, NOON_MS)
    assert weights.hold(Lane.ENTRY, 0, NOON_MS) is None
    weights.told_orders(240, NOON_MS + 3_000)
    held = weights.hold(Lane.ENTRY, 0, NOON_MS + 4_000)
    assert held is not None
    assert held.for_s == 6
    assert weights.hold(Lane.SAFETY, 0, NOON_MS + 4_000) is None
    assert weights.hold(Lane.DATA, 0, NOON_MS + 4_000) is None
    assert weights.hold(Lane.ENTRY, 0, NOON_MS + 10_000) is None


def test_what_is_on_its_way_counts() -> None:
    """Forty requests begun at once are weighed before the first answer says so."""
    weights = WeightLedger(1000)
    for _ in range(23):
        assert weights.hold(Lane.DATA, 40, NOON_MS) is None or weights.used(NOON_MS) > 860
        weights.began(40)
    assert weights.hold(Lane.DATA, 40, NOON_MS) is not None
    for _ in range(23):
        weights.ended(40)
    assert weights.used(NOON_MS) == 0


@given(
    st.lists(st.tuples(st.sampled_from([429, 418]), st.floats(0, 500), st.integers(0, 10 * MINUTE_MS)), max_size=8),
    st.integers(0, 10 * MINUTE_MS),
)
def test_f10_safety_stops_only_for_a_ban(refusals: list[tuple[int, float, int]], later_ms: int) -> None:
    """However the venue complains, safety sends unless it is banned; whoever else sends, safety may too."""
    weights = WeightLedger()
    for status, retry_after_s, at_ms in refusals:
        weights.slow_down(status, retry_after_s, NOON_MS + at_ms)
    now_ms = NOON_MS + later_ms
    held = {lane: weights.hold(lane, 1, now_ms) is not None for lane in Lane}
    assert held[Lane.SAFETY] == (weights.banned_s(now_ms) > 0)
    assert held[Lane.ENTRY] >= held[Lane.SAFETY]
    assert held[Lane.DATA] >= held[Lane.ENTRY]


FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
    {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001"},
    {"filterType": "MARKET_LOT_SIZE", "maxQty": "120"},
    {"filterType": "MIN_NOTIONAL", "notional": "100"},
]
SYMBOL = {"symbol": "BTCUSDT", "status": "TRADING", "contractType": "PERPETUAL", "filters": FILTERS}
RULES = {
    "rateLimits": [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
    ],
    "symbols": [SYMBOL, SYMBOL | {"symbol": "ODDUSDT", "filters": FILTERS[:1]}],
}


@dataclass
class Complaining:
    """A venue that refuses with `status` whatever is asked, and counts what it was asked."""

    origin: str = ""
    status: int = 200
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        if request.path.endswith("exchangeInfo"):
            return web.json_response(RULES)
        if self.status == 200:
            order = {
                "orderId": 1, "clientOrderId": "qt-p-exit", "symbol": "BTCUSDT", "side": "SELL", "status": "FILLED",
                "origQty": "0.010", "executedQty": "0.010", "avgPrice": "100", "updateTime": NOON_MS,
            }  # fmt: skip
            return web.json_response([] if "positionRisk" in request.path else order)
        body = {"code": -1003, "msg": "Too many requests; IP banned"}
        return web.json_response(body, status=self.status, headers={"Retry-After": "120"})


@asynccontextmanager
async def _complaining(weight_limit: int | None = None) -> AsyncIterator[tuple[Complaining, Requests]]:
    venue = Complaining()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", venue.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    venue.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    clients = {lane: VenueClient(venue.origin, keys=PAPER_KEYS, throttle=False) for lane in Lane}
    requests = Requests(Lanes(clients, VenueClock()), working_type="MARK_PRICE", weight_limit=weight_limit)
    try:
        yield venue, requests
    finally:
        await requests.close()
        await runner.cleanup()


def attempt(requests: Requests) -> Attempt:
    return Attempt(requests.clock.now_ms(), 2000)


@pytest.mark.anyio
async def test_c1_after_a_429_data_and_entries_wait_and_exits_go_on() -> None:
    """The venue is left in peace for as long as it said by all but what closes a position."""
    async with _complaining() as (venue, requests):
        venue.status = 429
        with pytest.raises(VenueRefusal) as refusal:
            await requests.positions()
        assert refusal.value.retry_after_s == 120
        venue.status, asked = 200, len(venue.asked)
        with pytest.raises(VenueRefusal, match="fewer requests"):
            await requests.positions()
        entry = await requests.place(intent(Purpose.ENTRY, None), attempt(requests))
        assert isinstance(entry, Refused)
        assert len(venue.asked) == asked, "nothing of it left the machine"
        assert not isinstance(await requests.place(intent(), attempt(requests)), Refused)
        assert venue.asked[-1] == "POST /fapi/v1/order"


@pytest.mark.anyio
async def test_the_operators_weight_limit_holds_before_the_venue_has_said_its_own() -> None:
    """Several programs may share an address: the first requests keep to the share of this one too."""
    async with _complaining(weight_limit=4) as (venue, requests):
        with pytest.raises(VenueRefusal, match="of 4 of the minute's request weight"):
            await requests.positions()
        assert venue.asked == [], "nothing of it left the machine"


@pytest.mark.anyio
async def test_f10_a_ban_stops_everything_and_is_said() -> None:
    """Each further request would make a ban longer, so exits too are refused, with the reason and for how long."""
    async with _complaining() as (venue, requests):
        venue.status = 418
        answer: Any = await requests.place(intent(), attempt(requests))
        assert isinstance(answer, Refused)
        asked = len(venue.asked)
        answer = await requests.place(intent(), attempt(requests))
        assert isinstance(answer, Refused)
        assert "banned" in answer.sentence
        assert 100 < answer.retry_after_s <= 120
        assert len(venue.asked) == asked


@pytest.mark.anyio
async def test_f12_a_symbol_without_filters_is_left_out_and_the_others_trade() -> None:
    """No filters, no order: one odd symbol is named and does not keep the rest from being traded."""
    async with _complaining() as (_, requests):
        assert [instrument.symbol for instrument in await requests.instruments()] == ["BTCUSDT"]
        assert "LOT_SIZE" in requests.odd_symbols["ODDUSDT"]
        assert (requests.lanes.weights.limit, requests.lanes.weights.orders_limit) == (1200, 50)


def test_a_symbol_that_the_venue_dropped_is_not_traded_any_more() -> None:
    """It stays known, for what is held of it, with a status that no entry passes."""
    known = {name: Instrument(name, *[Decimal(1)] * 5, status="TRADING") for name in ("BTCUSDT", "OLDUSDT")}
    (dropped,) = gone(known, [known["BTCUSDT"]])
    assert (dropped.symbol, dropped.status) == ("OLDUSDT", "GONE")
