"""What a real venue does not have: the state of the play, and commands to it. Paths begin with `/qt/v1/`."""

from __future__ import annotations

from dataclasses import asdict

from plugins.paper_exchange.core import refusals
from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.play.clock import Pace
from plugins.paper_exchange.server.call import Answer, Call, Endpoint

MOST_BARS = 100_000


async def clock(call: Call) -> Answer:
    """The map from real to market time: `market = market_ms + speed * (real - real_ns)`; real is CLOCK_MONOTONIC."""
    return asdict(call.venue.clock.map(call.wall_ms))


async def state(call: Call) -> Answer:
    venue = call.venue
    return {
        "market": venue.source.description,
        "speed": str(venue.clock.speed),
        "shown": f"{venue.source.description}, {venue.clock.speed}",
        "symbols": list(venue.source.rules),
        "interval_ms": venue.source.interval_ms,
        "start_ms": venue.source.start_ms,
        "market_ms": venue.now_ms(),
        "bar_open_ms": venue.timeline.bar_open_ms,
        "ended": venue.ended,
        "slips": venue.slips,
        "trouble": venue.trouble,
        "open_orders": len(venue.account.orders),
        "open_algos": len(venue.account.algos),
    }


async def timing(call: Call) -> Answer:
    return call.timing.shown()


async def advance(call: Call) -> Answer:
    """Play so many bars; only where time moves on command."""
    if call.venue.clock.speed.pace is not Pace.LOCKSTEP:
        raise Refusal(-1130, "Only a venue in lockstep can be advanced: start it with --speed lockstep.")
    bars = call.params.integer("bars")
    if not 1 <= bars <= MOST_BARS:
        raise refusals.bad_value("bars")
    played = await call.venue.advance(bars)
    return {"bars": played, "market_ms": call.venue.now_ms(), "ended": call.venue.ended}


ENDPOINTS = (
    Endpoint("GET", "/qt/v1/clock", clock, weight=0),
    Endpoint("GET", "/qt/v1/state", state, weight=0),
    Endpoint("GET", "/qt/v1/timing", timing, weight=0),
    Endpoint("POST", "/qt/v1/advance", advance, weight=0),
)
