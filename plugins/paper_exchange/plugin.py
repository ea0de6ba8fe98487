"""The venue as a plugin: it runs in its host, says where it is and which market time it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from pydantic import JsonValue

from plugins.checks import databases
from plugins.domain import Mode, VenueAddress
from plugins.domain.fingerprint import fingerprint_of
from plugins.paper_exchange.faults.kinds import FaultKind, NoSuchFaultError, read_fault
from plugins.paper_exchange.faults.shown import row, shown
from plugins.paper_exchange.findings import judged, market_time
from plugins.paper_exchange.kinds import KINDS
from plugins.paper_exchange.ledger.ledger import Ledger, LedgerError, LedgerUnavailableError
from plugins.paper_exchange.market.opening import open_market
from plugins.paper_exchange.market.source import MarketDataError, MarketSource
from plugins.paper_exchange.play.clock import Pace, parse_speed
from plugins.paper_exchange.server.app import AddressInUseError, VenueServer
from plugins.paper_exchange.settings import PaperExchangeSettings
from plugins.paper_exchange.venue import LedgerDownError, Venue
from qtcore import (
    CallFailed,
    Check,
    ClockMap,
    Context,
    FindingKind,
    Health,
    NeedsOperator,
    NotReady,
    Plugin,
    Severity,
    Status,
    action,
    hookimpl,
)

LOOK_EVERY_S = 0.25
"""How often the plugin looks whether the clock was set anew, and counts what was played."""

PORT_RETRY_S = 2.0


class PaperExchange(Plugin[PaperExchangeSettings]):
    """Exclusive, because there is one ledger: two of them would be two truths."""

    writes: ClassVar = [VenueAddress, ClockMap]
    modes: ClassVar = [Mode.PAPER.value]
    area = "data and infrastructure"
    cadence_s = 5.0
    exclusive = True
    preload: ClassVar = ["aiohttp"]

    def __init__(self) -> None:
        self._server: VenueServer | None = None
        self._tells_faults = True

    @hookimpl
    async def start(self, ctx: Context[PaperExchangeSettings]) -> None:
        """Open market and ledger, listen, and let market time pass until stopped."""
        if ctx.mode != Mode.PAPER:
            raise NeedsOperator(
                f"the paper exchange was started in mode {ctx.mode}: disable it in plugins.yaml, or run in mode paper"
            )
        self._tells_faults = ctx.settings.tell_faults
        source = await _market(ctx.settings)
        async with _listening(ctx, source) as server:
            self._server = server
            address = VenueAddress(Mode.PAPER, server.url, _shown(server.venue))
            await ctx.publish(address)
            ctx.fact(**address.facts, **{"venue.key": fingerprint_of(ctx.settings.key)})
            ctx.fact(market=_shown(server.venue), ledger=str(server.venue.ledger.path))
            await ctx.publish(_clock_map(server.venue))
            await _begin_drill(ctx, server)
            ctx.ready()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(server.run(), name="venue")
                tasks.create_task(_tell_progress(ctx, server.venue), name="venue progress")

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @staticmethod
    @hookimpl
    def checks() -> tuple[Check, ...]:
        """What the doctor looks at, whether anything runs or not."""
        return (Check("ledger", databases.venue),)

    @hookimpl
    async def health(self) -> Health:
        """By effect: the market moves, and the ledger takes what is written."""
        if self._server is None:
            return Health.unknown("the venue has not been opened yet")
        venue = self._server.venue
        facts = {
            "market_time": market_time(venue.now_ms()).isoformat(),
            "wallet_usdt": f"{venue.account.wallet:.2f}",
            "open_orders": len(venue.account.orders),
            "conditional_orders": len(venue.account.algos),
            "readers": len(self._server.sockets.all),
            "clock_slips": venue.slips,
        }
        faults = self._server.faults.active() if self._tells_faults else []
        findings = judged(venue, [active.fault.shown() for active in faults])
        if not findings:
            return Health.healthy(_shown(venue), **facts)
        worst = Status.CRITICAL if any(f.severity is Severity.CRITICAL for f in findings) else Status.DEGRADED
        return Health(status=worst, summary=findings[0].summary, findings=findings, facts=facts)

    @action(effect=True)
    async def fault(  # noqa: PLR0917 - callers name them all
        self,
        ctx: Context[PaperExchangeSettings],
        kind: FaultKind,
        symbol: str = "",
        count: int | None = None,
        seconds: float | None = None,
        options: dict[str, JsonValue] | None = None,
    ) -> dict[str, Any]:
        """Begin a fault, bounded by a count or by real seconds; what else the kind takes goes into `options`."""
        said = {"symbol": symbol or None, "count": count, "seconds": seconds}
        document = {
            "kind": kind,
            **(options or {}),
            **{name: value for name, value in said.items() if value is not None},
        }
        faults = self._running().faults
        try:
            active = await faults.inject(read_fault(document))
        except (NoSuchFaultError, LedgerDownError) as error:
            raise CallFailed(str(error), error_type=type(error).__name__) from error
        ctx.log.warning("fault injected", fault=active.fault.shown())
        return row(faults, active)

    @action()
    async def faults(self, _: Context[PaperExchangeSettings]) -> list[dict[str, Any]]:
        """The faults that are on, with what is left of each."""
        return shown(self._running().faults)

    @action(effect=True)
    async def clear_faults(self, ctx: Context[PaperExchangeSettings], number: int | None = None) -> int:
        """End the fault of this number, or all; returns how many were on."""
        ended = await self._running().faults.clear(number)
        ctx.log.info("faults ended", faults=ended)
        return ended

    def _running(self) -> VenueServer:
        if self._server is None:
            raise NotReady("the venue has not been opened yet", retry_after_s=1.0)
        return self._server


async def _begin_drill(ctx: Context[PaperExchangeSettings], server: VenueServer) -> None:
    """Begin the faults that the settings name. What they name wrongly is a person's matter."""
    for fault in ctx.settings.faults:
        try:
            await server.faults.inject(fault)
        except NoSuchFaultError as error:
            raise NeedsOperator(f"the setting faults names {fault.shown()}: {error}") from error
        ctx.log.warning("the settings begin a fault", fault=fault.shown())


@asynccontextmanager
async def _listening(ctx: Context[PaperExchangeSettings], source: MarketSource) -> AsyncIterator[VenueServer]:
    """The running server over the ledger in the plugin's own folder."""
    settings = ctx.settings
    try:
        ledger = Ledger(ctx.data_dir)
    except LedgerUnavailableError as error:
        raise NotReady(str(error), retry_after_s=PORT_RETRY_S) from error
    except LedgerError as error:
        raise NeedsOperator(str(error)) from error
    try:
        server = _server(settings, source, ledger)
        try:
            await _started(server)
            yield server
        finally:
            await server.stop()
    except AddressInUseError as error:
        raise NotReady(str(error), retry_after_s=PORT_RETRY_S) from error
    finally:
        ledger.close()


async def _started(server: VenueServer) -> None:
    try:
        await server.start()
    except LedgerDownError as error:
        raise NotReady(str(error), retry_after_s=PORT_RETRY_S) from error


def _server(settings: PaperExchangeSettings, source: MarketSource, ledger: Ledger) -> VenueServer:
    speed = parse_speed(settings.speed)
    try:
        venue = Venue(source, ledger, economics=settings.economics(), speed=speed)
    except (LedgerError, MarketDataError) as error:
        raise NeedsOperator(str(error)) from error
    return VenueServer(venue, settings.server())


async def _market(settings: PaperExchangeSettings) -> MarketSource:
    """Loading a recording takes a second: not on the loop."""
    try:
        return await asyncio.to_thread(open_market, settings.market, symbols=settings.symbols or None)
    except MarketDataError as error:
        raise NeedsOperator(str(error)) from error


async def _tell_progress(ctx: Context[PaperExchangeSettings], venue: Venue) -> None:
    """Count what was played, and publish the clock's map whenever it has been set anew."""
    counted, anchor = venue.moments, venue.clock.anchor
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if venue.moments != counted:
            ctx.progress("moments", venue.moments - counted, data_as_of=market_time(venue.now_ms()))
            counted = venue.moments
        if venue.clock.anchor != anchor:
            anchor = venue.clock.anchor
            await ctx.publish(_clock_map(venue))


def _clock_map(venue: Venue) -> ClockMap:
    """In lockstep and at full speed market time stands still between two maps."""
    running = venue.clock.speed.pace is Pace.PACED and not venue.ended
    market_ms, real_ns = venue.clock.anchor
    return ClockMap(market_ms, real_ns, venue.clock.speed.factor if running else 0.0)


def _shown(venue: Venue) -> str:
    return f"{venue.source.description}, {venue.clock.speed}"
