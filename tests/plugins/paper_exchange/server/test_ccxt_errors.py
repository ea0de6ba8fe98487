"""Every refusal of the venue that a rule of its own brings about, provoked through the unmodified client."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import ccxt
import ccxt.async_support
import pytest

from plugins.paper_exchange.market.brackets import bracket_ladder
from plugins.paper_exchange.server.app import ServerSettings
from plugins.paper_exchange.server.limits import LimitSettings

pytestmark = pytest.mark.anyio

BTC, LTC = "BTC/USDT:USDT", "LTC/USDT:USDT"


def mapped(client):
    """ccxt picks the futures map of errors by the official address; here by hand."""
    client.get_exceptions_by_url = lambda _url, kind: client.exceptions["linear"].get(kind, {})
    return client


@pytest.fixture
async def trader(market, open_venue, new_client):
    async with (
        open_venue(market) as running,
        new_client(ccxt.async_support.binanceusdm, running.url) as client,
    ):
        await client.load_markets()
        client.running = running
        yield mapped(client)


def order(client, type_="market", side="buy", amount=0.01, price=None, symbol=BTC, **params):
    return client.create_order(symbol, type_, side, amount, price, params)


async def held(client) -> None:
    await order(client)


async def stop_there(client) -> None:
    await held(client)
    await order(client, side="sell", amount=None, stopLossPrice=90_000, closePosition=True)


async def resting(client) -> None:
    await order(client, "limit", price=99_000, newClientOrderId="twice")


async def nothing(_client) -> None: ...


async def _late(client):
    client.options["recvWindow"] = 1_000
    client.options["timeDifference"] = 3_000
    await client.fetch_balance()


async def _other_key(client):
    client.apiKey = "somebody-else"
    await client.fetch_balance()


async def _too_large(client):
    """Beyond the cap of the brackets that allow the leverage."""
    table = bracket_ladder([(50, Decimal(20_000), Decimal("0.01"))])
    client.running.venue.account.brackets["BTCUSDT"] = table
    await client.set_leverage(50, BTC)
    await order(client, amount=0.3)


async def _too_little_margin(client):
    await order(client, amount=1.5)
    await client.set_leverage(5, BTC)


async def _raw_market(client, **more):
    await client.fapiPrivatePostOrder({"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", **more})


async def _raw_limit(client, **more):
    base = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    await client.fapiPrivatePostOrder(base | more)


async def _stop_on_the_wrong_path(client):
    base = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": "90000", "quantity": "0.01"}
    await client.fapiPrivatePostOrder(base)


async def _close_again(client):
    await order(client, side="sell", amount=None, stopLossPrice=91_000, closePosition=True)


async def _after_a_jump(client):
    """The mark price follows a jump by half a print."""
    client.running.venue.source.write("BTCUSDT", 1, "115000", "115000", "115000", "115000")
    await client.running.advance()
    await client.running.venue.play_moment(client.running.venue.timeline.peek())
    await order(client)


CASES = [
    ("-1021", ccxt.InvalidNonce, nothing, _late),
    ("-1102", ccxt.BadRequest, nothing, lambda c: c.fapiPrivatePostOrder({"symbol": "BTCUSDT", "side": "BUY"})),
    ("-1121", ccxt.BadSymbol, nothing, lambda c: c.fapiPublicGetKlines({"symbol": "NOPE", "interval": "1m"})),
    ("-2011", ccxt.OrderNotFound, nothing, lambda c: c.cancel_order("42", BTC)),
    ("-2011", ccxt.OrderNotFound, nothing, lambda c: c.cancel_order("42", BTC, {"trigger": True})),
    ("-2013", ccxt.OrderNotFound, nothing, lambda c: c.fetch_order("42", BTC)),
    ("-2015", ccxt.AuthenticationError, nothing, _other_key),
    ("-2019", ccxt.InsufficientFunds, nothing, lambda c: order(c, amount=3)),
    ("-2021", ccxt.OrderImmediatelyFillable, held, lambda c: order(c, side="sell", stopLossPrice=100_500)),
    ("-2022", ccxt.InvalidOrder, nothing, lambda c: order(c, side="sell", reduceOnly=True)),
    ("-2027", ccxt.OperationRejected, nothing, _too_large),
    ("-2028", ccxt.OperationRejected, nothing, _too_little_margin),
    ("-4003", ccxt.ExchangeError, nothing, lambda c: _raw_market(c, quantity="0")),
    ("-4014", ccxt.ExchangeError, nothing, lambda c: _raw_limit(c, price="99000.05")),
    ("-4016", ccxt.ExchangeError, nothing, lambda c: order(c, "limit", price=106_000)),
    ("-4024", ccxt.ExchangeError, nothing, lambda c: order(c, "limit", "sell", price=94_000)),
    ("-4028", ccxt.ExchangeError, nothing, lambda c: c.set_leverage(51, BTC)),
    ("-4046", ccxt.MarginModeAlreadySet, nothing, lambda c: c.set_margin_mode("cross", BTC)),
    ("-4059", ccxt.ExchangeError, nothing, lambda c: c.set_position_mode(False)),
    ("-4061", ccxt.ExchangeError, nothing, lambda c: order(c, positionSide="LONG")),
    ("-4116", ccxt.InvalidOrder, resting, lambda c: order(c, "limit", price=98_000, newClientOrderId="twice")),
    ("-4120", ccxt.InvalidOrder, held, _stop_on_the_wrong_path),
    ("-4130", ccxt.ExchangeError, stop_there, _close_again),
    ("-4131", ccxt.OperationRejected, nothing, _after_a_jump),
    ("-4164", ccxt.InvalidOrder, nothing, lambda c: order(c, "limit", amount=0.01, price=100, symbol=LTC)),
    ("-5021", ccxt.OrderNotFillable, nothing, lambda c: order(c, "limit", price=99_000, timeInForce="FOK")),
    ("-5022", ccxt.OrderNotFillable, nothing, lambda c: order(c, "limit", price=100_100, postOnly=True)),
]


@pytest.mark.parametrize(("code", "kind", "before", "refused"), CASES, ids=[f"{n}{c[0]}" for n, c in enumerate(CASES)])
async def test_each_rule_refuses_by_its_own_code(trader, code, kind, before, refused):
    """The code is the venue's, and with the futures map ccxt makes the class of it that a trader acts on."""
    await before(trader)
    with pytest.raises(ccxt.BaseError, match=code) as caught:
        await refused(trader)
    assert isinstance(caught.value, kind), type(caught.value)


async def test_weight_is_counted_and_passing_it_ends_in_a_ban(market, open_venue, new_client):
    """Each call's weight is in the header; beyond the limit 429 with Retry-After, and going on makes it a 418."""
    limits = LimitSettings(weight_1m=50, ban_after=3, ban_s=120)
    settings = replace(ServerSettings(), port=0, limits=limits)
    async with (
        open_venue(market, settings=settings) as running,
        new_client(ccxt.async_support.binanceusdm, running.url) as client,
    ):
        await client.load_markets()
        before = int(client.last_response_headers["X-MBX-USED-WEIGHT-1M"])
        await client.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": "1m", "limit": 1500})
        await client.fetch_order_book(BTC, 100)
        assert int(client.last_response_headers["X-MBX-USED-WEIGHT-1M"]) == before + 15
        statuses, waits = [], []
        for _ in range(6):
            with pytest.raises(ccxt.DDoSProtection) as caught:
                await client.fetch_tickers()
            statuses.append(418 if " 418 " in str(caught.value) else 429)
            waits.append(int(client.last_response_headers["Retry-After"]))
        assert statuses == [429, 429, 429, 418, 418, 418]
        assert all(1 <= wait <= 61 for wait in waits[:3])
        assert all(118 <= wait <= 120 for wait in waits[3:])
        with pytest.raises(ccxt.DDoSProtection, match="banned until"):
            await client.create_order(BTC, "market", "buy", 0.01)
        assert (await running.get("/qt/v1/state"))["open_orders"] == 0


async def test_orders_are_counted_by_ten_seconds_and_by_the_minute(market, open_venue, new_client):
    """Both counts are in the headers of order calls; -1015 beyond, which is no ban."""
    settings = replace(ServerSettings(), port=0, limits=LimitSettings(orders_1m=2))
    async with (
        open_venue(market, settings=settings) as running,
        new_client(ccxt.async_support.binanceusdm, running.url) as client,
    ):
        await client.load_markets()
        for number in (1, 2):
            await client.create_order(BTC, "market", "buy", 0.001)
            headers = client.last_response_headers
            assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1M"]) == (str(number), str(number))
        for _ in range(20):
            with pytest.raises(ccxt.DDoSProtection, match="-1015"):
                await client.create_order(BTC, "market", "buy", 0.001)
        await client.fetch_balance()


async def test_margins_and_liquidation_price_follow_the_brackets(market, open_venue, new_client):
    """ccxt's positions and tiers carry what the published formulas give for a position in the second bracket."""
    ladder = bracket_ladder([(50, Decimal(20_000), Decimal("0.01")), (20, Decimal(1_000_000), Decimal("0.02"))])
    async with (
        open_venue(market) as running,
        new_client(ccxt.async_support.binanceusdm, running.url) as client,
    ):
        running.venue.account.brackets["BTCUSDT"] = ladder
        await client.load_markets()
        await client.create_order(BTC, "market", "buy", 0.4)
        (position,) = await client.fetch_positions([BTC])
        account = await client.fapiPrivateV3GetAccount()
        assert float(account["totalMaintMargin"]) == 40_000 * 0.02 - 200
        assert float(position["info"]["maintMargin"]) == 600
        assert position["initialMargin"] == 2_000
        cost = 0.4 * 100_005
        wallet = 10_000 - cost * 0.0005
        assert position["liquidationPrice"] == pytest.approx((wallet + 200 - cost) / (0.4 * 0.02 - 0.4), abs=1e-6)
        tiers = (await client.fetch_leverage_tiers([BTC]))[BTC]
        assert [(t["maxLeverage"], t["maxNotional"], t["maintenanceMarginRate"]) for t in tiers] == [
            (50, 20_000, 0.01),
            (20, 1_000_000, 0.02),
        ]
