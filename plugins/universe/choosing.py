"""Which symbols may trade and why the others may not: a pure decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from plugins.domain import Grade, Instrument, Tier, Universe
from plugins.universe.measures import Measures
from plugins.universe.settings import UniverseSettings
from plugins.universe.tiers import graded

TRADING = "TRADING"
ENDING = {"SETTLING", "PRE_SETTLE", "DELIVERING", "PRE_DELIVERING"}
ENDED = {"CLOSE", "DELIVERED"}


class Refusal(StrEnum):
    """Why a symbol may not trade."""

    NOT_ASKED_FOR = "not_asked_for"
    EXCLUDED = "excluded"
    NOT_AT_VENUE = "not_at_venue"
    NOT_ASCII = "not_ascii"
    SETTLING = "settling"
    DELISTED = "delisted"
    NOT_TRADING = "not_trading"
    NO_FILTERS = "no_filters"
    NO_HISTORY = "no_history"
    NO_TURNOVER = "no_turnover"
    WIDE_SPREAD = "wide_spread"
    WILD = "wild"
    HARDLY_TRADED = "hardly_traded"
    TIER = "tier"
    BEYOND_MAXIMUM = "beyond_maximum"


def chosen(
    instruments: Mapping[str, Instrument],
    coverage: Mapping[str, Measures],
    settings: UniverseSettings,
    at: datetime,
    before: Universe | None = None,
) -> Universe:
    """The universe. A refusal reads `code: what was found`; symbols stand by tier, then turnover.

    A symbol of the universe `before` leaves it, or its tier, only when it misses a bound by the slack.
    """
    named = {*instruments, *coverage, *settings.include}
    inside = set(before.symbols) if before is not None else set()
    refused = {
        symbol: refusal
        for symbol in sorted(named)
        if (refusal := _refusal(symbol, instruments.get(symbol), coverage.get(symbol), settings, symbol in inside))
    }
    had = before.tiers if before is not None else {}
    tiers = {
        symbol: graded(coverage[symbol], settings, had[symbol].tier if symbol in had else None)
        for symbol in named - refused.keys()
    }
    for symbol in [symbol for symbol, place in tiers.items() if place.tier not in settings.tiers]:
        refused[symbol] = f"{Refusal.TIER}: {tiers[symbol].tier} symbols do not trade; {tiers.pop(symbol).reason}"
    ranked = sorted(tiers, key=lambda symbol: _place(symbol, tiers, coverage))
    symbols = _within(ranked, inside, settings)
    for place, symbol in enumerate(ranked, start=1):
        if symbol not in symbols:
            refused[symbol] = f"{Refusal.BEYOND_MAXIMUM}: number {place}, at most {settings.max_symbols} trade"
    return Universe(tuple(symbols), refused, at, {symbol: tiers[symbol] for symbol in symbols})


def reasons(universe: Universe) -> dict[str, int]:
    """How many symbols were refused for which reason."""
    return dict(Counter(refusal.partition(":")[0] for refusal in universe.refused.values()))


def counts(universe: Universe) -> dict[str, int]:
    """How many symbols stand in which tier."""
    return {tier.value: sum(place.tier is tier for place in universe.tiers.values()) for tier in Tier}


def _place(symbol: str, tiers: Mapping[str, Grade], coverage: Mapping[str, Measures]) -> tuple[int, Decimal, str]:
    return tiers[symbol].tier.rank, -coverage[symbol].turnover, symbol


def _within(ranked: list[str], inside: set[str], settings: UniverseSettings) -> list[str]:
    """The best, as many as may trade; one that is inside keeps its place while it is near enough."""
    most = settings.max_symbols
    kept = [symbol for symbol in ranked[: int(most * settings.slack)] if symbol in inside][:most]
    fresh = [symbol for symbol in ranked[:most] if symbol not in kept][: most - len(kept)]
    return [symbol for symbol in ranked if symbol in {*kept, *fresh}]


def _refusal(
    symbol: str,
    instrument: Instrument | None,
    measures: Measures | None,
    settings: UniverseSettings,
    inside: bool,
) -> str | None:
    if settings.include and symbol not in settings.include:
        return f"{Refusal.NOT_ASKED_FOR}: not in universe.settings.include"
    if symbol in settings.exclude:
        return f"{Refusal.EXCLUDED}: in universe.settings.exclude"
    if not (symbol.isascii() and symbol.isalnum()):
        return f"{Refusal.NOT_ASCII}: {symbol!a} could not be told apart everywhere"
    if instrument is None:
        return f"{Refusal.NOT_AT_VENUE}: the venue lists no such contract"
    return _unfit(instrument) or _unseen(measures, settings) or _poor(measures, settings, inside)


def _unfit(instrument: Instrument) -> str | None:
    if instrument.status in ENDING:
        return f"{Refusal.SETTLING}: the venue is ending it ({instrument.status})"
    if instrument.status in ENDED:
        return f"{Refusal.DELISTED}: the venue has ended it ({instrument.status})"
    if instrument.status != TRADING:
        return f"{Refusal.NOT_TRADING}: its status is {instrument.status}"
    filters = {
        "tick": instrument.tick,
        "step": instrument.step,
        "minimum quantity": instrument.minimum_quantity,
        "maximum market quantity": instrument.maximum_market_quantity,
        "minimum notional": instrument.minimum_notional,
    }
    if missing := [name for name, value in filters.items() if not (value.is_finite() and value > 0)]:
        return f"{Refusal.NO_FILTERS}: the venue gives no {', '.join(missing)}"
    return None


def _unseen(measures: Measures | None, settings: UniverseSettings) -> str | None:
    if measures is None:
        return f"{Refusal.NO_HISTORY}: the feed does not follow it"
    if measures.bars < settings.minimum_bars:
        return f"{Refusal.NO_HISTORY}: {measures.bars} closed candles of {settings.minimum_bars}"
    return None


def _poor(measures: Measures | None, settings: UniverseSettings, inside: bool) -> str | None:
    if measures is None:
        return None
    slack = settings.slack if inside else 1.0
    if measures.turnover * Decimal(str(slack)) <= settings.minimum_turnover:
        asked = settings.minimum_turnover
        return f"{Refusal.NO_TURNOVER}: {measures.turnover:.0f} traded an hour, more than {asked} is asked"
    for code, value, most in (
        (Refusal.WIDE_SPREAD, measures.spread, settings.maximum_spread),
        (Refusal.WILD, measures.movement, settings.maximum_movement),
        (Refusal.HARDLY_TRADED, measures.empty, settings.maximum_empty),
    ):
        if value is not None and value > most * slack:
            return f"{code}: {value:.2%}, at most {most:.2%}"
    return None
