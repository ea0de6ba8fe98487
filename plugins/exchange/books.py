"""What is known of the account: orders whose story is not over, round trips, the venue's last word on positions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal

from plugins.domain import ExitReason, Purpose, Side, StopStatus
from plugins.domain.rounds import RoundTrip, fold
from plugins.exchange.ledger import Ledger
from plugins.exchange.order_path import Book, Tracked
from plugins.exchange.wire import AccountView, PositionView
from qtcore import QtError

COVERING = frozenset({StopStatus.LIVE, StopStatus.TRIGGERING, StopStatus.TRIGGERED})


class LedgerDown(QtError):
    """exchange.db cannot be written, so no entry may go out; exits still do."""


class Books:
    """In memory what exchange.db holds on disk, and the venue's last snapshot.

    When the disk fails, what belongs to exits is kept here and written as soon as the disk is back.
    """

    def __init__(self, ledger: Ledger, wall: Callable[[], datetime]) -> None:
        self.ledger = ledger
        self._wall = wall
        self.working: dict[str, Tracked] = {known.intent.id: known for known in ledger.unfinished()}
        self.rounds: dict[str, RoundTrip] = {}
        self.positions: dict[str, PositionView] = {}
        self.booked_s: dict[str, float] = {}
        """When fills of a symbol were last booked (monotonic seconds): older snapshots do not know of them."""
        self.account: AccountView | None = None
        self.reconciled_at: datetime | None = None
        self.ledger_fault: str | None = ledger.fault
        self._unsaved: dict[str, Tracked] = {}
        self._stop_since: dict[str, tuple[StopStatus, datetime]] = {}
        for symbol in ledger.symbols():
            if trips := fold(booked.fill for booked in ledger.round_of(symbol)):
                self.rounds[symbol] = trips[-1]

    def note(self, *known: Tracked, attempt_of: str | None = None) -> None:
        """Keep what is known of orders, on disk first.

        Raises LedgerDown when an entry (or the stop that goes ahead of it) cannot be written before
        it is sent; whatever else cannot be written now is kept and written later.
        """
        if attempt_of is not None and self.ledger.fault and any(_opens(each) for each in known):
            raise LedgerDown(f"exchange.db is out of reach ({self.ledger.fault}), so nothing new is entered")
        try:
            self.ledger.put(*self._unsaved.values(), *known, at=self._wall(), attempt_of=attempt_of)
        except sqlite3.Error as error:
            self.ledger_fault = str(error)
            if attempt_of is not None and any(_opens(each) for each in known):
                raise LedgerDown(
                    f"exchange.db cannot be written ({error}), so nothing new is entered; free or repair the disk"
                ) from error
            self._unsaved.update((each.intent.id, each) for each in known)
        else:
            self.ledger_fault = self.ledger.fault
            self._unsaved.clear()
        for each in known:
            self._keep(each)

    def save_leftovers(self) -> None:
        """Write what the disk refused before; the remark beside it proves that it takes writes again."""
        if self._unsaved or self.ledger_fault:
            try:
                self.ledger.set_meta("repaired_at", self._wall().isoformat())
            except sqlite3.Error as error:
                self.ledger_fault = str(error)
            else:
                self.note()

    def _keep(self, known: Tracked) -> None:
        if known.final:
            self.working.pop(known.intent.id, None)
            self._stop_since.pop(known.intent.id, None)
        else:
            self.working[known.intent.id] = known

    def stop_since(self, known: Tracked) -> datetime | None:
        """Since when (wall time) a conditional order stands where it stands, this life or an earlier one."""
        if (status := known.stop_status) is None:
            return None
        kept = self._stop_since.get(known.intent.id)
        if kept is None or kept[0] is not status:
            kept = (status, self._first_known(known.intent.id, status))
            self._stop_since[known.intent.id] = kept
        return kept[1]

    def _first_known(self, intent_id: str, status: StopStatus) -> datetime:
        try:
            return self.ledger.stop_status_since(intent_id, status) or self._wall()
        except sqlite3.Error:
            return self._wall()

    def get(self, intent_id: str) -> Tracked | None:
        """What is known of an order, also of one that is over."""
        return self.working.get(intent_id) or self._unsaved.get(intent_id) or self.ledger.get(intent_id)

    def newest(self, known: Tracked) -> Tracked:
        """What is known of this order by now: others may have learned more while somebody waited for an answer."""
        return self.get(known.intent.id) or known

    def by_order_id(self, symbol: str, order_id: str) -> Tracked | None:
        """The order that bears this id in the matching engine."""
        for known in (*self.working.values(), *self._unsaved.values()):
            own = known.venue_order_id if known.book is Book.ORDERS else known.child_order_id
            if known.intent.symbol == symbol and own == order_id:
                return known
        return self.ledger.by_order_id(symbol, order_id)

    def of_symbol(self, symbol: str, *purposes: Purpose) -> list[Tracked]:
        """Orders of a symbol that are not over, of these purposes (all when none is given)."""
        return [
            known
            for known in self.working.values()
            if known.intent.symbol == symbol and (not purposes or known.intent.purpose in purposes)
        ]

    def protection(self, symbol: str, purpose: Purpose = Purpose.STOP) -> list[Tracked]:
        """Conditional orders that wait or work at the venue for this symbol, oldest first."""
        return [known for known in self.of_symbol(symbol, purpose) if known.live and known.stop_status in COVERING]

    def held(self, symbol: str) -> Side | None:
        """The side held, by the venue's last word or by fills that are newer than it."""
        if position := self.positions.get(symbol):
            return position.side
        trip = self.rounds.get(symbol)
        return trip.side if trip is not None and trip.open else None

    def believed(self, symbol: str) -> PositionView | None:
        """The position by the venue's last word, or by fills alone while it has not been asked since."""
        if (held := self.positions.get(symbol)) is not None:
            return held
        trip = self.rounds.get(symbol)
        if trip is None or not trip.open:
            return None
        price = trip.entry_price
        return PositionView(symbol, trip.side, trip.quantity, price, price, Decimal(0), trip.last_at)

    def entering(self, symbol: str) -> bool:
        """Whether an entry of this symbol is on its way."""
        return bool(self.of_symbol(symbol, Purpose.ENTRY))

    def position_id(self, symbol: str) -> str:
        """The name of the symbol's position; from the venue's figures where its fills are not known yet."""
        trip, held = self.rounds.get(symbol), self.positions.get(symbol)
        if trip is not None and trip.open:
            return trip.id
        stamp = int(held.updated_at.timestamp() * 1000) if held else 0
        return f"{symbol}-adopted-{stamp}"

    def agrees(self, symbol: str) -> bool:
        """Whether the fills add up to the position that the venue reports."""
        trip, held = self.rounds.get(symbol), self.positions.get(symbol)
        booked = trip.side.sign * trip.quantity if trip is not None else 0
        return booked == (held.side.sign * held.quantity if held is not None else 0)

    def symbols_at_work(self) -> set[str]:
        """Symbols with a position or an order that is not over."""
        return {*self.positions, *(known.intent.symbol for known in self.working.values())}

    def unresolved(self) -> Iterable[Tracked]:
        """Orders of which nobody knows yet what became."""
        return [known for known in self.working.values() if known.unresolved]


def _opens(known: Tracked) -> bool:
    """An entry, or the stop sent ahead of one."""
    intent = known.intent
    return intent.purpose is Purpose.ENTRY or (intent.purpose is Purpose.STOP and intent.position_id is None)


def reason_of(known: Tracked | None, client_id: str) -> ExitReason:
    """Why an order closed a position; `liquidation` covers every order that the venue itself made."""
    if client_id.startswith(("autoclose-", "adl_autoclose", "settlement_autoclose-")):
        return ExitReason.LIQUIDATION
    if known is None:
        return ExitReason.UNKNOWN
    match known.intent.purpose:
        case Purpose.STOP | Purpose.STOP_LIMIT:
            return ExitReason.STOP
        case Purpose.TAKE_PROFIT:
            return ExitReason.TAKE_PROFIT
        case Purpose.EXIT:
            known_reason = known.intent.reason in set(ExitReason)
            return ExitReason(known.intent.reason) if known_reason else ExitReason.UNKNOWN
        case Purpose.ENTRY:
            return ExitReason.UNKNOWN
