"""What was heard on topics: the newest of each kind, and the last signals with what became of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from plugins.auditor.view import Ended, Said
from plugins.domain import Account, Outcome, Position, Signal, VenueAddress, View

KEPT = 400


@dataclass(slots=True)
class Heard:
    """Ages are counted from when a message came (monotonic real seconds)."""

    address: VenueAddress | None = None
    positions: dict[str, Position] = field(default_factory=dict)
    told: bool = False
    """Whether anything was said of the account, so that no position means that there is none."""
    said: deque[Said] = field(default_factory=lambda: deque(maxlen=KEPT))
    outcomes: deque[Ended] = field(default_factory=lambda: deque(maxlen=KEPT))
    views: dict[str, View] = field(default_factory=dict)

    def hear(self, message: object, now_s: float) -> None:
        """Take a message of any topic that the auditor reads."""
        match message:
            case Signal():
                self._signal(message, now_s)
            case Outcome():
                self._outcome(message, now_s)
            case Position() if message.quantity:
                self.positions[message.symbol] = message
            case Position():
                self.positions.pop(message.symbol, None)
            case Account():
                self.told = True
            case VenueAddress():
                self.address = message

    def _signal(self, signal: Signal, now_s: float) -> None:
        self.views[signal.id] = signal.view
        if len(self.views) > 2 * KEPT:
            del self.views[next(iter(self.views))]
        self.said.append(
            Said(
                id=signal.id,
                symbol=signal.symbol,
                view=signal.view,
                confidence=signal.confidence,
                source=signal.source,
                made_at=signal.made_at,
                market_at=signal.market_at,
                heard_s=now_s,
            )
        )

    def _outcome(self, outcome: Outcome, now_s: float) -> None:
        view = self.views.get(outcome.signal_id)
        ended = Ended(
            outcome.signal_id, outcome.symbol, outcome.code, outcome.sentence, outcome.intent_id, now_s, view=view
        )
        self.outcomes.append(ended)
