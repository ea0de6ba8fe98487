"""The latch: a breach pulls the kill switch once, and only a person's `qt kill off` lets it go.

Pure; the switch itself is a file that others may write too, so each look compares it with what is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from plugins.domain import Account
from plugins.risk_guard.limits import LATCHING, Baselines, Breach
from plugins.store.kill_switch import KillSwitch

GUARD = "risk_guard"


class Pull(StrEnum):
    """What is to be done about the switch."""

    NOTHING = "nothing"
    LATCH = "latch"
    RESTORE = "restore"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Latch:
    """Why entries were stopped: the limit that a breach broke, empty when a person stopped them."""

    limit: str
    who: str
    when: datetime
    why: str
    written: bool = True


def decide(latch: Latch | None, switch: KillSwitch, broken: Sequence[Breach]) -> Pull:
    """What the switch in the home, what is remembered of it, and the limits ask for.

    A switch that is off counts as released only when a person's name stands in it: a file that is gone is restored.
    """
    if switch.on:
        return Pull.NOTHING
    if latch is not None:
        if not latch.written or switch.when is None:
            return Pull.RESTORE
        return Pull.RELEASE if switch.when > latch.when and switch.who != GUARD else Pull.RESTORE
    return Pull.LATCH if latching(broken) is not None else Pull.NOTHING


def latching(broken: Sequence[Breach]) -> Breach | None:
    """The first breach that pulls the switch."""
    return next((breach for breach in broken if breach.limit in LATCHING), None)


def after_release(baselines: Baselines | None, latch: Latch, account: Account | None) -> Baselines | None:
    """What losses are measured against once a person has released what a loss had latched: from where it stands now.

    Only the limit that was broken is measured anew; a switch that a person had pulled changes nothing.
    """
    if baselines is None or account is None:
        return baselines
    match latch.limit:
        case "daily_loss":
            return replace(baselines, day_equity=account.equity)
        case "drawdown" | "equity":
            return replace(baselines, day_equity=account.equity, peak_equity=account.equity)
        case _:
            return baselines
