"""What can be wrong with the market data, told for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from plugins.feed.ages import Ages, Connection, Limits
from plugins.feed.recovery import Sight
from qtcore import Finding, Remedy, RemedyKind, Severity

STALE = "QT-FEED-STALE"
DISCONNECTED = "QT-FEED-DISCONNECTED"
EMPTY = "QT-FEED-EMPTY"
MUTE = "QT-FEED-MUTE"
POLLING = "QT-FEED-POLLING"
QUIET = "QT-FEED-VENUE-QUIET"
MISSING = "QT-FEED-MISSING-SYMBOLS"
NAMED = 5
"""Symbols named in a sentence; the evidence has all."""


def named(symbols: Sequence[str]) -> str:
    """The first few symbols, and how many more."""
    more = len(symbols) - NAMED
    return ", ".join(symbols[:NAMED]) + (f" and {more} more" if more > 0 else "")


def stale_finding(stale: Sequence[str], ages: Mapping[str, Ages], limits: Limits, held: Collection[str]) -> Finding:
    """Candles or marks are older than their limit."""
    return Finding(
        code=STALE,
        severity=Severity.HIGH if stale[0] in held else Severity.MEDIUM,
        summary=f"market data of {named(stale)} is stale",
        evidence={
            "candle_age_s": {symbol: round(ages[symbol].candle_s, 1) for symbol in stale},
            "mark_age_s": {symbol: round(ages[symbol].mark_s, 1) for symbol in stale},
            "candle_limit_s": round(limits.candle_s, 1),
            "mark_limit_s": round(limits.mark_s, 1),
            "with_open_position": [symbol for symbol in stale if symbol in held],
        },
        cause="neither the socket nor REST brings anything new of these symbols",
        consequence="no entries in these symbols; exits by signal wait, stops on the venue do not",
        fix="subscribe anew, dial anew, ask by REST, start anew; nothing is invented meanwhile",
        verify="`qt status` shows feed healthy; `qt call feed.coverage` shows a recent last candle",
        remedies=(
            Remedy(kind=RemedyKind.SAFE, act="heal", effect="subscribes anew, dials anew, then asks by REST"),
            Remedy(kind=RemedyKind.SAFE, act="call feed.resubscribe", effect="the first of these, by hand"),
        ),
        healable=True,
    )


def mute_finding(sight: Sight, silence_s: float, held: Collection[str]) -> Finding:
    """Streams are silent although they should not be; told the moment it is noticed."""
    if not sight.connected:
        what = "the market data socket is closed"
    elif sight.silent:
        what = f"the market data socket is open and has carried nothing for {silence_s:.1f} s"
    else:
        what = f"the streams of {named(sight.mute)} bring nothing while others do"
    return Finding(
        code=MUTE,
        severity=Severity.HIGH if held else Severity.MEDIUM,
        summary=what,
        evidence={
            "connected": sight.connected, "silent": sight.silent, "silence_s": round(silence_s, 2),
            "mute": [*sight.mute], "with_open_position": [*sorted(held)],
        },
        cause="the venue, or the way to it, has stopped sending without closing the socket",
        consequence="candles and marks come late or not at all; entries stop when they are too old",
        fix="none needed: it subscribes anew, dials anew, then asks by REST",
        verify="this finding is resolved by itself once the streams bring something",
    )  # fmt: skip


def disconnected_finding(connection: Connection) -> Finding:
    """No socket, and no polling either."""
    return Finding(
        code=DISCONNECTED,
        severity=Severity.HIGH,
        summary="the market data socket is closed",
        evidence={"last_trouble": connection.trouble, "reconnects": connection.reconnects},
        cause=connection.trouble or "the socket has not been opened yet",
        consequence="no candles and no marks: no entries; stops on the venue stay",
        fix="it dials again by itself, with growing pauses, and asks by REST meanwhile",
        verify="`qt status` shows feed healthy",
    )


def polling_finding(connection: Connection) -> Finding:
    """Data is fresh, but comes by REST."""
    return Finding(
        code=POLLING,
        severity=Severity.MEDIUM,
        summary="market data comes by REST polling, not by stream",
        evidence={"transport": "rest", "rounds": connection.poll_rounds, "last_trouble": connection.trouble},
        cause=connection.trouble or "the streams stayed silent after subscribing anew and dialling anew",
        consequence="candles and marks come a second or two later than usual; they are the venue's all the same",
        fix="none needed: streams are tried again every half minute, and polling ends when they are back",
        verify="`qt status` shows feed healthy",
    )


def empty_finding() -> Finding:
    """Nothing is followed."""
    return Finding(
        code=EMPTY,
        severity=Severity.HIGH,
        summary="the venue trades none of the symbols asked for",
        cause="feed.settings.symbols names only symbols that the venue does not trade, or it trades none at all",
        consequence="no candles, so no signals and no trades",
        fix="correct feed.settings.symbols in plugins.yaml, or leave it out to follow the most traded",
        verify="`qt call feed.coverage` lists symbols",
    )


def missing_finding(missing: Sequence[str], configured: int) -> Finding:
    """Fewer symbols are followed than were asked for."""
    return Finding(
        code=MISSING,
        severity=Severity.MEDIUM,
        summary=f"{configured} symbols are configured, {configured - len(missing)} are followed",
        evidence={"missing": list(missing)},
        cause="the venue does not trade the others: misspelt, delisted, or of another kind of contract",
        consequence="nothing is traded in them",
        fix="correct feed.settings.symbols in plugins.yaml",
        verify="`qt call feed.coverage` lists every symbol that is configured",
    )


def quiet_finding(bars: int, symbols: int) -> Finding:
    """The venue's candles come on time and say that nothing trades."""
    return Finding(
        code=QUIET,
        severity=Severity.LOW,
        summary=f"nothing has traded at the venue for {bars} candles, in none of {symbols} symbols",
        evidence={"candles_without_volume": bars, "symbols": symbols},
        cause="an outage of the venue's matching, not of this feed: its candles come on time and are empty",
        consequence="prices stand still and orders may not fill; data counts as fresh",
        fix="wait; look at the venue's status page",
        verify="this finding is resolved with the first candle that has volume",
    )
