"""What becomes of a model that was trained: pure rules over figures, each ruling with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from plugins.retraining.comparing import LEAST_BLOCKS, Comparison


class Ruling(StrEnum):
    """`shadow`: judge it on live decisions first. `canary`: let it vote, watched, with the way back open."""

    PROMOTE = "promote"
    CANARY = "canary"
    SHADOW = "shadow"
    KEEP = "keep"
    REJECT = "reject"
    ROLL_BACK = "roll_back"
    CONFIRM = "confirm"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Ruled:
    """A ruling and why."""

    ruling: Ruling
    reason: str


@dataclass(frozen=True, slots=True)
class Gate:
    """The limits. `least_skill` is the share of the log loss of knowing nothing that a model must save."""

    least_skill: float = 0.0
    too_good: float = 0.35
    distinct: float = 0.05
    calibration: float = 0.15
    shadow_decisions: int = 200
    canary_decisions: int = 400


def on_folds(metrics: Mapping[str, float], against: Comparison | None, gate: Gate) -> Ruled:
    """What held-out decisions allow. `against` compares with the champion where there is one to compare with."""
    if wrong := _insane(metrics, gate):
        return Ruled(Ruling.REJECT, wrong)
    skill = metrics["skill"]
    if against is None:
        return Ruled(Ruling.PROMOTE, f"nothing votes yet, and it saves {skill:.2%} of the log loss of knowing nothing")
    if against.blocks >= LEAST_BLOCKS and against.high < 0.0:
        return Ruled(Ruling.KEEP, f"it is worse than the champion: {against.sentence}")
    return Ruled(Ruling.SHADOW, f"sane on its folds ({skill:.2%} saved); it must show itself on live decisions")


def in_shadow(found: Comparison, gate: Gate) -> Ruled:
    """What live decisions say of a challenger that nobody follows yet."""
    if found.decisions < gate.shadow_decisions or found.blocks < LEAST_BLOCKS:
        return Ruled(Ruling.WAIT, f"{found.decisions} of {gate.shadow_decisions} live decisions known")
    if found.new_distinct < gate.distinct:
        return Ruled(Ruling.REJECT, f"its live answers hardly differ ({found.new_distinct:.1%} distinct)")
    if found.low > 0.0:
        return Ruled(Ruling.PROMOTE, f"surely better live: {found.sentence}")
    if found.gain > 0.0:
        return Ruled(Ruling.CANARY, f"better live, but not surely: {found.sentence}")
    return Ruled(Ruling.KEEP, f"no better live: {found.sentence}")


def as_canary(found: Comparison, gate: Gate) -> Ruled:
    """What live decisions say of a champion on probation; here `old` is the one before it."""
    if found.blocks >= LEAST_BLOCKS and found.high < 0.0:
        return Ruled(Ruling.ROLL_BACK, f"surely worse than the one before: {found.sentence}")
    if found.decisions < gate.canary_decisions:
        return Ruled(Ruling.WAIT, f"{found.decisions} of {gate.canary_decisions} live decisions known")
    if found.gain < 0.0:
        return Ruled(Ruling.ROLL_BACK, f"worse than the one before after its probation: {found.sentence}")
    return Ruled(Ruling.CONFIRM, f"held its place: {found.sentence}")


def _insane(metrics: Mapping[str, float], gate: Gate) -> str:
    if metrics["distinct"] < gate.distinct:
        return f"it knows nothing: its calibrated answers hardly differ ({metrics['distinct']:.1%} distinct)"
    if metrics["ece"] > gate.calibration:
        return f"its confidence cannot be meant: off by {metrics['ece']:.0%} on decisions it had not seen"
    if metrics["skill"] <= gate.least_skill:
        return f"it is no better than knowing nothing ({metrics['skill']:+.2%} of the log loss saved)"
    if metrics["skill"] > gate.too_good:
        return f"it is too good to be true ({metrics['skill']:.0%} of the log loss saved): something has leaked"
    return ""
