"""The gates in their order, as pure functions: a signal and what is known in, a refusal or an order out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from plugins.domain import OutcomeCode, Posture, Side, Signal, SymbolPolicy, TradingPolicy, View
from plugins.domain.sizing import Funds, Sizing, Wanted, size, why_too_small
from plugins.executor.world import Rules, World

ONE = Decimal(1)
_SIDES = {View.LONG: Side.LONG, View.SHORT: Side.SHORT}


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
    against = -trend * _SIDES[signal.view].sign
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
    same = position.side is _SIDES[signal.view]
    code = OutcomeCode.POSITION_HELD if same else OutcomeCode.OPPOSITE_HELD
    return Refusal(code, f"a {position.side.value} position in {signal.symbol} is open")


def _cooldown(signal: Signal, world: World, rules: Rules) -> Refusal | None:
    if world.last_entry_at is None:
        return None
    passed = world.market_now - world.last_entry_at
    if passed >= rules.cooldown:
        return None
    had, needed = passed.total_seconds(), rules.cooldown.total_seconds()
    sentence = f"the last entry in {signal.symbol} was {had:.0f} s of market time ago (cooldown {needed:.0f} s)"
    return Refusal(OutcomeCode.COOLDOWN, sentence, Decimal(round(had, 3)).quantize(Decimal("0.001")), Decimal(needed))


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
    return Order(signal, _SIDES[signal.view], _sizing(signal, world))


def _sizing(signal: Signal, world: World) -> Sizing:
    assert world.instrument is not None  # noqa: S101 - _data has passed
    assert world.account is not None  # noqa: S101
    assert world.mark is not None  # noqa: S101
    assert world.budget is not None  # noqa: S101
    policy, side = _symbol_policy(signal, world), _SIDES[signal.view]
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
    _confidence,
    _trend,
    _held,
    _cooldown,
    _data,
    _slots,
    _size,
)
"""In this order; the risk guard, the mode and the lease are asked last, right before the order leaves."""
