"""Where the stop of a winning position belongs: pure rules over its best price so far.

Gains are in price units from the entry, positive on the winning side, so that long and short are one case.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plugins.domain import Instrument, Mark, Position, Side, StopState, StopStatus
from plugins.domain.money import tick_above, tick_below


@dataclass(frozen=True, slots=True)
class Stages:
    """Shares of the entry price, but `lock_share`, which is a share of the best gain.

    From `trail_from` on the stop follows the best price at `trail` (nearer where the policy's own stop
    distance is less), from `even_from` it is at the entry plus `costs`, from `lock_from` at `lock_share` of the
    best gain, from `near_from` it follows at `near`. A step smaller than `least_step` is not worth an order, and the
    venue takes no stop nearer to the mark than `room`.
    """

    trail_from: Decimal
    trail: Decimal
    even_from: Decimal
    costs: Decimal
    lock_from: Decimal
    lock_share: Decimal
    near_from: Decimal
    near: Decimal
    least_step: Decimal
    room: Decimal


@dataclass(frozen=True, slots=True)
class Sight:
    """One position with all that is known about it; `stop_distance` is the policy's, in price units."""

    position: Position
    best: Decimal
    stop: StopState | None
    mark: Mark
    instrument: Instrument
    stop_distance: Decimal | None


@dataclass(frozen=True, slots=True)
class Tighten:
    """Move the stop of a position to `trigger`."""

    symbol: str
    trigger: Decimal
    stage: str


def best_of(position: Position, before: Decimal | None, price: Decimal) -> Decimal:
    """The best price of the position's life: the entry at first, then whatever beat it."""
    best = position.entry_price if before is None else before
    return max(best, price) if position.side is Side.LONG else min(best, price)


def wanted(sight: Sight, stages: Stages) -> Tighten | None:
    """Where the stop belongs by the best price alone; None below the first stage."""
    entry, sign = sight.position.entry_price, sight.position.side.sign
    best = (sight.best - entry) * sign
    levels = _levels(best, entry, sight.stop_distance, stages)
    if not levels:
        return None
    stage, gain = max(levels.items(), key=lambda level: level[1])
    trigger = _on_tick(entry + sign * gain, sight)
    return Tighten(sight.position.symbol, trigger, stage) if trigger > 0 else None


def reachable(sight: Sight, stages: Stages) -> Tighten | None:
    """The same, but no nearer to the mark than the venue takes: it refuses a stop that would trigger at once."""
    where = wanted(sight, stages)
    if where is None:
        return None
    sign = sight.position.side.sign
    nearest = _on_tick(sight.mark.price * (1 - sign * stages.room), sight)
    tightest = min(where.trigger * sign, nearest * sign) * sign
    return Tighten(where.symbol, tightest, where.stage)


def decide(sight: Sight, stages: Stages) -> Tighten | None:
    """The step to take now; None where there is none, and never one that loosens.

    A position without a live stop is left alone: placing the first one is the position monitor's.
    """
    act = reachable(sight, stages)
    if act is None or sight.stop is None or sight.stop.status is not StopStatus.LIVE:
        return None
    gained = (act.trigger - sight.stop.trigger) * sight.position.side.sign
    return act if gained >= stages.least_step * sight.position.entry_price else None


def _levels(best: Decimal, entry: Decimal, stop_distance: Decimal | None, stages: Stages) -> dict[str, Decimal]:
    """Every stage reached, and the gain it holds. Each grows with the best gain, so their maximum does too."""
    share = best / entry
    levels: dict[str, Decimal] = {}
    if share >= stages.trail_from:
        behind = entry * stages.trail
        levels["trail"] = best - (min(behind, stop_distance) if stop_distance else behind)
    if share >= stages.even_from:
        levels["break-even"] = entry * stages.costs
    if share >= stages.lock_from:
        levels["lock-in"] = best * stages.lock_share
    if share >= stages.near_from:
        levels["near trail"] = best - entry * stages.near
    return levels


def _on_tick(price: Decimal, sight: Sight) -> Decimal:
    """The tick next to `price` on the side away from the mark."""
    rounded = tick_below if sight.position.side is Side.LONG else tick_above
    return rounded(price, sight.instrument.tick)
