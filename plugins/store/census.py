"""Rows as they stand in the tables, read as plain text, for whoever checks that they are what they should be.

Everybody else reads through the other repositories, which believe the tables; this one must not fail on a row that
another writer put there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Float, String, cast, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from plugins.domain import OutcomeCode, Side, Source, View
from plugins.store.tables import PositionTable, SignalTable, TradeTable
from plugins.store.unbroken import unbroken
from plugins.store.writing import reading, table_of

SIGNALS, POSITIONS, TRADES = (table_of(each).c for each in (SignalTable, PositionTable, TradeTable))
NEWEST = 150

_OPEN = select(
    POSITIONS.id,
    POSITIONS.symbol,
    type_coerce(POSITIONS.side, String).label("side"),
    cast(POSITIONS.quantity, String).label("quantity"),
    cast(POSITIONS.updated_at, String).label("updated_at"),
).where(POSITIONS.closed_because.is_(None), cast(POSITIONS.quantity, Float) != 0.0)
_TRADES = select(TRADES.position_id).order_by(TRADES.closed_at.desc()).limit(2 * NEWEST)
_SIGNALS = (
    select(
        SIGNALS.id,
        SIGNALS.symbol,
        SIGNALS.view,
        SIGNALS.source,
        SIGNALS.outcome_code,
        cast(SIGNALS.confidence, String).label("confidence"),
        cast(SIGNALS.price, String).label("price"),
        cast(SIGNALS.made_at, String).label("made_at"),
        cast(SIGNALS.market_at, String).label("market_at"),
        cast(SIGNALS.expires_at, String).label("expires_at"),
    )
    .order_by(SIGNALS.made_at.desc())
    .limit(NEWEST)
)
_UNENDED = _SIGNALS.where(SIGNALS.outcome_code.is_(None))


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """A round trip that the table has open."""

    id: str
    symbol: str
    side: Side
    quantity: Decimal
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class OpenSignal:
    """A signal that the table has without an outcome."""

    id: str
    symbol: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Count:
    """One look at the tables. `odd` are ids of rows among the newest that cannot be what their table is for."""

    positions: tuple[OpenPosition, ...]
    odd_positions: tuple[str, ...]
    trades: frozenset[str]
    signals: frozenset[str]
    since: datetime | None
    """When the oldest of these signals was made (wall time)."""
    open_signals: tuple[OpenSignal, ...]
    odd_signals: tuple[str, ...]


class Census:
    """Reads all tables in one transaction, a few hundred rows of each."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @unbroken
    async def take(self) -> Count:
        """The newest of every table, and what is open."""
        async with reading(self._engine) as connection:
            positions = await _rows(connection, _OPEN)
            trades = await _rows(connection, _TRADES)
            newest = await _rows(connection, _SIGNALS)
            unended = await _rows(connection, _UNENDED)
        opened = {row["id"]: _position(row) for row in positions}
        known = {row["id"]: _signal(row) for row in [*newest, *unended]}
        open_ids = {row["id"] for row in unended}
        return Count(
            positions=tuple(found for found in opened.values() if found is not None),
            odd_positions=_odd(opened),
            trades=frozenset(row["position_id"] for row in trades),
            signals=frozenset(row["id"] for row in newest),
            since=min((each.made_at for row in newest if (each := known[row["id"]])), default=None),
            open_signals=tuple(found for key, found in known.items() if found is not None and key in open_ids),
            odd_signals=_odd(known),
        )


async def _rows(connection: AsyncConnection, statement: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


def _odd(found: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(str(key) for key, value in found.items() if value is None))


def _position(row: dict[str, Any]) -> OpenPosition | None:
    try:
        return OpenPosition(
            row["id"], row["symbol"], Side(row["side"]), Decimal(row["quantity"]), _at(row["updated_at"])
        )
    except (ValueError, TypeError, InvalidOperation):
        return None


def _signal(row: dict[str, Any]) -> OpenSignal | None:
    """None for a row that no source could have made."""
    try:
        _words = View(row["view"]), Source(row["source"]), OutcomeCode(row["outcome_code"] or OutcomeCode.FILLED)
        confidence, price = Decimal(row["confidence"]), Decimal(row["price"])
        times = _at(row["market_at"]), _at(row["expires_at"])
        sound = 0 <= confidence <= 1 and price > 0 and times[0] <= times[1] and row["symbol"]
        return OpenSignal(row["id"], row["symbol"], _at(row["made_at"])) if sound else None
    except (ValueError, TypeError, InvalidOperation):
        return None


def _at(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
