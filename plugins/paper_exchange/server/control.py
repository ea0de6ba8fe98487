"""What a real venue does not have: the state of the play, and commands to it. Paths begin with `/qt/v1/`."""

from __future__ import annotations

from dataclasses import asdict

import orjson

from plugins.paper_exchange.core import refusals
from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.faults.kinds import FaultKind, NoSuchFaultError, read_fault
from plugins.paper_exchange.faults.shown import row, shown
from plugins.paper_exchange.play.clock import Pace
from plugins.paper_exchange.server.call import Answer, Call, Endpoint, Guard

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
        "symbols": list(venue.account.rules),
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


async def list_faults(call: Call) -> Answer:
    return {"kinds": list(FaultKind), "active": shown(call.faults)}


async def inject_fault(call: Call) -> Answer:
    """Begin a fault. The body is JSON, which no page in a browser can send here unasked."""
    if call.content_type != "application/json":
        raise Refusal(-1130, "Send the fault as a JSON object, with content type application/json.")
    try:
        document = orjson.loads(call.body)
        if not isinstance(document, dict):
            raise NoSuchFaultError('a fault is a JSON object, like {"kind": "mute", "seconds": 5}')
        active = await call.faults.inject(read_fault(document))
    except (NoSuchFaultError, orjson.JSONDecodeError) as error:
        raise Refusal(-1130, str(error)) from error
    return row(call.faults, active)


async def clear_faults(call: Call) -> Answer:
    """End the fault of this number, or all."""
    return {"ended": await call.faults.clear(call.params.optional_integer("number"))}


ENDPOINTS = (
    Endpoint("GET", "/qt/v1/clock", clock, Guard.LOOPBACK),
    Endpoint("GET", "/qt/v1/state", state, Guard.LOOPBACK),
    Endpoint("GET", "/qt/v1/timing", timing, Guard.LOOPBACK),
    Endpoint("GET", "/qt/v1/faults", list_faults, Guard.LOOPBACK),
    Endpoint("POST", "/qt/v1/faults", inject_fault, Guard.LOOPBACK),
    Endpoint("DELETE", "/qt/v1/faults", clear_faults, Guard.LOOPBACK),
    Endpoint("POST", "/qt/v1/advance", advance, Guard.LOOPBACK),
)
