"""From classes to the policy: what is allowed of each symbol, of the whole, and which posture that means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median_low

from plugins.domain import Posture, Regime, SymbolPolicy, TradingPolicy, Volatility
from plugins.policy.classes import Classes
from plugins.policy.gauge import Reading
from plugins.policy.settings import PolicySettings
from plugins.policy.tables import ZERO, allows_entries, entry_style, exit_style, exits_of, risk_multiplier, threshold

_BY_MOVEMENT = (Volatility.LOW, Volatility.NORMAL, Volatility.HIGH, Volatility.EXTREME)


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of one symbol: its classes, its reading, and whether its candles are fresh."""

    classes: Classes
    reading: Reading | None
    age_s: float
    limit_s: float
    bars: int
    needed: int

    @property
    def fresh(self) -> bool:
        """Whether its last candle is young enough to act on."""
        return self.age_s <= self.limit_s


def symbol_policy(sight: Sight, settings: PolicySettings) -> SymbolPolicy:
    """What is allowed of one symbol. Figures stay as last known when it is stale; entries do not."""
    regime, volatility = sight.classes.regime, sight.classes.volatility
    exits, reason = exits_of(regime, volatility), _objection(sight)
    return SymbolPolicy(
        regime=regime,
        volatility=volatility,
        allow_entries=not reason,
        minimum_confidence=threshold(regime, volatility, settings.confidence),
        risk_multiplier=risk_multiplier(regime, volatility) if not reason else ZERO,
        atr=_figure(sight.reading.hourly_atr if sight.reading else 0.0),
        trend=_figure(sight.reading.trend if sight.reading else 0.0),
        stop_atr=exits.stop_atr,
        take_profit_atr=exits.take_profit_atr,
        maximum_age_s=exits.maximum_age_s,
        reason=reason,
        entry_style=entry_style(regime, volatility),
        entry_deadline_s=settings.entry_deadline_s,
        exit_style=exit_style(regime, volatility),
        break_even_r=exits.break_even_r,
        trail_atr=exits.trail_atr,
    )


def trading_policy(
    sights: Mapping[str, Sight], *, account_known: bool, settings: PolicySettings, at: datetime
) -> TradingPolicy:
    """The policy of the whole. Its confidence and risk are those of the market's commonest regime and middling
    volatility; what holds for a symbol stands in `by_symbol`."""
    by_symbol = {symbol: symbol_policy(sight, settings) for symbol, sight in sorted(sights.items())}
    market = market_classes(sight.classes for sight in sights.values() if sight.fresh)
    reason = _general_objection(by_symbol, market, account_known=account_known)
    return TradingPolicy(
        allow_entries=not reason,
        reason=reason or f"market {market.regime}, volatility {market.volatility}",
        minimum_confidence=threshold(market.regime, market.volatility, settings.confidence),
        risk_multiplier=ZERO if reason else risk_multiplier(market.regime, market.volatility),
        by_symbol=by_symbol,
        at=at,
        sources=settings.sources,
        counter_trend_confidence=settings.confidence.counter_trend,
    )


def posture_of(policy: TradingPolicy) -> Posture:
    """The posture that the policy demands; exits are never its business."""
    return Posture.NORMAL if policy.allow_entries else Posture.NO_ENTRIES


def market_classes(classes: Iterable[Classes]) -> Classes:
    """The commonest known regime and the middling (low median) known volatility; UNKNOWN when nothing is known."""
    known = [each for each in classes if each.regime is not Regime.UNKNOWN]
    if not known:
        return Classes(Regime.UNKNOWN, Volatility.UNKNOWN)
    counts = Counter(each.regime for each in known)
    regime = max(sorted(counts), key=lambda each: counts[each])
    return Classes(regime, _BY_MOVEMENT[median_low(_BY_MOVEMENT.index(each.volatility) for each in known)])


def _objection(sight: Sight) -> str:
    if sight.reading is None:
        return f"data missing: {sight.bars} closed candles of {sight.needed}"
    if not sight.fresh:
        return f"data stale: last candle {sight.age_s:.1f} s ago, limit {sight.limit_s:.1f} s"
    if not allows_entries(sight.classes.regime, sight.classes.volatility):
        return f"volatility is {sight.classes.volatility}: an hour moves {sight.reading.volatility:.1%} of the price"
    return ""


def _general_objection(by_symbol: Mapping[str, SymbolPolicy], market: Classes, *, account_known: bool) -> str:
    if not by_symbol:
        return "data missing: no candle has come yet"
    if not account_known:
        return "the account is unknown or its figures are too old"
    if market.volatility is Volatility.EXTREME:
        return "half of the market or more moves extremely"
    if not any(policy.allow_entries for policy in by_symbol.values()):
        commonest, count = Counter(policy.reason.partition(":")[0] for policy in by_symbol.values()).most_common(1)[0]
        return f"no symbol may be entered; {count} of {len(by_symbol)} because of: {commonest}"
    return ""


def _figure(value: float) -> Decimal:
    """Six significant digits: more would be noise of the indicator."""
    return Decimal(f"{value:.6g}")
