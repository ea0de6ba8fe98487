"""The ccxt client as this application uses it: aimed at one origin, kept there, and read at the frame.

Requests go through ccxt's implicit endpoints (`fapiPrivatePostOrder`, …), which return the venue's own
JSON: figures stay strings until they become Decimal, and no unified view can call a triggered stop filled.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from ccxt.base.errors import BaseError
from ccxt.pro import binanceusdm
from pydantic import SecretStr
from typing_extensions import override

from plugins.domain import Mode
from plugins.venue.bound import BoundConnector
from plugins.venue.endpoints import endpoint_of
from qtcore import QtError

_ANSWER = "venue_answer"

Tap = Callable[[str, Any], None]

WS_CONNECT_TIMEOUT_S = 5
WS_PING_EVERY_S = 15
"""A socket whose pongs stay away is given up after about three of these."""


class LeavesTheMachine(QtError):
    """A request would have gone where this mode has no business; it was not sent."""


@dataclass(frozen=True, slots=True)
class Keys:
    """An account's API key and secret; neither prints."""

    key: SecretStr
    secret: SecretStr


@dataclass(frozen=True, slots=True)
class Answer:
    """What the venue answered to a refused request: HTTP status, its own code (negative) and message."""

    status: int
    code: int | None
    message: str
    retry_after_s: float


def answer_of(error: BaseError) -> Answer | None:
    """The venue's answer behind a ccxt error; None when there was none, so that nobody knows what happened."""
    found = vars(error).get(_ANSWER)
    return found if isinstance(found, Answer) else None


@dataclass(slots=True)
class Usage:
    """What the venue's headers last said about the request weight and order count used."""

    weight_1m: int = 0
    orders_10s: int = 0
    retry_after_s: float = 0.0
    seen: bool = field(default=False)


class VenueClient(binanceusdm):  # type: ignore[misc] # ccxt ships no types
    """A Binance USDⓈ-M client for one origin and mode.

    `origin` (like `http://127.0.0.1:8877`) replaces scheme and host of every URL, and from then on
    only loopback hosts are spoken to; empty keeps the hosts that the venue has for this mode, and no
    other is spoken to. Without `keys` the client cannot sign. Raises WrongEndpoint where mode, origin and
    keys do not fit together. With `throttle` ccxt's limiter queues requests in one line; signed traffic goes
    without, because an order must never wait behind market data (the caller watches `usage`).
    ccxt never retries: it would send orders again under a fresh timestamp.
    """

    def __init__(
        self,
        origin: str,
        *,
        keys: Keys | None = None,
        mode: Mode = Mode.PAPER,
        throttle: bool = True,
        timeout_s: float = 5.0,
        recv_window_ms: int = 2000,
    ) -> None:
        self.endpoint = endpoint_of(mode, origin, signed=keys is not None)
        config: Any = {
            "apiKey": keys.key.get_secret_value() if keys else "",
            "secret": keys.secret.get_secret_value() if keys else "",
            "enableRateLimit": throttle,
            "timeout": int(timeout_s * 1000),
            "verify": not origin.startswith("http://"),
            "options": {
                "recvWindow": recv_window_ms,
                "fetchCurrencies": False,
                "timeDifference": 0,
                "disableFuturesSandboxWarning": True,
                # Compressed frames cost both ends more time than the bytes saved are worth.
                "ws": {"connectionTimeout": WS_CONNECT_TIMEOUT_S * 1000, "compress": 0},
            },
        }
        super().__init__(config)
        # ccxt's own 180 s would notice a dead peer after nine minutes
        self.streaming: dict[str, Any] = {**self.streaming, "keepAlive": WS_PING_EVERY_S * 1000}
        self.timeout_on_exit = 0
        self.usage = Usage()
        self._taps: dict[str, tuple[Tap, Callable[[str, str], None]]] = {}
        if self.endpoint.sandbox:
            self.set_sandbox_mode(True)
        if origin:
            self.urls["api"] = _aimed(self.urls["api"], origin)

    @override
    def get_exceptions_by_url(self, url: str | None, exactOrBroad: str) -> Any:
        """The futures error map whatever the host; ccxt picks it by URL prefix and loses it elsewhere."""
        return self.safe_dict(self.exceptions, "linear", {}).get(exactOrBroad, {})

    @override
    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        """One HTTP request. Raises LeavesTheMachine before sending when the host is not allowed."""
        self.refuse_foreign_host(url)
        return await super().fetch(url, method, headers, body)

    def refuse_foreign_host(self, url: str) -> None:
        """Raise LeavesTheMachine when this client's mode has no business at `url`."""
        if not self.endpoint.allows(url):
            raise LeavesTheMachine(
                f"mode {self.endpoint.mode} has no business with {urlsplit(url).hostname}, and the request was not "
                "sent; in paper mode nothing may leave this machine. Set one mode, and the venue's address by it"
            )

    @override
    def on_rest_response(
        self, code: int, reason: str, url: str, method: str, response_headers: Mapping[str, str], response_body: str,
        request_headers: Any, request_body: Any,
    ) -> str:  # fmt: skip
        """Note the usage headers of every answer, also of refused ones."""
        headers = {name.lower(): value for name, value in response_headers.items()}
        self.usage.weight_1m = int(headers.get("x-mbx-used-weight-1m", self.usage.weight_1m))
        self.usage.orders_10s = int(headers.get("x-mbx-order-count-10s", self.usage.orders_10s))
        self.usage.retry_after_s = float(headers.get("retry-after", 0.0)) if code in {418, 429} else 0.0
        self.usage.seen = True
        return response_body.strip()

    @override
    def handle_errors(self, code: int, reason: str, url: str, method: str, headers: Any, body: str, response: Any,
                      requestHeaders: Any, requestBody: Any) -> Any:  # fmt: skip
        """ccxt's check, with the venue's answer kept on the error: some of its classes drop the code."""
        try:
            return super().handle_errors(
                code, reason, url, method, headers, body, response, requestHeaders, requestBody
            )
        except BaseError as error:
            vars(error)[_ANSWER] = self._answer(code, body, response)
            raise

    @override
    def handle_http_status_code(self, code: int, reason: str, url: str, method: str, body: str) -> None:
        """ccxt's check of the status alone, with the answer kept on the error."""
        try:
            super().handle_http_status_code(code, reason, url, method, body)
        except BaseError as error:
            vars(error)[_ANSWER] = self._answer(code, body, None)
            raise

    def _answer(self, status: int, body: str | None, response: Any) -> Answer:
        said = response if isinstance(response, dict) else {}
        code = said.get("code")
        message = str(said.get("msg") or (body or "")[:200])
        return Answer(status, code if isinstance(code, int) else None, message, self.usage.retry_after_s)

    def tap(self, url: str, on_message: Tap, on_end: Callable[[str, str], None]) -> None:
        """Hand every message of the websocket at `url` to `on_message`, and its end to `on_end`."""
        self._taps[url] = (on_message, on_end)

    def untap(self, url: str) -> None:
        """Stop handing over messages of `url`."""
        self._taps.pop(url, None)

    @override
    def handle_message(self, client: Any, message: Any) -> None:
        """Give the message to its tap at once; ccxt's own `watch_*` can sit on the last one for ever."""
        if tapped := self._taps.get(client.url):
            tapped[0](client.url, message)

    @override
    def on_error(self, client: Any, error: Any) -> None:
        """Tell the tap that the socket failed."""
        super().on_error(client, error)
        client.connected.reject(error)  # ccxt lets who waits for the dial wait for ever
        self._ended(client.url, f"{type(error).__name__}: {error}")

    @override
    def on_close(self, client: Any, error: Any) -> None:
        """Tell the tap that the socket was closed."""
        super().on_close(client, error)
        self._ended(client.url, f"closed with code {error}")

    def _ended(self, url: str, why: str) -> None:
        if tapped := self._taps.pop(url, None):
            tapped[1](url, why)

    @override
    def open(self, lazy: bool = False) -> None:
        """Make the HTTP session over a connector that refuses other hosts; plain loopback needs no certificates."""
        if not self.verify and getattr(self, "ssl_context", None) is None:
            self.ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if getattr(self, "session", None) is None and not (lazy and self.closed_by_user):
            self.ssl_context = getattr(self, "ssl_context", None) or ssl.create_default_context(cafile=self.cafile)
            self.tcp_connector = BoundConnector(
                self.refuse_foreign_host,
                ssl=self.ssl_context,
                enable_cleanup_closed=True,
                family=socket.AF_UNSPEC,
                happy_eyeballs_delay=0,
            )
            self.session = aiohttp.ClientSession(connector=self.tcp_connector)
        super().open(lazy)


def _aimed(tree: Any, origin: str) -> Any:
    if isinstance(tree, dict):
        return {name: _aimed(leaf, origin) for name, leaf in tree.items()}
    aim, url = urlsplit(origin), urlsplit(tree)
    secure = aim.scheme == "https"
    scheme = ("wss" if secure else "ws") if url.scheme.startswith("ws") else aim.scheme
    return urlunsplit((scheme, aim.netloc, url.path, url.query, ""))
