"""What a snapshot of the venue means for what we know; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from plugins.domain import Instrument, Intent, IntentState, Mode, Purpose, Side
from plugins.domain.rounds import RoundTrip
from plugins.exchange.ids import Owner, owner_of, purpose_of
from plugins.exchange.order_path import Tracked, learn
from plugins.exchange.wire import AlgoView, OrderView, PositionView

GONE = "GONE"
"""The status of a symbol that the venue has dropped."""


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


@dataclass(frozen=True, slots=True)
class Stranger:
    """An order or position on the account that this application did not make in this mode."""

    kind: Literal["order", "conditional order", "position"]
    symbol: str
    side: Side
    quantity: Decimal | None
    client_id: str
    """Of a position, that of the order that opened it."""
    owner: Owner


def strange_orders(snapshot: Snapshot, mode: Mode) -> list[Stranger]:
    """Open orders in the snapshot that are not ours; they are shown and never touched."""
    found = [
        Stranger("order", view.symbol, view.side, view.quantity, view.client_id, owner_of(view.client_id, mode))
        for view in snapshot.orders
    ]
    found += [
        Stranger(
            "conditional order", view.symbol, view.side, view.quantity, view.client_id, owner_of(view.client_id, mode)
        )
        for view in snapshot.algos
    ]
    return sorted(filter(_made_by_others, found), key=lambda it: (it.symbol, it.client_id))


def strange_positions(
    positions: Mapping[str, PositionView], rounds: Mapping[str, RoundTrip], mode: Mode
) -> list[Stranger]:
    """Positions that somebody else opened. They are guarded like ours: who opened one does not change what it risks."""
    found = [
        Stranger("position", symbol, held.side, held.quantity, trip.first_order_id, owner_of(trip.first_order_id, mode))
        for symbol, held in sorted(positions.items())
        if (trip := rounds.get(symbol)) is not None and trip.open
    ]
    return list(filter(_made_by_others, found))


def _made_by_others(stranger: Stranger) -> bool:
    return stranger.owner in {Owner.FOREIGN, Owner.OTHER_MODE}


def gone(known: Mapping[str, Instrument], found: Iterable[Instrument]) -> list[Instrument]:
    """Symbols that the venue no longer names, or not in a way that can be read: known still, but not to be traded."""
    named = {instrument.symbol for instrument in found}
    return [replace(instrument, status=GONE) for symbol, instrument in sorted(known.items()) if symbol not in named]


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
