"""The venue's answers: read exactly, never guessed, and not as ccxt's unified view has them."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import ccxt
import pytest
from ccxt.pro import binanceusdm

from plugins.domain import StopStatus
from plugins.exchange import wire
from plugins.exchange.order_path import Child, Tracked, learn
from plugins.exchange.replies import Refused, Unclear, reply_of
from plugins.exchange.wire import Unreadable
from plugins.venue.client import Answer

ALGO: dict[str, Any] = {
    "algoId": 2146760, "clientAlgoId": "qt-p-s-1", "algoType": "CONDITIONAL", "orderType": "STOP_MARKET",
    "symbol": "BTCUSDT", "side": "SELL", "positionSide": "BOTH", "timeInForce": "GTC", "quantity": "0.010",
    "algoStatus": "FINISHED", "actualOrderId": "77", "triggerPrice": "95000.00", "closePosition": False,
    "reduceOnly": True, "createTime": 1735719600000, "updateTime": 1735719600000,
}  # fmt: skip
ORDER: dict[str, Any] = {
    "orderId": 77, "clientOrderId": "algo-2146760", "symbol": "BTCUSDT", "side": "SELL", "status": "EXPIRED",
    "origQty": "0.010", "executedQty": "0.004", "avgPrice": "94990.10", "reduceOnly": True, "updateTime": 1735719600000,
}  # fmt: skip
EVENT: dict[str, Any] = {
    "e": "ALGO_UPDATE", "T": 1735719600000, "E": 1735719600000,
    "o": {
        "caid": "qt-p-s-1", "aid": 2146760, "at": "CONDITIONAL", "o": "STOP_MARKET", "s": "BTCUSDT", "S": "SELL",
        "ps": "BOTH", "f": "GTC", "q": "0.010", "X": "TRIGGERED", "ai": "77", "tp": "95000.00", "p": "0", "V": "NONE",
        "wt": "MARK_PRICE", "pm": "NONE", "cp": False, "pP": False, "R": True, "tt": 0, "gtd": 0, "rm": "",
    },
}  # fmt: skip


def test_ccxts_false_filled_is_not_believed() -> None:
    """Where ccxt's unified order says closed and filled, we know of nothing filled until the child order says so."""
    client = binanceusdm()
    unified = client.parse_ws_order(EVENT["o"] | {"e": "ALGO_UPDATE"})
    assert unified["status"] == "closed", "ccxt still reports a triggered stop as done"
    known = learn(Tracked(_stop()), wire.algo_from(ALGO))
    assert (known.stop_status, known.filled, known.final) == (StopStatus.TRIGGERED, Decimal(0), False)
    known = learn(known, Child(wire.order_from(ORDER)))
    assert (known.stop_status, known.filled) == (StopStatus.EXPIRED, Decimal("0.004"))


def _stop() -> Any:
    return SimpleNamespace(id="qt-p-s-1", trigger=Decimal(95000), symbol="BTCUSDT")


def test_figures_are_exact() -> None:
    """Strings become Decimals digit for digit; no float comes in between."""
    order = wire.order_from(ORDER | {"avgPrice": "0.1000000000000000055"})
    assert str(order.average_price) == "0.1000000000000000055"


@pytest.mark.parametrize(
    "changed",
    [{"status": "PERHAPS"}, {"executedQty": None}, {"executedQty": "NaN"}, {"side": "UP"}, {"orderId": ""}],
)
def test_what_is_not_documented_is_no_answer(changed: dict[str, Any]) -> None:
    """An unknown word, a missing or a senseless figure is said to be unreadable, never taken for something else."""
    with pytest.raises(Unreadable):
        wire.order_from(ORDER | changed)


@pytest.mark.parametrize("answer", [{}, None, "[]", {"code": 0}, [1], [[]]])
def test_x10_only_a_list_is_an_empty_list(answer: object) -> None:
    """One strange answer is not 'no positions': nothing may be concluded from it."""
    with pytest.raises(Unreadable):
        wire.rows_of(answer, "positions")


def test_f11_hedge_mode_is_refused() -> None:
    """A position of one side only belongs to an account that keeps both apart."""
    with pytest.raises(Unreadable, match="one-way"):
        wire.position_from({"positionSide": "LONG", "positionAmt": "1"})


def _error(kind: type[ccxt.BaseError], answer: Answer | None = None, cause: Exception | None = None) -> ccxt.BaseError:
    error = kind("binanceusdm GET https://host/fapi/v1/order?timestamp=1&signature=secret")
    vars(error)["venue_answer"] = answer
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_error(ccxt.InsufficientFunds, Answer(400, -2019, "Margin is insufficient.", 0)), Refused),
        (_error(ccxt.RequestTimeout, Answer(408, -1007, "Timeout waiting for response", 0)), Unclear),
        (_error(ccxt.ExchangeNotAvailable, Answer(503, None, "Unknown error, please check your request", 0)), Unclear),
        (_error(ccxt.ExchangeNotAvailable, Answer(503, None, "Service Unavailable.", 0)), Refused),
        (_error(ccxt.ExchangeNotAvailable, Answer(502, None, "<html>bad gateway", 0)), Unclear),
        (_error(ccxt.DDoSProtection, Answer(429, -1003, "Too many requests", 7)), Refused),
        (_error(ccxt.RequestTimeout), Unclear),
        (_error(ccxt.ExchangeNotAvailable), Unclear),
        (_error(ccxt.NullResponse), Unclear),
    ],
)
def test_only_a_clear_no_is_a_refusal(error: ccxt.BaseError, kind: type) -> None:
    """What may have arrived stays unclear; the signature of a request is never part of the sentence."""
    reply = reply_of(error)
    assert isinstance(reply, kind)
    assert "signature" not in str(reply)


def test_asking_for_patience_says_how_long() -> None:
    """Retry-After reaches whoever waits."""
    reply = reply_of(_error(ccxt.DDoSProtection, Answer(429, -1003, "Too many requests", 7)))
    assert isinstance(reply, Refused)
    assert reply.retry_after_s == 7
