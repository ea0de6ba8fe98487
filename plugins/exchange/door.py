"""The gates that every entry passes before anything is written or sent. Exits have no gate here but one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plugins.domain import ExitReason, Instrument, Mode, OutcomeCode, Posture, Side
from plugins.store.kill_switch import KillSwitch


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry may not go out."""

    code: OutcomeCode
    sentence: str


@dataclass(frozen=True, slots=True)
class Patience:
    """An entry that first waits at `limit` for `wait_s` real seconds; then it goes to market, or is let go."""

    limit: Decimal
    wait_s: float
    then_market: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """An entry as it was asked for; `stop_trigger` is the price of its first stop, `notional` its worth in USDT."""

    signal_id: str
    symbol: str
    side: Side
    quantity: Decimal
    notional: Decimal
    stop_trigger: Decimal
    reason: str
    patience: Patience | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What the gates look at; None where nothing is known."""

    mode: str
    address_mode: Mode
    kill: KillSwitch
    not_armed: str | None
    other_mode: tuple[str, ...]
    posture: str
    instrument: Instrument | None
    held: Side | None
    entering: bool
    leftover_stops: tuple[str, ...]
    reconciled_age_s: float | None
    most_age_s: float


def judge_entry(wish: Wish, world: World) -> Refusal | None:
    """The first gate that refuses, None when all let the entry pass."""
    return may_act(world) or _is_known(wish, world) or _is_sound(wish, world) or _is_free(wish, world)


def may_act(world: World) -> Refusal | None:
    """What may change while an entry waits: the mode's arming, the kill switch, the posture."""
    if world.mode != world.address_mode:
        return Refusal(OutcomeCode.MODE, f"the application is in {world.mode} mode, the venue is {world.address_mode}")
    if world.not_armed is not None:
        return Refusal(OutcomeCode.MODE, f"mode live may not enter: {world.not_armed}")
    if world.other_mode:
        strange = ", ".join(world.other_mode)
        return Refusal(OutcomeCode.MODE, f"the account holds what another mode made ({strange}); see `qt strangers`")
    if world.kill.on:
        return Refusal(OutcomeCode.KILL_SWITCH, f"the kill switch is on: {world.kill.why}")
    if world.posture != Posture.NORMAL:
        return Refusal(OutcomeCode.POSTURE, f"the posture is {world.posture}; entries need normal")
    return None


def _is_known(wish: Wish, world: World) -> Refusal | None:
    age_s = world.reconciled_age_s
    if age_s is None or age_s > world.most_age_s:
        told = "never" if age_s is None else f"{age_s:.0f} s ago"
        return Refusal(OutcomeCode.STALE_DATA, f"the account was last reconciled {told}; entries wait for a fresh one")
    if world.instrument is None:
        return Refusal(OutcomeCode.DATA_MISSING, f"the venue's rules for {wish.symbol} are not known")
    if world.instrument.status != "TRADING":
        return Refusal(OutcomeCode.DATA_MISSING, f"{wish.symbol} is {world.instrument.status} at the venue")
    return None


def _is_sound(wish: Wish, world: World) -> Refusal | None:
    rules = world.instrument
    if rules is None or wish.quantity < rules.minimum_quantity or wish.quantity > rules.maximum_market_quantity:
        return Refusal(OutcomeCode.SIZE, f"{wish.quantity} {wish.symbol} is outside what the venue takes in one order")
    if wish.quantity % rules.step:
        return Refusal(OutcomeCode.SIZE, f"{wish.quantity} {wish.symbol} is no multiple of {rules.step}")
    if wish.stop_trigger <= 0 or wish.stop_trigger % rules.tick:
        return Refusal(OutcomeCode.STOP_REFUSED, f"a stop at {wish.stop_trigger} is no multiple of {rules.tick}")
    if wish.patience is not None and (wish.patience.limit <= 0 or wish.patience.limit % rules.tick):
        return Refusal(OutcomeCode.SIZE, f"a limit at {wish.patience.limit} is no multiple of {rules.tick}")
    return None


def _is_free(wish: Wish, world: World) -> Refusal | None:
    if world.held is not None:
        code = OutcomeCode.POSITION_HELD if world.held is wish.side else OutcomeCode.OPPOSITE_HELD
        return Refusal(code, f"a {world.held.value} position in {wish.symbol} is open")
    if world.entering:
        return Refusal(OutcomeCode.POSITION_HELD, f"another entry in {wish.symbol} is on its way")
    if world.leftover_stops:
        stops = ", ".join(world.leftover_stops)
        return Refusal(OutcomeCode.ORDER_REFUSED, f"an old stop in {wish.symbol} is still being cleared: {stops}")
    return None


def judge_exit(posture: str, reason: ExitReason) -> str | None:
    """Why an exit may not go out: only when a person has taken the account, and then not for that person."""
    if posture == Posture.HANDS_OFF and reason is not ExitReason.OPERATOR:
        return "the posture is hands_off: a person has taken the account; stops on the venue stay, nothing else is sent"
    return None
