"""What each call uses up of the request weight, as the header tells the unmodified client."""

from __future__ import annotations

import ccxt.async_support
import pytest

pytestmark = pytest.mark.anyio

BTC = "BTC/USDT:USDT"
KLINES = {"symbol": "BTCUSDT", "interval": "1m"}

# The venue's published weights.
CALLS = [
    (1, lambda c: c.fapiPublicGetKlines({**KLINES, "limit": 99})),
    (2, lambda c: c.fapiPublicGetKlines({**KLINES, "limit": 499})),
    (5, lambda c: c.fapiPublicGetKlines({**KLINES, "limit": 1000})),
    (10, lambda c: c.fapiPublicGetKlines({**KLINES, "limit": 1500})),
    (2, lambda c: c.fetch_order_book(BTC, 50)),
    (5, lambda c: c.fetch_order_book(BTC, 100)),
    (10, lambda c: c.fetch_order_book(BTC, 500)),
    (20, lambda c: c.fetch_order_book(BTC, 1000)),
    (1, lambda c: c.fetch_ticker(BTC)),
    (40, lambda c: c.fetch_tickers()),
    (1, lambda c: c.fetch_funding_rate(BTC)),
    (1, lambda c: c.fetch_open_orders(BTC)),
    (40, lambda c: c.fetch_open_orders()),
    (1, lambda c: c.fetch_open_orders(BTC, params={"trigger": True})),
    (5, lambda c: c.fetch_balance()),
    (5, lambda c: c.fapiPrivateV3GetPositionRisk()),
    (30, lambda c: c.fetch_funding_history(BTC)),
    (5, lambda c: c.fetch_my_trades(BTC)),
    (5, lambda c: c.fetch_orders(BTC)),
    (30, lambda c: c.fetch_position_mode()),
    (10, lambda c: c.fapiPrivatePostCountdownCancelAll({"symbol": "BTCUSDT", "countdownTime": 0})),
    (0, lambda c: c.create_order(BTC, "market", "buy", 0.01)),
]


async def test_every_call_uses_its_published_weight(market, open_venue, new_client):
    """Placing an order uses none of it: orders have counts of their own."""
    async with (
        open_venue(market) as running,
        new_client(ccxt.async_support.binanceusdm, running.url) as client,
    ):
        await client.load_markets()
        used = int(client.last_response_headers["X-MBX-USED-WEIGHT-1M"])
        for number, (weight, call) in enumerate(CALLS):
            await call(client)
            now = int(client.last_response_headers["X-MBX-USED-WEIGHT-1M"])
            if now >= used:  # the count starts anew with every minute
                assert now - used == weight, number
            used = now


async def test_a_client_with_default_options_is_served(market, open_venue, new_client):
    """With keys it first asks the spot side for coins and pairs; the system status and ADL ranks are there."""
    async with (
        open_venue(market) as running,
        new_client(ccxt.async_support.binanceusdm, running.url, options={}) as client,
    ):
        assert BTC in await client.load_markets()
        assert (await client.fetch_status())["status"] == "ok"
        await client.create_order(BTC, "market", "buy", 0.01)
        ranks = await client.fapiPrivateGetAdlQuantile()
        assert [row["symbol"] for row in ranks] == ["BTCUSDT"]
        assert (await client.fapiPrivateGetAdlQuantile({"symbol": "BTCUSDT"}))["adlQuantile"]["BOTH"] == 0
