"""What a snapshot of the venue means for what we know; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from plugins.domain import Intent, IntentState, Purpose
from plugins.exchange.ids import is_ours, purpose_of
from plugins.exchange.order_path import Tracked, learn
from plugins.exchange.wire import AlgoView, OrderView, PositionView


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the venue said in one round of questions, begun at `asked_s` (monotonic seconds).

    `whole` when all symbols were asked for their orders.
    """

    asked_s: float
    positions: Mapping[str, PositionView]
    orders: tuple[OrderView, ...]
    algos: tuple[AlgoView, ...]
    symbols: frozenset[str]
    whole: bool

    def covers(self, symbol: str) -> bool:
        """Whether this snapshot says something about the orders of a symbol."""
        return self.whole or symbol in self.symbols


def foreign(snapshot: Snapshot) -> list[str]:
    """Orders in the snapshot that are not ours, as `SYMBOL client-id`."""
    views: Iterable[OrderView | AlgoView] = (*snapshot.orders, *snapshot.algos)
    return sorted(f"{view.symbol} {view.client_id}" for view in views if not is_ours(view.client_id) and _made(view))


def _made(view: OrderView | AlgoView) -> bool:
    """Whether somebody made it; what a triggered stop became is the venue's own work."""
    return not view.client_id.startswith("algo-")


def adopted(view: AlgoView, now: datetime) -> Tracked:
    """A conditional order of ours that exchange.db does not know, as after its loss."""
    intent = Intent(
        id=view.client_id,
        symbol=view.symbol,
        side=view.side,
        purpose=purpose_of(view.client_id) or Purpose.STOP,
        quantity=view.quantity or view.trigger * 0,
        reduce_only=view.reduce_only,
        close_position=view.close_position,
        created_at=now,
        trigger=view.trigger,
        reason="found at the venue",
    )
    return learn(Tracked(intent, state=IntentState.UNKNOWN, attempts=1), view)


def orphans(working: Iterable[Tracked], positions: Mapping[str, PositionView]) -> list[Tracked]:
    """Live conditional orders of ours that guard nothing: flat, or the position is on the other side.

    The stop sent ahead of an entry is none while that entry is on its way.
    """
    known = list(working)
    entering = {each.intent.symbol for each in known if each.intent.purpose is Purpose.ENTRY}
    return [
        each
        for each in known
        if each.live
        and each.intent.trigger is not None
        and each.child_order_id is None
        and each.intent.symbol not in entering
        and not _guards(each, positions.get(each.intent.symbol))
    ]


def _guards(known: Tracked, held: PositionView | None) -> bool:
    return held is not None and known.intent.side is held.side.opposite
