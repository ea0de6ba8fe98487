"""What the venue refuses before it looks at an order: asked by hand-made requests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import sqlite3
import time
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from yarl import URL

from plugins.paper_exchange.server.app import PUBLIC_KEY, PUBLIC_SECRET, AddressInUseError, ServerSettings, VenueServer
from plugins.paper_exchange.server.limits import LimitSettings

pytestmark = pytest.mark.anyio

ACCOUNT = "/fapi/v3/account"


def signed(secret: str = PUBLIC_SECRET, shift_ms: int = 0, **params: object) -> str:
    query = urlencode({**params, "timestamp": time.time_ns() // 1_000_000 + shift_ms})
    return f"{query}&signature={hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()}"


async def ask(running, method: str, path: str, query: str = "", key: str | None = "paper-key", body: str | None = None):
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | ({"X-MBX-APIKEY": key} if key else {})
    url = URL(f"{running.url}{path}?{query}" if query else f"{running.url}{path}", encoded=True)
    async with running.http.request(method, url, headers=headers, data=body) as response:
        return response.status, await response.json(), response.headers


async def code_of(running, method: str, path: str, query: str = "", **more) -> int:
    _, answer, _ = await ask(running, method, path, query, **more)
    return answer["code"]


@pytest.fixture
async def running(market, open_venue):
    async with open_venue(market) as opened:
        yield opened


async def test_keys_and_signatures(running):
    """-2014 without a key, -2015 for a wrong one, -1022 for a wrong signature; query and form may both be signed."""
    assert (await ask(running, "GET", ACCOUNT, signed()))[0] == 200
    assert (await ask(running, "GET", ACCOUNT, signed(), key=None))[:2][0] == 401
    assert await code_of(running, "GET", ACCOUNT, signed(), key=None) == -2014
    assert await code_of(running, "GET", ACCOUNT, signed(), key="other") == -2015
    assert await code_of(running, "GET", ACCOUNT, signed("other")) == -1022
    assert await code_of(running, "GET", ACCOUNT, "timestamp=1") == -1021
    tampered = signed(symbol="BTCUSDT").replace("BTCUSDT", "ETHUSDT")
    assert await code_of(running, "GET", "/fapi/v1/openOrders", tampered) == -1022
    body = signed(symbol="BTCUSDT", leverage=5)
    assert (await ask(running, "POST", "/fapi/v1/leverage", body=body))[1]["leverage"] == 5


@pytest.mark.parametrize(
    ("shift_ms", "window", "code"),
    [(0, None, None), (-4_000, None, None), (-6_000, None, -1021), (-3_000, 2_000, -1021), (2_000, None, -1021)],
)
async def test_requests_age_in_real_time(running, shift_ms, window, code):
    """A request is refused when it is older than its window or from the future, however fast the market runs."""
    more = {} if window is None else {"recvWindow": window}
    _, answer, _ = await ask(running, "GET", ACCOUNT, signed(shift_ms=shift_ms, **more))
    assert answer.get("code") == code


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({}, -1102),
        ({"symbol": "NOPEUSDT"}, -1121),
        ({"type": None}, -1102),
        ({"type": "ICEBERG"}, -1116),
        ({"type": "STOP_MARKET"}, -4120),
        ({"side": "UP"}, -1117),
        ({"quantity": "much"}, -1102),
        ({"quantity": "NaN"}, -1102),
        ({"price": "1"}, -1106),
        ({"type": "LIMIT", "price": "99000"}, -1102),
        ({"type": "LIMIT", "timeInForce": "GTC"}, -1102),
        ({"type": "LIMIT", "timeInForce": "GTD", "price": "99000"}, -1115),
        ({"positionSide": "LONG"}, -4061),
        ({"reduceOnly": "maybe"}, -1130),
        ({"newClientOrderId": "a b"}, -4015),
    ],
)
async def test_malformed_orders_are_refused_by_name(running, order, code):
    """Each malformed parameter has its own code and changes nothing."""
    whole = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"} if order else {}
    sent = {name: value for name, value in (whole | order).items() if value is not None}
    assert await code_of(running, "POST", "/fapi/v1/order", body=signed(**sent)) == code
    assert not running.venue.account.orders
    assert running.venue.account.wallet == 10_000


async def test_unknown_paths_and_symbols(running):
    """An unknown path is 404 with the venue's body; an unknown symbol -1121; an unknown interval -1120."""
    assert (await ask(running, "GET", "/fapi/v1/nothing"))[0] == 404
    assert await code_of(running, "GET", "/fapi/v1/klines", "symbol=NOPE&interval=1m") == -1121
    assert await code_of(running, "GET", "/fapi/v1/klines", "symbol=BTCUSDT&interval=7m") == -1120
    assert await code_of(running, "GET", "/fapi/v1/klines", "symbol=BTCUSDT&interval=1m&limit=5000") == -1130
    assert await code_of(running, "GET", "/fapi/v1/depth", "symbol=BTCUSDT&limit=7") == -1130


async def test_weights_are_counted_and_bounded(market, open_venue):
    """Each answer carries the weight used this minute; beyond the limit is 429 with Retry-After."""
    settings = replace(ServerSettings(), port=0, limits=LimitSettings(weight_1m=10, orders_10s=3))
    async with open_venue(market, settings=settings) as running:
        used = []
        for query in ("symbol=BTCUSDT&interval=1m&limit=99", "symbol=BTCUSDT&interval=1m&limit=500"):
            _, _, headers = await ask(running, "GET", "/fapi/v1/klines", query)
            used.append(int(headers["X-MBX-USED-WEIGHT-1M"]))
        if used != [1, 6]:
            pytest.skip("the minute turned between two requests")
        status, answer, headers = await ask(running, "GET", "/fapi/v1/ticker/24hr")
        assert (status, answer["code"]) == (429, -1003)
        assert 1 <= int(headers["Retry-After"]) <= 61


async def test_orders_are_counted_and_bounded(market, open_venue):
    """Orders have limits of their own: -1015 beyond, with the counts in the headers."""
    settings = replace(ServerSettings(), port=0, limits=LimitSettings(orders_10s=3))
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    async with open_venue(market, settings=settings) as running:
        answers = [await ask(running, "POST", "/fapi/v1/order", body=signed(**order)) for _ in range(8)]
        codes = [answer.get("code") for _, answer, _ in answers]
        assert -1015 in codes
        assert codes.index(-1015) >= 3
        assert "X-MBX-ORDER-COUNT-10S" in answers[0][2]
        assert "X-MBX-ORDER-COUNT-1M" in answers[0][2]


async def test_a_ledger_that_cannot_be_written_refuses_and_changes_nothing(running):
    """503 while the disk refuses, and the account as it was; once it takes writes again, all goes on."""
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    running.venue.ledger.connection.execute("PRAGMA query_only = ON")
    status, answer, _ = await ask(running, "POST", "/fapi/v1/order", body=signed(**order))
    assert (status, answer["code"]) == (503, -1001)
    assert "cannot be used" in (await running.get("/qt/v1/state"))["trouble"]
    running.venue.ledger.connection.execute("PRAGMA query_only = OFF")
    status, answer, _ = await ask(running, "POST", "/fapi/v1/order", body=signed(**order))
    assert (status, answer["orderId"]) == (200, 2)
    ((count,),) = running.venue.ledger.connection.execute("SELECT count(*) FROM orders").fetchall()
    assert count == 1
    assert (await running.get("/qt/v1/state"))["trouble"] is None


async def test_a_locked_ledger_is_no_end(running, tmp_path):
    """A foreign writer that holds the ledger makes the request fail, not the venue."""
    other = sqlite3.connect(running.venue.ledger.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        status, _, _ = await ask(running, "POST", "/fapi/v1/leverage", body=signed(symbol="BTCUSDT", leverage=7))
        assert status == 503
    finally:
        other.close()
    status, _, _ = await ask(running, "POST", "/fapi/v1/leverage", body=signed(symbol="BTCUSDT", leverage=7))
    assert status == 200


async def test_an_order_that_could_not_be_synced_has_an_unknown_outcome(running):
    """-1007 when the disk refuses to sync: the order is in the ledger, but nobody may rely on it."""
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    running.venue.ledger.disk._log = os.open("/dev/null", os.O_RDONLY)  # a file that cannot be synced
    status, answer, _ = await ask(running, "POST", "/fapi/v1/order", body=signed(**order))
    assert (status, answer["code"]) == (503, -1007)
    assert "cannot be used" in (await running.get("/qt/v1/state"))["trouble"]
    assert running.venue.ledger.connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)


@pytest.mark.parametrize("value", ["9" * 40, "-1", "1e999999", "0x10", "\x00", "é", "%FF", "[]", "NaN", "Infinity"])
async def test_nonsense_is_refused_and_never_an_error_of_the_venue(running, value):
    """Whatever stands in a parameter, the answer is one of the venue's own."""
    paths = ["/fapi/v1/order", "/fapi/v1/algoOrder", "/fapi/v1/leverage", "/fapi/v1/batchOrders"]
    names = ["symbol", "side", "type", "quantity", "price", "timeInForce", "triggerPrice", "leverage", "batchOrders"]
    good = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "1",
        "price": "99000",
        "timeInForce": "GTC",
    }
    for path in paths:
        for name in names:
            status, answer, _ = await ask(running, "POST", path, body=signed(**(good | {name: value})))
            assert status in (200, 400), (path, name, answer)
    for name in ("orderId", "limit", "startTime", "origClientOrderId", "symbol"):
        query = signed(**({"symbol": "BTCUSDT"} | {name: value}))
        for path in ("/fapi/v1/order", "/fapi/v1/allOrders", "/fapi/v1/userTrades", "/fapi/v1/income"):
            status, answer, _ = await ask(running, "GET", path, query)
            assert status in (200, 400), (path, name, answer)


async def test_a_taken_port_is_one_sentence(running):
    """A second venue on the same port says so."""
    port = int(running.url.rpartition(":")[2])
    second = VenueServer(running.venue, replace(ServerSettings(), port=port))
    try:
        with pytest.raises(AddressInUseError, match=f"port {port}"):
            await second.start()
    finally:
        await second.stop()


async def test_order_requests_are_stamped(running):
    """The timing ring knows when each order request began to arrive."""
    before = time.monotonic_ns()
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001", "newClientOrderId": "timed"}
    await ask(running, "POST", "/fapi/v1/order", body=signed(**order))
    (stamp,) = (await running.get("/qt/v1/timing"))["orders"]
    assert stamp["client_id"] == "timed"
    assert before < stamp["received_ns"] < time.monotonic_ns()


async def test_a_body_that_follows_its_headers_is_no_new_request(running):
    """The stamp of the next request on that connection is its own, not that of the last one's body."""
    url = URL(running.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    stamps = []
    for name in ("first", "second"):
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001", "newClientOrderId": name}
        body = signed(**order).encode()
        headers = f"POST /fapi/v1/order HTTP/1.1\r\nHost: here\r\nX-MBX-APIKEY: {PUBLIC_KEY}\r\n"
        form = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        stamps.append(time.monotonic_ns())
        writer.write((headers + form).encode())
        await writer.drain()
        await running.get("/qt/v1/clock")  # by now the headers are being answered
        writer.write(body)
        assert b"200" in await reader.readline()
        await reader.readuntil(b"\r\n\r\n")
        await reader.read(65536)
    writer.close()
    await writer.wait_closed()
    orders = (await running.get("/qt/v1/timing"))["orders"]
    assert [order["client_id"] for order in orders] == ["first", "second"]
    assert stamps[1] <= orders[1]["received_ns"]


async def test_the_clock_is_published(running):
    """`/qt/v1/clock` maps real to market time, and server time is real."""
    clock = await running.get("/qt/v1/clock")
    assert (clock["speed"], clock["market_ms"]) == (0, running.venue.source.start_ms)
    assert abs(clock["wall_ms"] - time.time() * 1000) < 5_000
    assert abs((await running.get("/fapi/v1/time"))["serverTime"] - time.time() * 1000) < 5_000


async def test_only_lockstep_is_advanced(market, open_venue):
    """A venue whose time passes by itself refuses to be pushed."""
    async with open_venue(market, speed="20") as running:
        _, answer, _ = await ask(running, "POST", "/qt/v1/advance", body="bars=1")
        assert "lockstep" in answer["msg"]
