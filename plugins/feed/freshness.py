"""How fresh the market data is, and what follows for the feed's health."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from qtcore import Finding, Health, Remedy, RemedyKind, Severity, Status

STALE = "QT-FEED-STALE"
DISCONNECTED = "QT-FEED-DISCONNECTED"
EMPTY = "QT-FEED-EMPTY"
NAMED = 5
"""Symbols named in a sentence; the evidence has all."""


@dataclass(frozen=True, slots=True)
class Ages:
    """Real seconds since the last closed candle and the last mark of one symbol."""

    candle_s: float
    mark_s: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Real seconds above which candles and marks are stale."""

    candle_s: float
    mark_s: float


@dataclass(frozen=True, slots=True)
class Connection:
    """The socket and what it went through."""

    open: bool
    trouble: str
    reconnects: int


def stale_symbols(ages: Mapping[str, Ages], limits: Limits, held: Collection[str]) -> list[str]:
    """Symbols whose candles or marks are too old, those with an open position first."""
    stale = [symbol for symbol, age in ages.items() if age.candle_s > limits.candle_s or age.mark_s > limits.mark_s]
    return sorted(stale, key=lambda symbol: (symbol not in held, symbol))


def judged(ages: Mapping[str, Ages], limits: Limits, held: Collection[str], connection: Connection) -> Health:
    """The feed's health by its effect: data of every followed symbol, not older than its limit."""
    facts = _facts(ages, connection)
    if not connection.open:
        return Health.critical("no market data: the socket is being dialled again", _disconnected(connection), **facts)
    if not ages:
        return Health.critical("no symbol is followed", _empty(), **facts)
    stale = stale_symbols(ages, limits, held)
    if not stale:
        return Health.healthy(f"{len(ages)} symbols fresh", **facts)
    grave = len(stale) == len(ages) or stale[0] in held
    status = Status.CRITICAL if grave else Status.DEGRADED
    finding = _stale(stale, ages, limits, held)
    return Health(status=status, summary=finding.summary, findings=(finding,), facts={**facts, "stale": [*stale]})


def _facts(ages: Mapping[str, Ages], connection: Connection) -> dict[str, JsonValue]:
    return {
        "symbols": len(ages),
        "oldest_candle_s": round(max((age.candle_s for age in ages.values()), default=0.0), 1),
        "oldest_mark_s": round(max((age.mark_s for age in ages.values()), default=0.0), 1),
        "reconnects": connection.reconnects,
    }


def _stale(stale: list[str], ages: Mapping[str, Ages], limits: Limits, held: Collection[str]) -> Finding:
    named = ", ".join(stale[:NAMED]) + (f" and {len(stale) - NAMED} more" if len(stale) > NAMED else "")
    return Finding(
        code=STALE,
        severity=Severity.HIGH if stale[0] in held else Severity.MEDIUM,
        summary=f"market data of {named} is stale",
        evidence={
            "candle_age_s": {symbol: round(ages[symbol].candle_s, 1) for symbol in stale},
            "mark_age_s": {symbol: round(ages[symbol].mark_s, 1) for symbol in stale},
            "candle_limit_s": round(limits.candle_s, 1),
            "mark_limit_s": round(limits.mark_s, 1),
            "with_open_position": [symbol for symbol in stale if symbol in held],
        },
        cause="the socket is open but carries nothing of these symbols",
        consequence="no entries in these symbols; exits by signal wait, stops on the venue do not",
        fix="subscribe anew, then dial anew; nothing is invented meanwhile",
        verify="`qt status` shows feed healthy; `qt call feed.coverage` shows a recent last candle",
        remedies=(
            Remedy(kind=RemedyKind.SAFE, act="heal", effect="subscribes anew and fetches what was missed"),
            Remedy(kind=RemedyKind.SAFE, act="call feed.resubscribe", effect="the same, by hand"),
        ),
        healable=True,
    )


def _disconnected(connection: Connection) -> Finding:
    return Finding(
        code=DISCONNECTED,
        severity=Severity.HIGH,
        summary="the market data socket is closed",
        evidence={"last_trouble": connection.trouble, "reconnects": connection.reconnects},
        cause=connection.trouble or "the socket has not been opened yet",
        consequence="no candles and no marks: no entries; stops on the venue stay",
        fix="it dials again by itself, with growing pauses",
        verify="`qt status` shows feed healthy",
    )


def _empty() -> Finding:
    return Finding(
        code=EMPTY,
        severity=Severity.HIGH,
        summary="the venue trades none of the symbols asked for",
        cause="feed.settings.symbols names only symbols that the venue does not trade, or it trades none at all",
        consequence="no candles, so no signals and no trades",
        fix="correct feed.settings.symbols in plugins.yaml, or leave it out to follow the most traded",
        verify="`qt call feed.coverage` lists symbols",
    )
