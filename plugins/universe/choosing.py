"""Which symbols may trade and why the others may not: a pure decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from plugins.domain import Instrument, Universe
from plugins.universe.settings import UniverseSettings

TRADING = "TRADING"


class Refusal(StrEnum):
    """Why a symbol may not trade."""

    NOT_ASKED_FOR = "not_asked_for"
    EXCLUDED = "excluded"
    NOT_AT_VENUE = "not_at_venue"
    NOT_ASCII = "not_ascii"
    NOT_TRADING = "not_trading"
    NO_FILTERS = "no_filters"
    NO_HISTORY = "no_history"
    NO_TURNOVER = "no_turnover"
    BEYOND_MAXIMUM = "beyond_maximum"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the feed knows of a symbol: closed candles, and quote asset traded in the last of them."""

    bars: int
    turnover: Decimal


def chosen(
    instruments: Mapping[str, Instrument],
    coverage: Mapping[str, Coverage],
    settings: UniverseSettings,
    at: datetime,
) -> Universe:
    """The universe. A refusal reads `code: what was found`; symbols stand in order of turnover."""
    named = {*instruments, *coverage, *settings.include}
    refused = {
        symbol: refusal
        for symbol in sorted(named)
        if (refusal := _refusal(symbol, instruments.get(symbol), coverage.get(symbol), settings))
    }
    passing = sorted(named - refused.keys(), key=lambda symbol: (-coverage[symbol].turnover, symbol))
    for place, symbol in enumerate(passing[settings.max_symbols :], start=settings.max_symbols + 1):
        refused[symbol] = f"{Refusal.BEYOND_MAXIMUM}: number {place} by turnover, at most {settings.max_symbols} trade"
    return Universe(symbols=tuple(passing[: settings.max_symbols]), refused=refused, at=at)


def reasons(universe: Universe) -> dict[str, int]:
    """How many symbols were refused for which reason."""
    return dict(Counter(refusal.partition(":")[0] for refusal in universe.refused.values()))


def _refusal(
    symbol: str, instrument: Instrument | None, coverage: Coverage | None, settings: UniverseSettings
) -> str | None:
    if settings.include and symbol not in settings.include:
        return f"{Refusal.NOT_ASKED_FOR}: not in universe.settings.include"
    if symbol in settings.exclude:
        return f"{Refusal.EXCLUDED}: in universe.settings.exclude"
    if not (symbol.isascii() and symbol.isalnum()):
        return f"{Refusal.NOT_ASCII}: {symbol!a} could not be told apart everywhere"
    if instrument is None:
        return f"{Refusal.NOT_AT_VENUE}: the venue lists no such contract"
    return _unfit(instrument) or _unseen(coverage, settings)


def _unfit(instrument: Instrument) -> str | None:
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


def _unseen(coverage: Coverage | None, settings: UniverseSettings) -> str | None:
    if coverage is None:
        return f"{Refusal.NO_HISTORY}: the feed does not follow it"
    if coverage.bars < settings.minimum_bars:
        return f"{Refusal.NO_HISTORY}: {coverage.bars} closed candles of {settings.minimum_bars}"
    if coverage.turnover <= settings.minimum_turnover:
        return f"{Refusal.NO_TURNOVER}: {coverage.turnover:.0f} traded, more than {settings.minimum_turnover} is asked"
    return None
