"""The fence: the proof that after the kill nothing of ours can open a position any more.

An entry that was signed before the kill can arrive until its recvWindow is over. So: cancel what rests,
wait until that moment, cancel again, and only then look and say that nothing rests. Pure; the plugin carries
the steps out and tells the clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from plugins.domain import IntentState, Purpose

OVER = {IntentState.FILLED, IntentState.CANCELLED, IntentState.REFUSED, IntentState.NEVER_HAPPENED}


class Step(StrEnum):
    """What the fence needs next."""

    SWEEP = "sweep"
    WAIT = "wait"
    SWEEP_AGAIN = "sweep_again"
    PROVEN = "proven"


@dataclass(frozen=True, slots=True)
class Fence:
    """How far the fence of one kill has got; real monotonic seconds, records in wall time."""

    killed_at: datetime
    swept_s: float | None = None
    cancelled: tuple[str, ...] = ()
    cancelled_again: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    proven_at: datetime | None = None

    def step(self, now_s: float, window_s: float) -> Step:
        """What is to be done at `now_s`, when a signed request is void after `window_s`."""
        if self.proven_at is not None:
            return Step.PROVEN
        if self.swept_s is None:
            return Step.SWEEP
        return Step.SWEEP_AGAIN if now_s - self.swept_s >= window_s else Step.WAIT

    def swept(self, now_s: float, cancelled: Sequence[str]) -> Fence:
        """After the first sweep."""
        return replace(self, swept_s=now_s, cancelled=tuple(cancelled))

    def looked(self, at: datetime, cancelled: Sequence[str], orders: Sequence[Mapping[str, Any]]) -> Fence:
        """After the second sweep and a last look; proven when no entry rests or is unclear any more."""
        resting = tuple(entries_at_work(orders))
        return replace(
            self,
            cancelled_again=(*self.cancelled_again, *cancelled),
            resting=resting,
            late=tuple(entries_since(orders, self.killed_at)),
            proven_at=at if not resting else None,
        )

    def told(self) -> dict[str, Any]:
        """The proof as people and files read it."""
        return {
            "killed_at": self.killed_at.isoformat(),
            "cancelled": list(self.cancelled),
            "cancelled_again": list(self.cancelled_again),
            "still_resting": list(self.resting),
            "sent_after_the_kill": list(self.late),
            "proven_at": self.proven_at.isoformat() if self.proven_at else None,
        }


def entries_at_work(orders: Sequence[Mapping[str, Any]]) -> list[str]:
    """Ids of entries that rest at the venue or whose fate is not known, from lines of `exchange.orders`."""
    return [
        str(line["id"])
        for line in orders
        if line["purpose"] == Purpose.ENTRY and IntentState(line["state"]) not in OVER
    ]


def entries_since(orders: Sequence[Mapping[str, Any]], killed_at: datetime) -> list[str]:
    """Ids of entries that were made after the kill and got to the venue."""
    nowhere = {IntentState.NEVER_HAPPENED, IntentState.REFUSED, IntentState.RECORDED}
    return [
        str(line["id"])
        for line in orders
        if line["purpose"] == Purpose.ENTRY
        and datetime.fromisoformat(str(line["created_at"])) > killed_at
        and IntentState(line["state"]) not in nowhere
    ]
