"""The HTTP server: routes, guards, rate limits and errors around the endpoints; websockets beside them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, assert_never
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from plugins.paper_exchange.core.events import CancelAllOrders
from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.faults.board import Board
from plugins.paper_exchange.faults.effects import VenueEffects
from plugins.paper_exchange.faults.rest import NoAnswerError, PlainAnswerError, RestFaults
from plugins.paper_exchange.server import account, conditional, control, public, trading
from plugins.paper_exchange.server.access import Access, check_age
from plugins.paper_exchange.server.call import Call, Endpoint, Guard, counted
from plugins.paper_exchange.server.limits import Limits, LimitSettings, TooFastError
from plugins.paper_exchange.server.listen_keys import ListenKeys
from plugins.paper_exchange.server.params import Params
from plugins.paper_exchange.server.sockets import Sockets
from plugins.paper_exchange.server.stamped import StampedServer, received_ns
from plugins.paper_exchange.server.streams import Streams
from plugins.paper_exchange.server.timeouts import Countdowns
from plugins.paper_exchange.server.timing import Timing
from plugins.paper_exchange.server.user_feed import UserFeed
from plugins.paper_exchange.server.websockets import SocketLife, Websockets
from plugins.paper_exchange.venue import LedgerDownError, Venue

ENDPOINTS = (
    *public.ENDPOINTS,
    *trading.ENDPOINTS,
    *conditional.ENDPOINTS,
    *account.ENDPOINTS,
    *control.ENDPOINTS,
)
SNAPSHOT = {
    *(f"/fapi/{version}/{name}" for version in ("v2", "v3") for name in ("account", "balance", "positionRisk")),
    "/fapi/v1/openOrders",
    "/fapi/v1/openAlgoOrders",
}
"""The reading calls that a stale snapshot answers."""

BEAT_S = 1.0
FORMING_S = 0.25
"""The venue's own pace of candles that have not closed."""

SHUTDOWN_S = 1.0
"""How long open requests may take to end when the server stops."""

PUBLIC_KEY, PUBLIC_SECRET = "paper-key", "paper-secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """`port` 0 takes any free one. Key and secret are public constants; signatures are checked all the same."""

    port: int = 8877
    host: str = "127.0.0.1"
    key: str = PUBLIC_KEY
    secret: str = PUBLIC_SECRET
    limits: LimitSettings = field(default_factory=LimitSettings)
    sockets: SocketLife = field(default_factory=SocketLife)
    listen_key_life_s: float = 3600.0


class AddressInUseError(OSError):
    """The port is taken; the sentence says which, and the cure."""


class VenueServer:
    """A venue on loopback. `start`, then `run` until cancelled, then `stop`."""

    def __init__(self, venue: Venue, settings: ServerSettings) -> None:
        self.venue = venue
        self.settings = settings
        self.timing = Timing()
        self.sockets = Sockets()
        self.faults = Board(time.monotonic)
        self._rest_faults = RestFaults(self.faults)
        self._access = Access(settings.key, settings.secret)
        self._limits = Limits(settings.limits)
        self._listen_keys = ListenKeys(venue.ledger, settings.listen_key_life_s)
        self._countdowns = Countdowns()
        self._feed = UserFeed(self.sockets, self.faults)
        self._streams = Streams(venue, self.sockets, self.timing, self._feed, self.faults)
        self._websockets = Websockets(venue, self.sockets, self._streams, self._listen_keys, settings.sockets)
        self.faults.bind(self._effects())
        self._http: StampedServer | None = None
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where the venue listens, once it does."""
        if self._listener is None:
            raise RuntimeError("the venue has no address before start()")
        host, port = self._listener.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def start(self) -> None:
        """Begin to listen. Raises AddressInUseError and LedgerDownError."""
        await self.venue.resume()
        self.venue.listeners.append(self._streams)
        routes = {(endpoint.method, endpoint.path): endpoint for endpoint in ENDPOINTS}
        self._http = StampedServer(self._router(routes))
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(self._http, self.settings.host, self.settings.port)
        except OSError as error:
            raise AddressInUseError(
                f"port {self.settings.port} on {self.settings.host} cannot be used ({error.strerror}): "
                "stop what holds it, or choose another port"
            ) from error

    async def run(self) -> None:
        """Play the market and beat once a second, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.venue.play(), name="market")
            tasks.create_task(self._beat(), name="beat")
            tasks.create_task(self._tell_forming(), name="forming candles")
            tasks.create_task(self.faults.run(), name="faults")

    async def stop(self) -> None:
        """Close every connection and stop listening; faults end with the venue that they struck."""
        self._feed.close()
        if self._streams in self.venue.listeners:
            self.venue.listeners.remove(self._streams)
        for socket in list(self.sockets.all):
            socket.finish()
        if self._listener is not None:
            self._listener.close()
        if self._http is not None:
            self._http.pre_shutdown()
            await self._http.shutdown(SHUTDOWN_S)
        if self._listener is not None:
            await self._listener.wait_closed()

    def _router(self, routes: dict[tuple[str, str], Endpoint]) -> Callable[[Any], Awaitable[web.StreamResponse]]:
        async def route(request: web.BaseRequest) -> web.StreamResponse:
            endpoint = routes.get((request.method, request.path))
            if endpoint is not None:
                return await self._answer(request, endpoint)
            if self._websockets.serves(request):
                return await self._websockets.serve(request, _wall_ms())
            return _json({"code": -5000, "msg": f"Path {request.path}, Method {request.method} is invalid"}, 404)

        return route

    async def _answer(self, request: web.BaseRequest, endpoint: Endpoint) -> web.StreamResponse:
        headers: dict[str, str] = {}
        try:
            return _json(await self._handled(request, endpoint, headers), headers=headers)
        except (Refusal, PlainAnswerError, LedgerDownError) as error:
            return _refused(error, headers)
        except NoAnswerError:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)

    async def _handled(self, request: web.BaseRequest, endpoint: Endpoint, headers: dict[str, str]) -> Any:
        arrived_ns = received_ns(request)
        query = request.raw_path.partition("?")[2]
        body = (await request.read()).decode(errors="replace") if request.can_read_body else ""
        params = Params(dict(parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True)))
        if endpoint.guard is Guard.LOOPBACK:
            _check_loopback(request)
            return await endpoint.handler(self._call(params, request, body))
        wall_s = time.time()
        try:
            self._limits.use_weight(counted(endpoint.weight, params), wall_s)
            self._rest_faults.at_the_gate(endpoint, wall_s)
            self._check(request, endpoint, (query, body), params)
            if endpoint.orders:
                client_id = params.optional_text("newClientOrderId") or params.optional_text("clientAlgoId")
                self.timing.order_received(endpoint.path, client_id, arrived_ns)
                self._limits.use_orders(counted(endpoint.orders, params), wall_s)
        finally:
            headers.update(self._limits.headers(orders=bool(endpoint.orders)))
        self._rest_faults.before(endpoint, params)
        stale = self._rest_faults.snapshot(endpoint, params)
        answer = stale if stale is not None else await endpoint.handler(self._call(params, request, body))
        await self._rest_faults.after(endpoint)
        return answer

    def _check(self, request: web.BaseRequest, endpoint: Endpoint, raw: tuple[str, str], params: Params) -> None:
        if endpoint.guard is Guard.OPEN:
            return
        self._access.check_key(request.headers.get("X-MBX-APIKEY"))
        if endpoint.guard is Guard.SIGNED:
            check_age(params, self._wall_ms())
            self._access.check_signature(*raw, params)

    def _call(self, params: Params, request: web.BaseRequest | None = None, body: str = "") -> Call:
        return Call(
            venue=self.venue,
            params=params,
            wall_ms=self._wall_ms(),
            limits=self.settings.limits,
            listen_keys=self._listen_keys,
            countdowns=self._countdowns,
            timing=self.timing,
            faults=self.faults,
            body=body,
            content_type="" if request is None else request.content_type,
        )

    async def _tell_forming(self) -> None:
        while True:
            await asyncio.sleep(FORMING_S)
            await self._streams.send_forming()

    def _effects(self) -> VenueEffects:
        return VenueEffects(
            self.venue,
            self.faults,
            self._rest_faults,
            self.sockets,
            snapshot=self._snapshot,
            expire_keys=lambda close: self._websockets.expire_keys(_wall_ms(), close=close),
        )

    async def _snapshot(self) -> dict[str, Any]:
        """What the reading calls about the account answer now."""
        call = self._call(Params({}))
        return {one.path: await one.handler(call) for one in ENDPOINTS if one.path in SNAPSHOT and one.method == "GET"}

    def _wall_ms(self) -> int:
        """The venue's clock for requests; it may be off."""
        return _wall_ms() + self._rest_faults.skew_ms

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            wall_ms = _wall_ms()
            await self._streams.beat()
            self._websockets.end_expired(wall_ms)
            self._websockets.tend(time.monotonic())
            for symbol in self._countdowns.take_due(wall_ms):
                with suppress(LedgerDownError):  # the orders stay; the venue already says that its ledger is down
                    await self.venue.apply(CancelAllOrders(self.venue.now_ms(), symbol))


def _refused(error: Refusal | PlainAnswerError | LedgerDownError, headers: dict[str, str]) -> web.Response:
    match error:
        case PlainAnswerError():
            return web.Response(text=error.text, status=error.http, headers=headers)
        case Refusal():
            if isinstance(error, TooFastError):
                headers["Retry-After"] = str(error.retry_after_s)
            return _json({"code": error.code, "msg": error.message}, error.http, headers)
        case LedgerDownError(outcome_known=False):
            return _json({"code": -1007, "msg": "Timeout waiting for response from backend server."}, 503, headers)
        case LedgerDownError():
            message = "Internal error; unable to process your request. Please try again."
            return _json({"code": -1001, "msg": message}, 503, headers)
        case _:
            assert_never(error)


def _check_loopback(request: web.BaseRequest) -> None:
    """Control is for this machine only, whatever address the venue listens on."""
    if not ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104 - nothing listens there
        raise Refusal(-2015, "The venue is controlled from its own machine only.", 403)


def _json(answer: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
