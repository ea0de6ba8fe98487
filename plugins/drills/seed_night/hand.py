"""What an outsider does at the venue: orders by hand and faults, over REST."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from decimal import ROUND_UP, Decimal
from typing import Any

from plugins.drills.outside import TIMEOUT_S, Unreadable, Venue

KEY, SECRET = "paper-key", "paper-secret"
WORTH = Decimal(400)
"""USDT of a position by hand: small beside every limit."""


class Hand(Venue):
    """Reads the venue and acts on it as somebody else on the same account."""

    def __init__(self, port: int) -> None:
        self.at = f"http://127.0.0.1:{port}"
        super().__init__(self.at, KEY, SECRET)

    def open(self, symbol: str, side: str) -> str:
        """A small position at market, `long` or `short`; its quantity."""
        rules = next(one for one in self.public("/fapi/v1/exchangeInfo")["symbols"] if one["symbol"] == symbol)
        lot = next(one for one in rules["filters"] if one["filterType"] == "LOT_SIZE")
        step = Decimal(lot["stepSize"])
        quantity = (WORTH / Decimal(self.last_price(symbol)) / step).to_integral_value(ROUND_UP) * step
        self.posted("/fapi/v1/order", symbol=symbol, side=_word(side), type="MARKET", quantity=quantity)
        return str(quantity)

    def refusal_of(self, symbol: str, order_type: str) -> str:
        """What the venue says to an order of this type; empty when it takes it."""
        try:
            self.posted(
                "/fapi/v1/order", symbol=symbol, side="SELL", type=order_type, quantity="1", price="1", stopPrice="1",
                timeInForce="GTC",
            )  # fmt: skip
        except Unreadable as error:
            said = str(error)
            return said[said.find("{") :] if "{" in said else said
        return ""

    def fault(self, **document: object) -> None:
        """Begin a fault of the venue."""
        self._send("/qt/v1/faults", json.dumps(document).encode(), "application/json")

    def public(self, path: str, **parameters: object) -> Any:
        """What the venue tells anybody."""
        return self._ask(path, urllib.parse.urlencode(parameters))

    def posted(self, path: str, **parameters: object) -> Any:
        """A signed order."""
        query = urllib.parse.urlencode({**parameters, "recvWindow": 5000, "timestamp": time.time_ns() // 1_000_000})
        signature = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        return self._send(path, f"{query}&signature={signature}".encode(), "application/x-www-form-urlencoded")

    def _send(self, path: str, body: bytes, content_type: str) -> Any:
        headers = {"X-MBX-APIKEY": KEY, "Content-Type": content_type}
        request = urllib.request.Request(f"{self.at}{path}", data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise Unreadable(f"the venue refused {path}: {error.code} {error.read().decode()[:200]}") from error
        except (OSError, ValueError) as error:
            raise Unreadable(f"the venue did not answer {path}: {error}") from error


def _word(side: str) -> str:
    return "BUY" if side == "long" else "SELL"
