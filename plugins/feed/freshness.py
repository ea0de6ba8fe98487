"""How fresh the market data is, and what follows for the feed's health."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import JsonValue

from plugins.feed.ages import Ages, Connection, Fault, Limits, Market
from plugins.feed.findings import (
    disconnected_finding,
    empty_finding,
    missing_finding,
    polling_finding,
    quiet_finding,
    stale_finding,
)
from plugins.feed.order import held_first
from qtcore import Finding, Health, Status

NOTHING_ODD = Market()


def stale_symbols(ages: Mapping[str, Ages], limits: Limits, held: Collection[str]) -> list[str]:
    """Symbols whose candles or marks are too old, those with an open position first."""
    stale = [symbol for symbol, age in ages.items() if age.candle_s > limits.candle_s or age.mark_s > limits.mark_s]
    return held_first(sorted(stale), held)


def judged(
    ages: Mapping[str, Ages],
    limits: Limits,
    held: Collection[str],
    connection: Connection,
    market: Market = NOTHING_ODD,
    *,
    fault: Fault = Fault.FEED,
) -> Health:
    """The feed's health by its effect: data of every followed symbol, not older than its limit."""
    facts = _facts(ages, connection)
    polling = connection.poll_rounds is not None
    if not connection.open and not polling:
        told = "no market data: the socket is being dialled again"
        return Health.critical(told, disconnected_finding(connection), **facts)
    if not ages:
        return Health.critical("no symbol is followed", empty_finding(), **facts)
    stale = stale_symbols(ages, limits, held)
    if stale:
        grave = len(stale) == len(ages) or stale[0] in held
        status = Status.CRITICAL if grave else Status.DEGRADED
        finding = stale_finding(stale, ages, limits, held, fault)
        return Health(status=status, summary=finding.summary, findings=(finding,), facts={**facts, "stale": [*stale]})
    lesser = _lesser(len(ages), connection, market)
    if lesser:
        return Health(status=Status.DEGRADED, summary=lesser[0].summary, findings=tuple(lesser), facts=facts)
    return Health.healthy(f"{len(ages)} symbols fresh", **facts)


def _lesser(symbols: int, connection: Connection, market: Market) -> list[Finding]:
    """What a person should know although the data is fresh."""
    found = []
    if connection.poll_rounds is not None:
        found.append(polling_finding(connection))
    if market.quiet_bars:
        found.append(quiet_finding(market.quiet_bars, symbols))
    if market.missing:
        found.append(missing_finding(market.missing, market.configured))
    return found


def _facts(ages: Mapping[str, Ages], connection: Connection) -> dict[str, JsonValue]:
    return {
        "symbols": len(ages),
        "oldest_candle_s": round(max((age.candle_s for age in ages.values()), default=0.0), 1),
        "oldest_mark_s": round(max((age.mark_s for age in ages.values()), default=0.0), 1),
        "reconnects": connection.reconnects,
        "transport": "stream" if connection.poll_rounds is None else "rest",
    }
