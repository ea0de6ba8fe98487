"""Which process is killed at which step of an order while which fault strikes: drawn by seed, pairs equally often."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle
from typing import Any

TARGETS = ("exchange", "executor", "database", "risk_guard", "position_monitor")
LONGEST_DELAY_S = 0.020
ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"


class Kind(StrEnum):
    """What has just happened: an intention was written, a request is at the venue, an effect was written."""

    JOURNAL = "journal"
    WIRE = "wire"
    COMMIT = "commit"


class Step(StrEnum):
    """The moments of an entry and of an exit, in their order."""

    SIGNAL_STORED = "signal stored"
    STOP_WRITTEN = "stop written"
    STOP_AT_VENUE = "stop at the venue"
    STOP_CONFIRMED = "stop confirmed"
    ENTRY_WRITTEN = "entry written"
    ENTRY_AT_VENUE = "entry at the venue"
    ENTRY_FILLED = "entry filled"
    FILL_BOOKED = "fill booked"
    OUTCOME_WRITTEN = "outcome written"
    FILL_STORED = "fill stored"
    EXIT_WRITTEN = "exit written"
    EXIT_AT_VENUE = "exit at the venue"
    EXIT_FILLED = "exit filled"
    TRADE_STORED = "trade stored"

    @property
    def kind(self) -> Kind:
        """Journal, wire or commit."""
        if self.name.endswith("AT_VENUE"):
            return Kind.WIRE
        return Kind.JOURNAL if self.name.endswith("_WRITTEN") and self is not Step.OUTCOME_WRITTEN else _kind(self)

    @property
    def is_exit(self) -> bool:
        """Whether it belongs to an exit."""
        return self in EXITS

    @property
    def path(self) -> str:
        """The path of the request that this step is about."""
        return ALGO if self.name.startswith("STOP") else ORDER


def _kind(step: Step) -> Kind:
    return Kind.JOURNAL if step is Step.SIGNAL_STORED else Kind.COMMIT


EXITS = frozenset({Step.EXIT_WRITTEN, Step.EXIT_AT_VENUE, Step.EXIT_FILLED, Step.TRADE_STORED})
HOLDING = (EXITS - {Step.EXIT_FILLED, Step.TRADE_STORED}) | {Step.ENTRY_FILLED, Step.FILL_BOOKED, Step.FILL_STORED}
"""Steps at which there is a position."""

FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "drop_reply": {"path": True},
    "slow_reply": {"path": True, "delay_s": 2.5},
    "unknown, done": {"kind": "unknown_outcome", "executed": True, "path": True},
    "unknown, not done": {"kind": "unknown_outcome", "executed": False, "answer": "-1007", "path": True},
    "unavailable": {"path": True},
    "overload": {"seconds": 2},
    "too_many_requests": {"retry_after_s": 1},
    "banned": {"seconds": 1.5},
    "refusal": {"path": True, "code": "-2010"},
    "would_trigger": {"symbol": True},
    "moved_path": {"path": True, "seconds": 1.5},
    "clock fast": {"kind": "clock_skew", "by_ms": 3000, "seconds": 3},
    "clock slow": {"kind": "clock_skew", "by_ms": -3000, "seconds": 3},
    "stale_snapshot": {"seconds": 3},
    "events_delayed": {"count": 5},
    "events_duplicated": {"count": 5},
    "events_reordered": {"count": 3},
    "events_lost": {"count": 5},
    "listen_key_expired": {},
    "half_open": {"sockets": "private", "seconds": 4},
    "mute": {"streams": "user", "seconds": 4},
    "disconnect": {},
    "depth_gap": {"symbol": True},
    "stuck_trigger": {"symbol": True, "seconds": 3},
    "partial_child": {"symbol": True},
    "deleveraging": {"symbol": True},
    "liquidation": {"symbol": True, "seconds": 2},
    "funding_interval": {"symbol": True, "hours": 1, "seconds": 5},
    "bracket_change": {"symbol": True, "seconds": 3},
    "delisting": {"symbol": True, "seconds": 2},
    "filter_change": {"symbol": True, "min_notional": "50", "seconds": 3},
}
"""Trading's list of what a venue does to orders, in the words of `POST /qt/v1/faults`; True is filled in by the run."""

AT_THE_STEP = frozenset({"deleveraging", "liquidation"})
"""They need the position, so they come with the kill; all others are there before the wish."""


@dataclass(frozen=True)
class Cell:
    """One run."""

    number: int
    target: str
    step: Step
    fault: str
    delay_s: float
    draw: random.Random

    def fault_document(self, symbol: str) -> dict[str, Any]:
        """What is asked of the venue."""
        given = {"kind": self.fault} | FAULTS[self.fault]
        filled = {"path": self.step.path, "symbol": symbol}
        return {name: filled[name] if value is True and name in filled else value for name, value in given.items()}


def cells(seed: int, runs: int) -> Iterator[Cell]:
    """All pairs of target and step in a drawn order, again and again; faults likewise, where they are possible."""
    order = random.Random(seed)  # noqa: S311 - a plan, no secret
    pairs = [(target, step) for target in TARGETS for step in Step]
    order.shuffle(pairs)
    waiting: list[str] = []
    for number, (target, step) in zip(range(1, runs + 1), cycle(pairs), strict=False):
        if len(waiting) < len(FAULTS):
            waiting += order.sample(list(FAULTS), len(FAULTS))
        fault = next(name for name in waiting if name not in AT_THE_STEP or step in HOLDING)
        waiting.remove(fault)
        draw = random.Random(f"{seed}:{number}")  # noqa: S311 - the same
        yield Cell(number, target, step, fault, draw.uniform(0, LONGEST_DELAY_S), draw)
