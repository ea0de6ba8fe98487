"""What faults do to requests: before they are carried out, and to their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from plugins.paper_exchange.core.refusals import Refusal, triggers_at_once
from plugins.paper_exchange.faults.board import Board
from plugins.paper_exchange.faults.kinds import (
    Banned,
    ClockSkew,
    DropReply,
    EmptyReply,
    MovedPath,
    Overload,
    RefusalCode,
    RefusalFault,
    RequestFault,
    SlowReply,
    TooManyRequests,
    Unavailable,
    UnknownOutcome,
    WouldTrigger,
)
from plugins.paper_exchange.server.call import Endpoint, Guard
from plugins.paper_exchange.server.limits import TooFastError, banned
from plugins.paper_exchange.server.params import Params

_SENTENCES = {
    RefusalCode.REJECTED: "NEW_ORDER_REJECTED",
    RefusalCode.BAD_KEY: "Invalid API-key, IP, or permissions for action.",
    RefusalCode.BALANCE: "Balance is insufficient.",
    RefusalCode.POSITION: "Position is not sufficient.",
    RefusalCode.COOLING_OFF: "Trade forbidden due to Cooling-off Period.",
    RefusalCode.QUANT_RULES: "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed.",
}
_SPARES_REDUCING = {RefusalCode.COOLING_OFF, RefusalCode.QUANT_RULES}
_TIMED_OUT = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."


class PlainAnswerError(Exception):
    """An answer that does not come from the venue's own programs but from what stands in front of them."""

    def __init__(self, http: int, text: str) -> None:
        super().__init__(f"{http}: {text}")
        self.http = http
        self.text = text


class NoAnswerError(Exception):
    """The connection is to die before it is answered."""


class RestFaults:
    """Asked around every request but those that control the venue."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.frozen: Mapping[str, Any] = {}
        """Answers of reading calls as they were when the snapshot went stale, by path."""

    @property
    def skew_ms(self) -> int:
        """By how much the venue's clock for requests is off."""
        fault = self._board.find(ClockSkew)
        return 0 if fault is None else fault.by_ms

    def at_the_gate(self, endpoint: Endpoint, wall_s: float) -> None:
        """What strikes a request before anything is known about it but its path. Raises what the answer is to be."""
        if self._board.find(Banned) is not None:
            raise banned(wall_s + self._ban_left_s(), wall_s)
        if (fault := self._board.strike(TooManyRequests)) is not None:
            raise TooFastError(-1003, "Too many requests; slow down.", fault.retry_after_s)
        if self._board.strike(MovedPath, lambda fault: fault.path == endpoint.path) is not None:
            raise Refusal(-5000, f"Path {endpoint.path}, Method {endpoint.method} is invalid", 404)
        if self._board.strike(Unavailable, lambda fault: _struck(fault, endpoint, everywhere=True)) is not None:
            raise PlainAnswerError(503, "Service Unavailable.")

    def before(self, endpoint: Endpoint, params: Params) -> None:
        """What refuses a request that is otherwise right, or says that nobody knows without having done it."""
        if self._board.find(Overload) is not None and endpoint.orders and not reduces(params):
            message = "Server is currently overloaded with other requests. Please try again in a few minutes."
            raise Refusal(-1008, message, 503)
        if (refusal := self._board.strike(RefusalFault, lambda f: self._refuses(f, endpoint, params))) is not None:
            raise Refusal(int(refusal.code), _SENTENCES[refusal.code])
        if endpoint.path == "/fapi/v1/algoOrder" and endpoint.method == "POST":
            symbol = params.optional_text("symbol")
            if self._board.strike(WouldTrigger, lambda fault: fault.symbol in ("", symbol)) is not None:
                raise triggers_at_once()
        self._say_unknown(endpoint, executed=False)

    def snapshot(self, endpoint: Endpoint, params: Params) -> Any | None:
        """The stale or empty answer to a reading call; None where it is to be answered as it is."""
        if self._board.strike(EmptyReply, lambda fault: _struck(fault, endpoint)) is not None:
            return []
        if endpoint.method != "GET" or endpoint.path not in self.frozen:
            return None
        stale, symbol = self.frozen[endpoint.path], params.optional_text("symbol")
        if symbol is None or not isinstance(stale, list):
            return stale
        return [row for row in stale if row.get("symbol") == symbol]

    async def after(self, endpoint: Endpoint) -> None:
        """What becomes of the answer to a request that has been carried out."""
        if (slow := self._board.strike(SlowReply, lambda fault: _struck(fault, endpoint))) is not None:
            await asyncio.sleep(slow.delay_s)
        if self._board.strike(DropReply, lambda fault: _struck(fault, endpoint)) is not None:
            raise NoAnswerError
        self._say_unknown(endpoint, executed=True)

    def _say_unknown(self, endpoint: Endpoint, *, executed: bool) -> None:
        fault = self._board.strike(
            UnknownOutcome, lambda fault: fault.executed is executed and _struck(fault, endpoint)
        )
        if fault is None:
            return
        match fault.answer:
            case "503":
                raise PlainAnswerError(503, "Unknown error, please check your request or try again later.")
            case "408":
                raise Refusal(-1007, _TIMED_OUT, 408)
            case "-1007":
                raise Refusal(-1007, _TIMED_OUT, 503)

    def _refuses(self, fault: RefusalFault, endpoint: Endpoint, params: Params) -> bool:
        spared = fault.code in _SPARES_REDUCING and (not endpoint.orders or reduces(params))
        return _struck(fault, endpoint) and not spared

    def _ban_left_s(self) -> float:
        found = (active for active in self._board.active() if isinstance(active.fault, Banned))
        return next((self._board.seconds_left(active) or 1.0 for active in found), 1.0)


def reduces(params: Params) -> bool:
    """Whether an order request can only make positions smaller; a batch, when all its orders can."""
    if "batchOrders" in params:
        try:
            rows = orjson.loads(params.text("batchOrders"))
        except orjson.JSONDecodeError:
            return False
        return isinstance(rows, list) and all(isinstance(r, dict) and _is_true(r.get("reduceOnly")) for r in rows)
    return any(_is_true(params.optional_text(name)) for name in ("reduceOnly", "closePosition"))


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"


def _struck(fault: RequestFault, endpoint: Endpoint, *, everywhere: bool = False) -> bool:
    if fault.method and fault.method != endpoint.method:
        return False
    if fault.path:
        return fault.path == endpoint.path
    return everywhere or (endpoint.guard is Guard.SIGNED and endpoint.method != "GET")
