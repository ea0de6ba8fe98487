"""ccxt's own request and response cases: each is answered, in the shape that the real venue uses."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import ccxt
import ccxt.async_support
import pytest

pytestmark = pytest.mark.anyio

LTC = "LTC/USDT:USDT"
PRICES = {"LTCUSDT": "60", "BTCUSDT": "95000", "ETHUSDT": "4000", "USDBRLUSDT": "5.10"}

BY_CLIENT = 0

REFUSED = {
    "Swap trailingPercent order": BY_CLIENT,
    "swap hedged reduceOnly market sell order": -4061,
    "swap hedged reduceOnly market buy order": -4061,
}
"""Cases that this venue refuses: one-way mode only, and no trailing stops, which its exchangeInfo does not offer."""

UNKNOWN_ORDER = {"editOrder", "cancelOrder", "cancelOrderWithClientOrderId", "fetchOrder"}
"""Calls that name an order of the recording; here they must be answered with -2011 or -2013."""


@pytest.fixture
async def client(market, open_venue, new_client):
    market.prices = {symbol: Decimal(price) for symbol, price in PRICES.items()}
    async with open_venue(market) as running, new_client(ccxt.async_support.binanceusdm, running.url) as opened:
        await opened.load_markets()
        opened.running = running
        yield opened


@pytest.fixture
def requests(paths):
    text = paths.shared("fixtures", "ccxt", "request_binanceusdm.json").read_text()
    return [(name, case) for name, cases in json.loads(text)["methods"].items() for case in cases]


@pytest.fixture
def responses(paths):
    text = paths.shared("fixtures", "ccxt", "response_binanceusdm.json").read_text()
    return {
        case["description"]: case["httpResponse"] for cases in json.loads(text)["methods"].values() for case in cases
    }


async def answer_to(client, name: str, case: dict) -> int | None:
    """The code of the refusal, if it was one."""
    method = getattr(client, "".join(f"_{c.lower()}" if c.isupper() else c for c in name))
    try:
        await method(*case["input"])
    except ccxt.ExchangeError as error:
        code = re.search(r'"code":(-\d+)', str(error))
        return int(code[1]) if code else BY_CLIENT
    return None


async def test_every_request_case_is_answered(client, requests):
    """All 32 recorded requests reach their endpoint and are understood; refusals are about the order, not the form."""
    await client.create_order(LTC, "market", "sell", 1)
    for name, case in requests:
        code = await answer_to(client, name, case)
        expected = {-2011, -2013} if name in UNKNOWN_ORDER else {REFUSED.get(case["description"])}
        if name == "cancelOrders":  # the client raises for a batch of one, and shows refusals as rows of a longer one
            expected = {-2011, None}
        assert code in expected, case["description"]
    assert len(requests) == 32


def shape(ours: object, theirs: object, where: str = "") -> None:
    """Every field of the recorded answer is in ours."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), where
        assert set(theirs) - set(ours) == set(), where
        for name, value in theirs.items():
            shape(ours[name], value, f"{where}.{name}")
    elif isinstance(theirs, list) and theirs:
        assert isinstance(ours, list), where
        assert ours, where
        shape(ours[0], theirs[0], f"{where}[]")
    elif isinstance(theirs, bool):
        assert isinstance(ours, bool), where


async def test_answers_have_the_venues_fields(client, responses):
    """Orders, trades, positions, account, candles and book carry every field of the recorded answers."""
    order = await client.create_order(LTC, "limit", "buy", 0.2, 55)
    await client.create_order(LTC, "market", "buy", 1)
    answers = {
        "create swap orders": [order["info"]],
        "edit swap orders": [(await client.edit_order(order["id"], LTC, "limit", "buy", 0.3, 54))["info"]],
        "swap open order": await client.fapiPrivateGetOpenOrder({"symbol": "LTCUSDT", "orderId": order["id"]}),
        "open portfolio margin orders": await client.fapiPrivateGetOpenOrders({"symbol": "LTCUSDT"}),
        "fetch portfolio margin orders": await client.fapiPrivateGetAllOrders({"symbol": "LTCUSDT"}),
        "Fetch linear positions without symbols": await client.fapiPrivateV3GetPositionRisk(),
        "Fetch linear positions using account endnpoint": await client.fapiPrivateV3GetAccount(),
        "Linear swap balance": await client.fapiPrivateV2GetAccount(),
        "Swap private trade": await client.fapiPrivateGetUserTrades({"symbol": "LTCUSDT"}),
        "swap ohlcv": await client.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": "1m", "limit": 3}),
        "swap orderbook": await client.fapiPublicGetDepth({"symbol": "BTCUSDT", "limit": 5}),
        "fetch portfolio margin funding history": await client.fapiPrivateGetIncome({"symbol": "LTCUSDT"}),
        "linear swap fetch margin mode": await client.fapiPrivateGetSymbolConfig({"symbol": "BTCUSDT"}),
    }
    for description, ours in answers.items():
        shape(ours, responses[description], description)
    assert [len(row) for row in answers["swap ohlcv"]] == [12, 12, 12]
    assert len(answers["swap orderbook"]["bids"]) == 5
