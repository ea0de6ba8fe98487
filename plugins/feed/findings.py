"""What is wrong with the market data just now, told for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from plugins.feed.ages import Ages, Connection, Fault, Limits
from plugins.feed.kinds import DISCONNECTED, EMPTY, MISSING, MUTE, POLLING, QUIET, STALE
from plugins.feed.recovery import Sight
from qtcore import Finding, Severity

NAMED = 5
"""Symbols named in a sentence; the evidence has all."""


def named(symbols: Sequence[str]) -> str:
    """The first few symbols, and how many more."""
    more = len(symbols) - NAMED
    return ", ".join(symbols[:NAMED]) + (f" and {more} more" if more > 0 else "")


def stale_finding(
    stale: Sequence[str], ages: Mapping[str, Ages], limits: Limits, held: Collection[str], fault: Fault
) -> Finding:
    """Candles or marks are older than their limit; healable only where that is the feed's own fault."""
    return STALE.found(
        f"market data of {named(stale)} is stale",
        severity=Severity.HIGH if stale[0] in held else Severity.MEDIUM,
        evidence={
            "candle_age_s": {symbol: round(ages[symbol].candle_s, 1) for symbol in stale},
            "mark_age_s": {symbol: round(ages[symbol].mark_s, 1) for symbol in stale},
            "candle_limit_s": round(limits.candle_s, 1),
            "mark_limit_s": round(limits.mark_s, 1),
            "with_open_position": [symbol for symbol in stale if symbol in held],
        },
        cause=fault.value,
        healable=fault.mendable,
    )


def mute_finding(sight: Sight, silence_s: float, held: Collection[str]) -> Finding:
    """Streams are silent although they should not be; told the moment it is noticed."""
    if not sight.connected:
        what = "the market data socket is closed"
    elif sight.silent:
        what = f"the market data socket is open and has carried nothing for {silence_s:.1f} s"
    else:
        what = f"the streams of {named(sight.mute)} bring nothing while others do"
    return MUTE.found(
        what,
        severity=Severity.HIGH if held else Severity.MEDIUM,
        evidence={
            "connected": sight.connected, "silent": sight.silent, "silence_s": round(silence_s, 2),
            "mute": [*sight.mute], "with_open_position": [*sorted(held)],
        },
    )  # fmt: skip


def disconnected_finding(connection: Connection) -> Finding:
    """No socket, and no polling either."""
    return DISCONNECTED.found(
        "the market data socket is closed",
        evidence={"last_trouble": connection.trouble, "reconnects": connection.reconnects},
        cause=connection.trouble or "",
    )


def polling_finding(connection: Connection) -> Finding:
    """Data is fresh, but comes by REST."""
    return POLLING.found(
        "market data comes by REST polling, not by stream",
        evidence={"transport": "rest", "rounds": connection.poll_rounds, "last_trouble": connection.trouble},
        cause=connection.trouble or "",
    )


def empty_finding() -> Finding:
    """Nothing is followed."""
    return EMPTY.found("the venue trades none of the symbols asked for")


def missing_finding(missing: Sequence[str], configured: int) -> Finding:
    """Fewer symbols are followed than were asked for."""
    return MISSING.found(
        f"{configured} symbols are configured, {configured - len(missing)} are followed",
        evidence={"missing": list(missing)},
    )


def quiet_finding(bars: int, symbols: int) -> Finding:
    """The venue's candles come on time and say that nothing trades."""
    return QUIET.found(
        f"nothing has traded at the venue for {bars} candles, in none of {symbols} symbols",
        evidence={"candles_without_volume": bars, "symbols": symbols},
    )
