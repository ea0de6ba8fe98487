"""The unmodified ccxt client against the venue: every call that a trader of ours makes."""

from __future__ import annotations

import anyio
import ccxt
import ccxt.async_support
import pytest

from plugins.paper_exchange.market.simulated import SimulatedMarket

pytestmark = pytest.mark.anyio

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


@pytest.fixture
async def trader(market, open_venue, new_client):
    """A running venue in lockstep and an async client with its markets loaded."""
    async with (
        open_venue(market) as running,
        new_client(ccxt.async_support.binanceusdm, running.url) as client,
    ):
        await client.load_markets()
        client.running = running
        yield client


async def test_markets_carry_the_filters(trader):
    """exchangeInfo becomes markets with precision and limits."""
    market = trader.market(BTC)
    assert market["swap"]
    assert market["active"]
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert market["limits"]["cost"]["min"] == 5
    assert (market["maker"], market["taker"]) == (0.0002, 0.0005)


async def test_candles_and_prices(trader):
    """Klines, tickers, book, trades and mark prices can all be read."""
    candles = await trader.fetch_ohlcv(BTC, "1m", limit=500)
    assert len(candles) == 500
    assert candles[-1][0] == trader.running.venue.source.start_ms - 60_000
    assert len(await trader.fetch_ohlcv(BTC, "5m", limit=50)) == 50
    await trader.running.advance()
    assert (await trader.fetch_ohlcv(BTC, "1m", limit=3))[-1][0] == trader.running.venue.source.start_ms
    assert (await trader.fetch_ohlcv(BTC, "1m", limit=3, params={"price": "mark"}))[-1][4] == 100_000
    assert (await trader.fetch_ticker(BTC))["last"] == 100_000
    assert set(await trader.fetch_tickers()) == {BTC, ETH, "LTC/USDT:USDT"}
    assert (await trader.fetch_bids_asks())[BTC]["ask"] > 100_000
    book = await trader.fetch_order_book(BTC, 50)
    assert book["bids"][0][0] < 100_000 < book["asks"][0][0]
    assert len(await trader.fetch_trades(BTC, limit=10)) == 10
    assert (await trader.fetch_mark_price(BTC))["markPrice"] == 100_000
    assert abs(await trader.fetch_time() - trader.milliseconds()) < 5_000


async def test_market_order_round_trip(trader):
    """A market order is filled, shows in trades, position and balance, and is closed reduce-only."""
    order = await trader.create_order(BTC, "market", "buy", 0.01, params={"newClientOrderId": "entry-1"})
    assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 0.01, "entry-1")
    assert order["average"] == 100_005
    position = (await trader.fetch_positions())[0]
    assert (position["contracts"], position["side"], position["entryPrice"]) == (0.01, "long", 100_005)
    assert position["liquidationPrice"] is None or position["liquidationPrice"] < 100_000
    balance = await trader.fetch_balance()
    fee = 1000.05 * 0.0005
    assert balance["USDT"]["total"] == pytest.approx(10_000 - fee - 0.05)  # the half spread is not earned yet
    assert balance["USDT"]["free"] < balance["USDT"]["total"]
    trade = (await trader.fetch_my_trades(BTC))[0]
    assert trade["order"] == order["id"]
    assert trade["fee"] == {"currency": "USDT", "cost": pytest.approx(fee)}
    closed = await trader.create_order(BTC, "market", "sell", 0.01, params={"reduceOnly": True})
    assert closed["reduceOnly"]
    assert await trader.fetch_positions() == []


async def test_limit_order_life(trader):
    """Place, read, amend, cancel; and read again once it is closed."""
    order = await trader.create_order(BTC, "limit", "buy", 0.01, 99_000)
    assert [o["id"] for o in await trader.fetch_open_orders(BTC)] == [order["id"]]
    assert len(await trader.fetch_open_orders()) == 1
    amended = await trader.edit_order(order["id"], BTC, "limit", "buy", 0.02, 98_000)
    assert (amended["id"], amended["price"], amended["amount"]) == (order["id"], 98_000, 0.02)
    by_client = await trader.fetch_order(None, BTC, {"origClientOrderId": order["clientOrderId"]})
    assert by_client["id"] == order["id"]
    assert (await trader.cancel_order(order["id"], BTC))["status"] == "canceled"
    assert (await trader.fetch_order(order["id"], BTC))["status"] == "canceled"
    assert [o["status"] for o in await trader.fetch_orders(BTC)] == ["canceled"]


async def test_post_only_and_batches(trader):
    """Post-only becomes GTX; batches place, amend and cancel several."""
    assert (await trader.create_order(BTC, "limit", "buy", 0.01, 99_000, {"postOnly": True}))["postOnly"]
    placed = await trader.create_orders(
        [
            {"symbol": ETH, "type": "limit", "side": "buy", "amount": 0.1, "price": 3900},
            {"symbol": ETH, "type": "limit", "side": "buy", "amount": 0.1, "price": 9000},
        ]
    )
    assert {o["status"] for o in placed} == {"open", "rejected"}
    (order_id,) = (o["id"] for o in placed if o["status"] == "open")
    again = {"id": order_id, "symbol": ETH, "type": "limit", "side": "buy", "amount": 0.2, "price": 3800}
    assert (await trader.edit_orders([again]))[0]["amount"] == 0.2
    await trader.cancel_orders([order_id], ETH)
    assert [o["symbol"] for o in await trader.fetch_open_orders()] == [BTC]
    await trader.cancel_all_orders(BTC)
    assert await trader.fetch_open_orders() == []


async def test_stop_on_the_venue(trader, market):
    """A stop waits in its own book, is found by its client id, and closes the position when its price comes."""
    market.write("BTCUSDT", 1, "100000", "100000", "98000", "98000")
    await trader.create_order(BTC, "market", "buy", 0.01)
    params = {"stopLossPrice": 99_000, "reduceOnly": True, "clientAlgoId": "guard-1"}
    stop = await trader.create_order(BTC, "market", "sell", 0.01, params=params)
    assert (stop["status"], stop["triggerPrice"], stop["clientOrderId"]) == ("open", 99_000, "guard-1")
    assert await trader.fetch_open_orders(BTC) == []
    assert [o["id"] for o in await trader.fetch_open_orders(BTC, params={"trigger": True})] == [stop["id"]]
    await trader.cancel_all_orders(BTC)
    assert len(await trader.fetch_open_orders(BTC, params={"trigger": True})) == 1
    await trader.running.advance(2)
    done = await trader.fetch_order(stop["id"], BTC, {"trigger": True})
    assert done["info"]["algoStatus"] == "FINISHED"
    child = await trader.fetch_order(done["info"]["actualOrderId"], BTC)
    assert (child["status"], child["average"]) == ("closed", 98_995)
    assert await trader.fetch_positions() == []


async def test_conditional_orders_can_be_cancelled(trader):
    """One by id, one by client id, all of a symbol."""
    await trader.create_order(BTC, "market", "buy", 0.01)
    close = {"closePosition": True, "clientAlgoId": "c1"}
    first = await trader.create_order(BTC, "market", "sell", None, params={"stopLossPrice": 99_000, **close})
    await trader.cancel_order(first["id"], BTC, {"trigger": True})
    await trader.create_order(BTC, "market", "sell", None, params={"stopLossPrice": 99_000, **close})
    await trader.cancel_order(None, BTC, {"trigger": True, "clientAlgoId": "c1"})
    await trader.create_order(BTC, "limit", "sell", 0.01, 101_000, {"takeProfitPrice": 101_000, "reduceOnly": True})
    await trader.cancel_all_orders(BTC, {"trigger": True})
    assert await trader.fetch_open_orders(BTC, params={"trigger": True}) == []
    statuses = [o["info"]["algoStatus"] for o in await trader.fetch_orders(BTC, params={"trigger": True})]
    assert statuses == ["CANCELED"] * 3


async def test_margin_settings(trader):
    """Leverage can be set and read; margin and position mode are fixed and say so."""
    assert (await trader.set_leverage(10, BTC))["leverage"] == 10
    assert (await trader.fetch_leverages([BTC]))[BTC]["longLeverage"] == 10
    assert (await trader.fetch_leverage_tiers([BTC]))[BTC][0]["maintenanceMarginRate"] == 0.01
    with pytest.raises(ccxt.ExchangeError, match="-4059"):
        await trader.set_position_mode(False)
    with pytest.raises(ccxt.MarginModeAlreadySet, match="-4046"):
        await trader.set_margin_mode("cross", BTC)
    assert (await trader.fetch_position_mode())["hedged"] is False
    assert (await trader.fetch_trading_fee(BTC))["taker"] == 0.0005


async def test_funding(trader, market):
    """Rates, schedule and what was paid can be read."""
    start = market.start_ms
    market.settlements += [("BTCUSDT", start - 4 * 3_600_000, "0.0002"), ("BTCUSDT", start + 60_000, "0.0001")]
    rate = await trader.fetch_funding_rate(BTC)
    assert (rate["fundingRate"], rate["fundingTimestamp"]) == (0.0002, start + 60_000)
    assert (await trader.fetch_funding_intervals())[BTC]["interval"] == "4h"
    await trader.create_order(BTC, "market", "buy", 0.1)
    await trader.running.advance(2)
    assert (await trader.fetch_funding_history(BTC))[0]["amount"] == -1.0
    assert [row["fundingRate"] for row in await trader.fetch_funding_rate_history(BTC)] == [0.0002, 0.0001]
    kinds = {row["incomeType"] for row in await trader.fapiPrivateGetIncome()}
    assert kinds == {"TRANSFER", "COMMISSION", "FUNDING_FEE"}


async def test_all_versions_of_account_calls(trader):
    """Second and third versions of account, balance and position calls agree."""
    await trader.create_order(BTC, "market", "sell", 0.01)
    second, third = await trader.fapiPrivateV2GetAccount(), await trader.fapiPrivateV3GetAccount()
    assert second["totalWalletBalance"] == third["totalWalletBalance"]
    assert [p["symbol"] for p in third["positions"]] == ["BTCUSDT"]
    assert len(second["positions"]) == 3
    assert (await trader.fapiPrivateV2GetBalance())[0]["balance"] == third["totalWalletBalance"]
    risk = await trader.fapiPrivateV2GetPositionRisk({"symbol": "BTCUSDT"})
    assert (risk[0]["positionAmt"], risk[0]["leverage"]) == ("-0.010", "20")
    assert (await trader.fetch_positions([BTC], {"method": "account"}))[0]["side"] == "short"


class Bell:
    """Rings when the venue tells of a cancelled order."""

    def __init__(self) -> None:
        self.rung = anyio.Event()

    def told(self, messages) -> None:
        if any(getattr(message, "execution", None) == "CANCELED" for message in messages):
            self.rung.set()

    def traded(self, steps) -> None: ...

    def closed(self, candles, at_ms) -> None: ...


async def test_dead_mans_switch(trader):
    """countdownCancelAll cancels a symbol's orders when its owner does not come back."""
    bell = Bell()
    trader.running.venue.listeners.append(bell)
    await trader.create_order(BTC, "limit", "buy", 0.01, 99_000)
    await trader.fapiPrivatePostCountdownCancelAll({"symbol": "BTCUSDT", "countdownTime": 1})
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trader.running.server.run)
        with anyio.fail_after(5):
            await bell.rung.wait()
        tasks.cancel_scope.cancel()
    assert await trader.fetch_open_orders(BTC) == []


async def test_refusals_come_as_the_right_class(trader):
    """The venue's codes reach the client; with the futures map their classes are right."""
    trader.get_exceptions_by_url = lambda url, kind: trader.exceptions["linear"].get(kind, {})
    cases = [
        (ccxt.InsufficientFunds, "-2019", ("market", "buy", 3, None, {})),
        (ccxt.InvalidOrder, "-2022", ("market", "buy", 0.01, None, {"reduceOnly": True})),
        (ccxt.OrderImmediatelyFillable, "-2021", ("market", "sell", 0.01, None, {"stopLossPrice": 100_500})),
        (ccxt.InvalidOrder, "-4116", ("limit", "buy", 0.01, 99_000, {"newClientOrderId": "twice"})),
        (ccxt.OrderNotFillable, "-5022", ("limit", "buy", 0.01, 100_100, {"postOnly": True})),
    ]
    await trader.create_order(BTC, "limit", "buy", 0.001, 99_000, {"newClientOrderId": "twice"})
    for kind, code, order in cases:
        with pytest.raises(ccxt.ExchangeError, match=code) as caught:
            await trader.create_order(BTC, *order)
        assert isinstance(caught.value, kind), (code, caught.type)


async def test_sync_client(market, open_venue, aimed):
    """The synchronous client works unmodified too."""

    def trade(url: str) -> tuple[str, float]:
        client = aimed(ccxt.binanceusdm, url)
        try:
            order = client.create_order(BTC, "market", "buy", 0.01)
            return order["status"], client.fetch_balance()["USDT"]["total"]
        finally:
            client.session.close()

    async with open_venue(market) as running:
        status, total = await anyio.to_thread.run_sync(trade, running.url)
    assert status == "closed"
    assert total < 10_000


async def test_klines_older_than_what_is_kept_in_memory(open_venue):
    """A week of minutes can be read page by page from `startTime`, though only the newest 1,500 are kept."""
    source = SimulatedMarket(3, ["BTCUSDT"])
    async with open_venue(source) as running:
        pages, at = [], source.first_ms
        while at < source.start_ms:
            window = f"startTime={at}&endTime={source.start_ms - 1}&limit=1500"
            rows = await running.get(f"/fapi/v1/klines?symbol=BTCUSDT&interval=1m&{window}")
            pages.append(len(rows))
            assert rows[0][0] == at
            at = rows[-1][0] + 60_000
        assert pages == [1500] * 6 + [1080]
