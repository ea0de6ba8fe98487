"""Whether there is reason to train, and which. Pure."""

from __future__ import annotations

from dataclasses import dataclass

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Reasons:
    """When training is due. Hours are market time."""

    every_h: float
    least_trades: int
    pause_h: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known: market times in ms, None for never."""

    now_ms: int
    untrained: tuple[str, ...]
    """Installed members without a champion that have not been tried on this history."""
    trained_ms: int | None
    closed_trades: int
    """Since the last training."""
    doubt: str
    """Why the model supervisor doubts a source: drift, calibration; empty when it does not."""
    asked: str
    """Who asked for a training by hand, and why."""


def due(facts: Facts, reasons: Reasons) -> str:
    """Why to train now; empty when there is no reason, or the last training is too recent for any but a person."""
    if facts.asked:
        return facts.asked
    if facts.untrained and facts.trained_ms is None:
        return f"nothing has been trained yet: {', '.join(facts.untrained)}"
    since_h = (facts.now_ms - (facts.trained_ms or 0)) / HOUR_MS
    if facts.trained_ms is not None and since_h < reasons.pause_h:
        return ""
    found = [
        facts.doubt,
        f"{facts.closed_trades} trades have closed since the last training"
        if facts.closed_trades >= reasons.least_trades
        else "",
        f"the last training was {since_h:.0f} h of market time ago" if since_h >= reasons.every_h else "",
    ]
    return next((reason for reason in found if reason), "")
