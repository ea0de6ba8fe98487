"""The gates in their order, as pure functions: a signal and what is known in, a refusal or an order out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from plugins.domain import EntryStyle, OutcomeCode, Posture, Side, Signal, SymbolPolicy, TradingPolicy, View
from plugins.domain.money import tick_above, tick_below
from plugins.domain.sizing import Funds, Sizing, Wanted, size, why_too_small
from plugins.executor.world import Entry, Rules, World

ONE = Decimal(1)
SIDES = {View.LONG: Side.LONG, View.SHORT: Side.SHORT}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The gate at which a signal ended; `had` and `needed` where the gate measures."""

    code: OutcomeCode
    sentence: str
    had: Decimal | None = None
    needed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A signal that passed every gate, with its size and stop."""

    signal: Signal
    side: Side
    sizing: Sizing
    style: EntryStyle = EntryStyle.MARKET
    limit: Decimal | None = None
    """Of the limit styles: the mark price, on the tick away from it."""
    deadline_s: float = 0.0
    """How long a limit may wait, in market time."""


Gate = Callable[[Signal, World, Rules], Refusal | None]


def judge(signal: Signal, world: World, rules: Rules) -> Refusal | Order:
    """The first gate that refuses, or the order that follows when none does."""
    for gate in GATES:
        if refusal := gate(signal, world, rules):
            return refusal
    return _order(signal, world)


def _expiry(signal: Signal, world: World, _: Rules) -> Refusal | None:
    if world.market_now <= signal.expires_at:
        return None
    late_s = (world.market_now - signal.expires_at).total_seconds()
    return Refusal(OutcomeCode.EXPIRED, f"it expired {late_s:.1f} s of market time ago")


def _direction(signal: Signal, _: World, __: Rules) -> Refusal | None:
    return Refusal(OutcomeCode.NEUTRAL, "it asks for no position") if signal.view is View.NEUTRAL else None


def _kill(_: Signal, world: World, __: Rules) -> Refusal | None:
    return Refusal(OutcomeCode.KILL_SWITCH, world.kill_reason) if world.kill_reason is not None else None


def _posture(_: Signal, world: World, __: Rules) -> Refusal | None:
    if world.posture == Posture.NORMAL:
        return None
    return Refusal(OutcomeCode.POSTURE, f"the posture is {world.posture}; entries need normal")


def _universe(signal: Signal, world: World, _: Rules) -> Refusal | None:
    if world.universe is None:
        return Refusal(OutcomeCode.DATA_MISSING, "the universe is not known yet")
    if signal.symbol in world.universe.symbols:
        return None
    why = world.universe.refused.get(signal.symbol, "it is not in the universe")
    return Refusal(OutcomeCode.UNIVERSE, f"{signal.symbol} may not trade: {why}")


def _policy(signal: Signal, world: World, _: Rules) -> Refusal | None:
    if world.policy is None:
        return Refusal(OutcomeCode.DATA_MISSING, "the policy is not known yet")
    if not world.policy.allow_entries:
        return Refusal(OutcomeCode.POLICY, world.policy.reason)
    policy = world.policy.by_symbol.get(signal.symbol)
    if policy is None:
        return Refusal(OutcomeCode.DATA_MISSING, f"the policy says nothing about {signal.symbol} yet")
    if not policy.allow_entries:
        sentence = f"no entries in {signal.symbol}: {policy.regime.value}, {policy.volatility.value} volatility"
        return Refusal(OutcomeCode.POLICY, sentence)
    return None


def _source(signal: Signal, world: World, _: Rules) -> Refusal | None:
    sources = _trading_policy(world).sources
    if signal.source in sources:
        return None
    allowed = ", ".join(sorted(sources)) or "none"
    return Refusal(OutcomeCode.SOURCE, f"signals of {signal.source.value} are not traded (allowed: {allowed})")


def _confidence(signal: Signal, world: World, _: Rules) -> Refusal | None:
    needed = _symbol_policy(signal, world).minimum_confidence
    if signal.confidence >= needed:
        return None
    sentence = f"confidence {signal.confidence} is below the {needed} that the policy asks for"
    return Refusal(OutcomeCode.CONFIDENCE, sentence, signal.confidence, needed)


def _trend(signal: Signal, world: World, rules: Rules) -> Refusal | None:
    """Against a clear trend more confidence is asked for."""
    trend = _symbol_policy(signal, world).trend
    against = -trend * SIDES[signal.view].sign
    needed = _trading_policy(world).counter_trend_confidence
    if against <= rules.trend_tolerance or signal.confidence >= needed:
        return None
    sentence = (
        f"{signal.view.value} against a trend of {trend:.2%} needs confidence {needed}, it has {signal.confidence}"
    )
    return Refusal(OutcomeCode.TREND, sentence, signal.confidence, needed)


def _held(signal: Signal, world: World, _: Rules) -> Refusal | None:
    position = world.positions.get(signal.symbol)
    if position is None:
        return None
    same = position.side is SIDES[signal.view]
    code = OutcomeCode.POSITION_HELD if same else OutcomeCode.OPPOSITE_HELD
    return Refusal(code, f"a {position.side.value} position in {signal.symbol} is open")


def _cooldown(signal: Signal, world: World, rules: Rules) -> Refusal | None:
    """Some time after any entry in the symbol, more after one on the same side: what was stopped out is no bargain."""
    own = [entry for entry in world.entries if entry.side is SIDES[signal.view]]
    return _too_soon(world, world.entries[-1:], rules.cooldown, f"entry in {signal.symbol}") or _too_soon(
        world, own[-1:], rules.side_cooldown, f"{signal.view.value} entry in {signal.symbol}"
    )


def _too_soon(world: World, last: Sequence[Entry], cooldown: timedelta, what: str) -> Refusal | None:
    passed = world.market_now - last[0].at if last else cooldown
    if passed >= cooldown:
        return None
    had, needed = passed.total_seconds(), cooldown.total_seconds()
    sentence = f"the last {what} was {had:.0f} s of market time ago (cooldown {needed:.0f} s)"
    return Refusal(OutcomeCode.COOLDOWN, sentence, Decimal(round(had, 3)).quantize(Decimal("0.001")), Decimal(needed))


def _churn(signal: Signal, world: World, rules: Rules) -> Refusal | None:
    if len(world.entries) < rules.entries_per_day:
        return None
    sentence = f"{signal.symbol} was entered {len(world.entries)} times within a day (at most {rules.entries_per_day})"
    return Refusal(OutcomeCode.CHURN, sentence)


def _model(signal: Signal, world: World, rules: Rules) -> Refusal | None:
    verdict, source = world.verdict, signal.source.value
    if verdict is None:
        why = f"the model supervisor says nothing about {source}"
        return Refusal(OutcomeCode.MODEL, why) if rules.verdicts_required else None
    if not verdict.entries_allowed:
        return Refusal(OutcomeCode.MODEL, f"entries of {source} are stopped: {verdict.reason}")
    if world.verdict_age_s > verdict.valid_s:
        sentence = f"the model supervisor has said nothing about {source} for {world.verdict_age_s:.0f} s"
        return Refusal(OutcomeCode.MODEL, f"{sentence} (limit {verdict.valid_s:.0f} s)")
    return None


def _portfolio(signal: Signal, world: World, rules: Rules) -> Refusal | None:
    if world.advice is None:
        why = "the portfolio balancer gives no advice, or its last has expired"
        return Refusal(OutcomeCode.PORTFOLIO, why) if rules.portfolio_required or world.advised_before else None
    entry = world.advice.entry(signal.symbol, SIDES[signal.view])
    if entry is None or not world.advice.enforced:
        return None
    if entry.veto:
        return Refusal(OutcomeCode.PORTFOLIO, entry.veto)
    if entry.room is not None and entry.room <= 0:
        return Refusal(OutcomeCode.PORTFOLIO, f"the caps on the book leave no room for {signal.symbol}")
    return None


def _funding(signal: Signal, world: World, rules: Rules) -> Refusal | None:
    """Long pays short when the rate is above zero, and the other way round."""
    assert world.mark is not None  # noqa: S101 - _data has passed
    pays = world.mark.funding_rate * SIDES[signal.view].sign
    if pays <= rules.funding_limit:
        return None
    sentence = f"a {signal.view.value} in {signal.symbol} would pay {pays:.4%} of its notional at the next settlement"
    return Refusal(OutcomeCode.FUNDING, f"{sentence} (limit {rules.funding_limit:.4%})", pays, rules.funding_limit)


def _data(signal: Signal, world: World, rules: Rules) -> Refusal | None:
    if world.instrument is None:
        return Refusal(OutcomeCode.DATA_MISSING, f"the venue's rules for {signal.symbol} are not known")
    if world.mark is None or world.account is None:
        missing = f"the mark price of {signal.symbol}" if world.mark is None else "the account"
        return Refusal(OutcomeCode.DATA_MISSING, f"{missing} is not known")
    if world.budget is None:
        return Refusal(OutcomeCode.DATA_MISSING, "the risk manager has not said what may be risked")
    if world.mark_age_s > rules.mark_age_s:
        return Refusal(OutcomeCode.STALE_DATA, f"the mark price is {world.mark_age_s:.1f} s old")
    if world.account_age_s > rules.account_age_s:
        return Refusal(OutcomeCode.STALE_DATA, f"the account was confirmed {world.account_age_s:.1f} s ago")
    return None


def _slots(_: Signal, world: World, rules: Rules) -> Refusal | None:
    taken = len(world.positions.keys() | world.untold)
    if taken < rules.positions:
        return None
    return Refusal(OutcomeCode.SLOTS_FULL, f"{taken} of {rules.positions} positions are open")


def _size(signal: Signal, world: World, _: Rules) -> Refusal | None:
    assert world.instrument is not None  # noqa: S101 - _data has passed
    sizing = _sizing(signal, world)
    why = why_too_small(sizing, world.instrument)
    if why is None:
        return None
    return Refusal(OutcomeCode.SIZE, f"{signal.symbol}: {why}", sizing.notional, world.instrument.minimum_notional)


def _order(signal: Signal, world: World) -> Order:
    policy, side, sizing = _symbol_policy(signal, world), SIDES[signal.view], _sizing(signal, world)
    if policy.entry_style is EntryStyle.MARKET:
        return Order(signal, side, sizing)
    assert world.instrument is not None  # noqa: S101 - _data has passed
    passive = tick_below if side is Side.LONG else tick_above
    limit = passive(sizing.price, world.instrument.tick)
    return Order(signal, side, sizing, policy.entry_style, limit, policy.entry_deadline_s)


def _sizing(signal: Signal, world: World) -> Sizing:
    assert world.instrument is not None  # noqa: S101 - _data has passed
    assert world.account is not None  # noqa: S101
    assert world.mark is not None  # noqa: S101
    assert world.budget is not None  # noqa: S101
    policy, side = _symbol_policy(signal, world), SIDES[signal.view]
    advice = world.advice.entry(signal.symbol, side) if world.advice and world.advice.enforced else None
    wanted = Wanted(
        side,
        world.mark.price,
        policy.atr * policy.stop_atr,
        multiplier=policy.risk_multiplier,
        haircut=advice.haircut if advice else ONE,
        room=advice.room if advice else None,
    )
    funds = Funds(world.account.equity, world.account.available, world.open_notional)
    return size(wanted, funds, world.budget, world.instrument)


def _trading_policy(world: World) -> TradingPolicy:
    assert world.policy is not None  # noqa: S101 - _policy has passed
    return world.policy


def _symbol_policy(signal: Signal, world: World) -> SymbolPolicy:
    return _trading_policy(world).by_symbol[signal.symbol]


GATES: tuple[Gate, ...] = (
    _expiry,
    _direction,
    _kill,
    _posture,
    _universe,
    _policy,
    _source,
    _model,
    _confidence,
    _trend,
    _held,
    _cooldown,
    _churn,
    _data,
    _funding,
    _slots,
    _portfolio,
    _size,
)
"""In this order; lease, mode and risk guard come last, the two latter at the door, right before the entry leaves."""
