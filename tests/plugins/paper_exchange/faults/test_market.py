"""Faults of account and market, as the unmodified client meets them."""

from __future__ import annotations

import asyncio

import anyio
import ccxt
import ccxt.pro
import pytest

pytestmark = pytest.mark.anyio

BTC = "BTC/USDT:USDT"
HOUR_MS = 3_600_000


async def test_stuck_trigger(bench, market):
    """The stop is triggered and nothing is sold, until the fault is over: naked, whatever the client calls it."""
    market.write("BTCUSDT", 1, "100000", "100000", "98000", "98000")
    await bench.buy()
    stop = await bench.stop(99_000)
    await bench.inject(kind="stuck_trigger", symbol="BTCUSDT", seconds=30)
    await bench.running.advance(2)
    assert (await bench.algo(stop))["algoStatus"] == "TRIGGERING"
    assert (await bench.client.fetch_positions())[0]["contracts"] == 0.01
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        await bench.client.cancel_order(stop["id"], BTC, {"trigger": True})
    await bench.clear()
    assert (await bench.algo(stop))["algoStatus"] == "FINISHED"
    assert await bench.client.fetch_positions() == []


async def test_partial_child(bench, market):
    """FINISHED with a part: the child expired, the rest of the position is open and has no stop."""
    market.write("BTCUSDT", 1, "100000", "100000", "98000", "98000")
    await bench.buy()
    stop = await bench.stop(99_000)
    await bench.inject(kind="partial_child", symbol="BTCUSDT", fraction="0.4")
    await bench.running.advance(2)
    ended = await bench.algo(stop)
    assert (ended["algoStatus"], ended["actualQty"]) == ("FINISHED", "0.004")
    child = await bench.client.fetch_order(ended["actualOrderId"], BTC)
    assert (child["status"], child["filled"], child["remaining"]) == ("expired", 0.004, 0.006)
    assert (await bench.client.fetch_positions())[0]["contracts"] == 0.006
    assert await bench.active() == []


async def test_deleveraging(bench):
    """The position shrinks without an own order; forceOrders and the client id say why."""
    await bench.buy(0.02)
    async with bench.user_stream() as events:
        await bench.inject(kind="deleveraging", symbol="BTCUSDT", fraction="0.5")
        first = await events.next()
        assert (first["o"]["c"], first["o"]["x"]) == ("adl_autoclose", "NEW")
        kinds = [(await events.next()) for _ in range(2)]
        assert (kinds[1]["o"]["x"], kinds[1]["o"]["X"]) == ("CALCULATED", "FILLED")
    assert (await bench.client.fetch_positions())[0]["contracts"] == 0.01
    forced = await bench.client.fapiPrivateGetForceOrders({"autoCloseType": "ADL"})
    assert [row["executedQty"] for row in forced] == ["0.010"]
    assert await bench.client.fapiPrivateGetForceOrders({"autoCloseType": "LIQUIDATION"}) == []


async def test_liquidation(bench):
    """The position goes, a fee is paid to the insurance fund, and -2023 answers orders until it is over."""
    await bench.buy(0.02)
    await bench.inject(kind="liquidation", symbol="BTCUSDT", seconds=30)
    assert await bench.client.fetch_positions() == []
    with pytest.raises(ccxt.OperationFailed, match="-2023"):
        await bench.buy()
    (paid,) = await bench.client.fapiPrivateGetIncome({"incomeType": "INSURANCE_CLEAR"})
    assert float(paid["income"]) == pytest.approx(-0.02 * 100_000 * 0.0125, rel=0.01)
    (order,) = await bench.client.fapiPrivateGetForceOrders()
    assert order["clientOrderId"].startswith("autoclose-")
    await bench.clear()
    await bench.buy()


async def test_funding_interval(bench, market):
    """Funding comes every hour from now on, is announced so, and is paid; afterwards the old interval holds again."""
    market.settlements += [("BTCUSDT", market.start_ms + k * 4 * HOUR_MS, "0.0001") for k in range(-2, 3)]
    assert (await bench.client.fetch_funding_intervals())[BTC]["interval"] == "4h"
    await bench.buy()
    await bench.running.advance()
    await bench.inject(kind="funding_interval", symbol="BTCUSDT", hours=1, rate="0.0005", seconds=60)
    assert (await bench.client.fetch_funding_intervals())[BTC]["interval"] == "1h"
    assert (await bench.client.fetch_funding_rate(BTC))["fundingTimestamp"] == market.start_ms + HOUR_MS
    before = len(await bench.client.fetch_funding_history(BTC))
    await bench.running.advance(130)
    paid = await bench.client.fetch_funding_history(BTC)
    assert [row["amount"] for row in paid[before:]] == [-0.5, -0.5]
    await bench.clear()
    assert (await bench.client.fetch_funding_rate(BTC))["fundingTimestamp"] == market.start_ms + 4 * HOUR_MS


async def test_bracket_change(bench):
    """Leverage and caps fall: the tiers say so, and what the old ones allowed is refused with -2027."""
    await bench.client.set_leverage(50, BTC)
    await bench.inject(kind="bracket_change", symbol="BTCUSDT", factor=5, seconds=30)
    tiers = (await bench.client.fetch_leverage_tiers([BTC]))[BTC]
    assert (tiers[0]["maxLeverage"], tiers[0]["maintenanceMarginRate"]) == (10, 0.05)
    with pytest.raises(ccxt.OperationRejected, match="-2027"):
        await bench.buy()
    with pytest.raises(ccxt.ExchangeError, match="-4028"):
        await bench.client.set_leverage(20, BTC)
    await bench.clear()
    await bench.buy()


async def test_settling(bench):
    """SETTLING: entries are refused with -4140, exits are not; the market is told as not active."""
    await bench.buy()
    await bench.inject(kind="delisting", symbol="BTCUSDT", seconds=30)
    with pytest.raises(ccxt.BadRequest, match="-4140"):
        await bench.buy()
    assert (await bench.client.load_markets(True))[BTC]["active"] is False
    await bench.client.create_order(BTC, "market", "sell", 0.01, params={"reduceOnly": True})


async def test_delisted(bench):
    """The position is settled at the mark price, its stop expires, the symbol leaves exchangeInfo and its streams."""
    await bench.buy()
    stop = await bench.stop(90_000)
    streams = f"{bench.running.url}/market/stream?streams=btcusdt@trade/ethusdt@trade"
    async with bench.running.http.ws_connect(streams) as socket:
        await bench.inject(kind="delisting", symbol="BTCUSDT", settle=True, seconds=30)
        assert await bench.client.fetch_positions() == []
        assert (await bench.algo(stop))["algoStatus"] == "EXPIRED"
        with pytest.raises(ccxt.OperationRejected, match="-4141"):
            await bench.buy()
        info = await bench.client.fapiPublicGetExchangeInfo()
        assert [row["symbol"] for row in info["symbols"]] == ["ETHUSDT", "LTCUSDT"]
        await bench.running.advance()
        with anyio.fail_after(5):
            assert {(await socket.receive_json())["stream"] for _ in range(4)} == {"ethusdt@trade"}


async def test_filter_change(bench):
    """A coarser tick is in exchangeInfo, and a price on the old one is refused."""
    await bench.inject(kind="filter_change", symbol="BTCUSDT", tick_size="50", min_notional="5000", seconds=30)
    with pytest.raises(ccxt.ExchangeError, match="-4014"):
        await bench.client.create_order(BTC, "limit", "buy", 0.1, 99_000.1)
    with pytest.raises(ccxt.InvalidOrder, match="-4164"):
        await bench.buy(0.01)
    changed = (await bench.client.load_markets(True))[BTC]
    assert (changed["precision"]["price"], changed["limits"]["cost"]["min"]) == (50, 5000)
    await bench.clear()
    await bench.buy(0.01)


async def test_a_liquidation_is_heard_by_everybody(bench, new_client):
    """The market's forceOrder stream tells it, without the account's client id; ccxt reads it."""
    await bench.buy(0.02)
    async with new_client(ccxt.pro.binanceusdm, bench.running.url) as client:
        await client.load_markets()
        watching = asyncio.create_task(client.watch_liquidations(BTC))
        await bench.reading("btcusdt@forceOrder")
        await bench.inject(kind="liquidation", symbol="BTCUSDT", seconds=30)
        with anyio.fail_after(5):
            (told,) = await watching
    assert (told["side"], told["contracts"]) == ("sell", 0.02)
    assert "c" not in told["info"]


async def test_an_account_near_its_end_is_called_for_margin(bench, market):
    """MARGIN_CALL names the positions with what they must keep; then comes the liquidation by the rule itself."""
    market.write("BTCUSDT", 2, "100000", "100000", "91100", "91100")
    market.write("BTCUSDT", 4, "91100", "91100", "89000", "89000")
    await bench.client.set_leverage(50, BTC)
    await bench.buy(1)
    async with bench.user_stream() as events:
        await bench.running.advance(4)
        call = await events.next()
        assert (call["e"], call["p"][0]["s"], call["p"][0]["pa"]) == ("MARGIN_CALL", "BTCUSDT", "1.000")
        assert float(call["p"][0]["mm"]) == pytest.approx(float(call["p"][0]["mp"]) * 0.01)
        await bench.running.advance(2)
        forced = await events.next()
    assert forced["o"]["c"].startswith("autoclose-")
    assert await bench.client.fetch_positions() == []


async def test_frozen_market(bench, market):
    """What is told of the symbol stands still with its old time; the others, and its own orders, go on."""
    market.write("BTCUSDT", 1, "100000", "100000", "98000", "98000")
    before = await bench.client.fetch_funding_rate(BTC)
    await bench.inject(kind="frozen_market", symbol="BTCUSDT", seconds=30)
    await bench.running.advance(2)
    told = await bench.client.fetch_funding_rate(BTC)
    assert (told["markPrice"], told["timestamp"]) == (before["markPrice"], before["timestamp"])
    bought = await bench.buy()
    assert bought["average"] < 99_000
    await bench.clear()
    after = await bench.client.fetch_funding_rate(BTC)
    assert after["timestamp"] > before["timestamp"]
    assert after["markPrice"] < before["markPrice"]
