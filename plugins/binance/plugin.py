"""Says where the venue of modes testnet and live is, and that its market time is real time."""

from __future__ import annotations

from typing import ClassVar

from plugins.binance.settings import BinanceSettings
from plugins.domain import Mode, VenueAddress
from plugins.venue import WrongEndpoint, endpoint_of
from qtcore import ClockMap, Context, Health, NeedsOperator, Plugin, every, hookimpl

Ctx = Context[BinanceSettings]


class BinancePlugin(Plugin[BinanceSettings]):
    """Takes the place of `paper_exchange`; it makes no request of its own."""

    writes: ClassVar = [VenueAddress, ClockMap]
    modes: ClassVar = [Mode.TESTNET.value, Mode.LIVE.value]
    area = "data and infrastructure"
    cadence_s = 30.0

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Tell address and clock once, then keep the clock in step with the wall."""
        try:
            endpoint = endpoint_of(Mode(ctx.mode), ctx.settings.stand_in, signed=True)
        except WrongEndpoint as error:
            raise NeedsOperator(str(error)) from error
        where = endpoint.origin or ", ".join(sorted(endpoint.hosts))
        address = VenueAddress(endpoint.mode, endpoint.origin, f"Binance USDⓈ-M, {endpoint.mode}: {where}")
        await ctx.publish(address)
        await self.tell_time(ctx)
        ctx.fact(**address.facts, hosts=where)
        await ctx.serve()

    @every(60)
    async def tell_time(self, ctx: Ctx) -> None:
        """Market time is wall time here; told anew, because the wall clock is corrected now and then."""
        now_ms = int(ctx.wall().timestamp() * 1000)
        await ctx.publish(ClockMap(now_ms, int(ctx.now() * 1e9), 1.0))
        ctx.progress("clock")

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """What is told is a fact of the mode; whether the venue answers is the door's to say."""
        return Health.healthy(f"mode {ctx.mode}: the venue's own {'stand-in' if ctx.settings.stand_in else 'hosts'}")
