"""Faults that strike requests, as the unmodified client meets them."""

from __future__ import annotations

import time

import anyio
import ccxt
import pytest

from plugins.paper_exchange.faults.kinds import EmptyReply

pytestmark = pytest.mark.anyio

BTC = "BTC/USDT:USDT"


async def filled(bench) -> int:
    """How many trades the account has made, as the venue tells it."""
    return len(await bench.client.fetch_my_trades(BTC))


async def test_drop_reply(bench):
    """The order is carried out, the connection dies: the client knows nothing."""
    await bench.inject(kind="drop_reply")
    with pytest.raises(ccxt.NetworkError):
        await bench.buy(newClientOrderId="lost-1")
    assert await filled(bench) == 1
    assert (await bench.client.fetch_order(None, BTC, {"origClientOrderId": "lost-1"}))["status"] == "closed"
    await bench.buy()


@pytest.mark.parametrize("answer", ["503", "408", "-1007"])
@pytest.mark.parametrize("executed", [True, False])
async def test_unknown_outcome(bench, answer, executed):
    """The same answer comes whether the order was carried out or not."""
    await bench.inject(kind="unknown_outcome", answer=answer, executed=executed)
    with pytest.raises(ccxt.NetworkError):
        await bench.buy()
    assert await filled(bench) == executed


async def test_slow_reply(bench):
    """The order is carried out at once and answered late."""
    await bench.inject(kind="slow_reply", delay_s=0.3)
    begun = time.monotonic()
    await bench.buy()
    assert time.monotonic() - begun >= 0.3


async def test_unavailable(bench):
    """503 `Service Unavailable.` means that nothing was done; without a path it strikes any call."""
    await bench.inject(kind="unavailable", count=2)
    with pytest.raises(ccxt.ExchangeNotAvailable, match="Service Unavailable"):
        await bench.buy()
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await bench.client.fetch_positions([BTC])
    assert await filled(bench) == 0


async def test_overload_spares_what_reduces(bench):
    """-1008 for entries; exits, stops that close, and cancels pass."""
    await bench.buy()
    await bench.inject(kind="overload", seconds=30)
    with pytest.raises(ccxt.OperationFailed, match="-1008"):
        await bench.buy()
    stop = await bench.stop(90_000)
    await bench.client.cancel_order(stop["id"], BTC, {"trigger": True})
    await bench.client.create_order(BTC, "market", "sell", 0.01, params={"reduceOnly": True})
    assert await bench.client.fetch_positions() == []


async def test_too_many_requests(bench):
    """429 with Retry-After, once."""
    await bench.inject(kind="too_many_requests", retry_after_s=7)
    with pytest.raises(ccxt.DDoSProtection):
        await bench.client.fetch_time()
    assert bench.client.last_response_headers["Retry-After"] == "7"
    await bench.client.fetch_time()


async def test_banned(bench):
    """418 with Retry-After for every call, orders too, until it is over."""
    await bench.inject(kind="banned", seconds=30)
    for call in (bench.client.fetch_time, bench.buy):
        with pytest.raises(ccxt.DDoSProtection, match="banned until"):
            await call()
        assert 1 <= int(bench.client.last_response_headers["Retry-After"]) <= 30
    await bench.clear()
    await bench.buy()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("-2010", ccxt.ExchangeError),
        ("-2015", ccxt.AuthenticationError),
        ("-2018", ccxt.InsufficientFunds),
        ("-2024", ccxt.InsufficientFunds),
        ("-4192", ccxt.PermissionDenied),
        ("-4400", ccxt.PermissionDenied),
    ],
)
async def test_refusal(bench, code, kind):
    """Refusals for reasons of the venue's own; the last two let out what only reduces."""
    await bench.buy()
    await bench.inject(kind="refusal", code=code, seconds=30)
    with pytest.raises(kind, match=code):
        await bench.buy()
    if code in {"-4192", "-4400"}:
        await bench.client.create_order(BTC, "market", "sell", 0.01, params={"reduceOnly": True})


async def test_would_trigger(bench):
    """-2021 for a stop whose price has not come: it came while the request was on its way."""
    await bench.buy()
    await bench.inject(kind="would_trigger", symbol="BTCUSDT")
    with pytest.raises(ccxt.OrderImmediatelyFillable, match="-2021"):
        await bench.stop(90_000)
    assert (await bench.stop(90_000))["status"] == "open"


async def test_moved_path(bench):
    """404 for one path; the others work."""
    await bench.inject(kind="moved_path", path="/fapi/v3/account", seconds=30)
    with pytest.raises(ccxt.ExchangeError, match="-5000"):
        await bench.client.fetch_balance()
    await bench.client.fapiPrivateV2GetAccount()


@pytest.mark.parametrize("by_ms", [-2_000, 7_000])
async def test_clock_skew(bench, by_ms):
    """The venue's time is off, and what a right clock signs is refused with -1021."""
    await bench.inject(kind="clock_skew", by_ms=by_ms, seconds=30)
    assert abs(await bench.client.fetch_time() - bench.client.milliseconds() - by_ms) < 1_000
    bench.client.options["recvWindow"] = 5_000
    with pytest.raises(ccxt.InvalidNonce, match="-1021"):
        await bench.client.fetch_balance()
    await bench.clear()
    await bench.client.fetch_balance()


async def test_stale_snapshot(bench):
    """Reading calls go on telling what was true when the fault began; orders are carried out."""
    await bench.inject(kind="stale_snapshot", seconds=30)
    await bench.buy()
    await bench.stop(90_000)
    assert await bench.client.fetch_positions() == []
    assert await bench.client.fetch_open_orders(BTC, params={"trigger": True}) == []
    assert (await bench.client.fetch_balance())["USDT"]["total"] == 10_000
    await bench.clear()
    assert len(await bench.client.fetch_positions()) == 1
    assert len(await bench.client.fetch_open_orders(BTC, params={"trigger": True})) == 1


async def test_faults_are_bounded_listed_and_ended(bench):
    """A count runs out by being used, seconds by passing; both are listed until then, and can be ended by hand."""
    await bench.inject(kind="drop_reply", count=2)
    begun = await bench.inject(kind="overload", seconds=0.2)
    assert 0 < begun["seconds_left"] <= 0.2
    assert await bench.active() == ["drop_reply", "overload"]
    await anyio.sleep(begun["seconds_left"])  # the fault is bounded by real time
    assert await bench.active() == ["drop_reply"]
    for _ in range(2):
        with pytest.raises(ccxt.NetworkError):
            await bench.buy()
    assert await bench.active() == []
    await bench.inject(kind="mute")
    await bench.clear()
    assert await bench.active() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "mutiny"},
        {"kind": "mute", "loudness": 3},
        {"kind": "overload", "count": 3},
        {"kind": "disconnect", "seconds": 3},
        {"kind": "deleveraging", "symbol": "BTCUSD"},
        {"kind": "stuck_trigger", "symbol": "NOPE"},
        {"kind": "refusal", "code": "-1"},
        [],
    ],
)
async def test_what_is_no_fault_is_refused_with_a_sentence(bench, fault):
    """Wrong kinds, options, bounds and symbols are named; nothing begins."""
    async with bench.running.http.post(f"{bench.running.url}/qt/v1/faults", json=fault) as response:
        answer = await response.json()
    assert (response.status, answer["code"]) == (400, -1130)
    assert await bench.active() == []


async def test_a_form_is_no_command(bench):
    """What a page in a browser could send does not begin a fault."""
    async with bench.running.http.post(f"{bench.running.url}/qt/v1/faults", data='{"kind": "mute"}') as response:
        assert response.status == 400


@pytest.mark.parametrize("method", ["", "POST", "PUT", "DELETE"])
def test_an_empty_reply_is_one_to_a_question(method: str) -> None:
    """What places an order has no empty answer: said when the fault is asked for."""
    assert EmptyReply.model_validate({"path": "/fapi/v3/positionRisk"}).method == "GET"
    with pytest.raises(ValueError, match="strikes what reads"):
        EmptyReply.model_validate({"path": "/fapi/v1/order", "method": method})


async def test_empty_reply(bench):
    """The account has a position, and the call that lists positions says that there is none, once."""
    await bench.buy()
    await bench.inject(kind="empty_reply", path="/fapi/v3/positionRisk")
    assert await bench.client.fetch_positions([BTC]) == []
    assert len(await bench.client.fetch_positions([BTC])) == 1
