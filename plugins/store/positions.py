"""Round trips, open and closed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Row, String, cast, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from plugins.domain import ExitReason, Side
from plugins.domain.rounds import RoundTrip
from plugins.store.rows import PositionRow
from plugins.store.tables import PositionTable
from plugins.store.unbroken import unbroken
from plugins.store.writing import CHUNK, reading, table_of, upsert

POSITIONS = table_of(PositionTable)


class Positions:
    """The table `positions`; written by `database` only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @staticmethod
    async def put_into(connection: AsyncConnection, rounds: Iterable[tuple[RoundTrip, ExitReason | None]]) -> None:
        """Store round trips as they are now, inside the caller's transaction; the reason only for closed ones."""
        rows = [_columns_of(trip, because) for trip, because in rounds]
        if rows:
            await upsert(connection, POSITIONS, rows)

    @unbroken
    async def latest(self, *, limit: int = 100) -> list[PositionRow]:
        """The newest round trips first."""
        statement = select(POSITIONS).order_by(POSITIONS.c.opened_at.desc()).limit(limit)
        async with reading(self._engine) as connection:
            return [_row_of(row) for row in await connection.execute(statement)]

    @unbroken
    async def reasons(self) -> dict[str, ExitReason]:
        """Why each closed round trip was closed."""
        columns = POSITIONS.c
        statement = select(columns.id, columns.closed_because).where(columns.closed_because.is_not(None))
        async with reading(self._engine) as connection:
            return {row.id: ExitReason(row.closed_because) for row in await connection.execute(statement)}

    @unbroken
    async def unsupported(self, known: Collection[str]) -> list[dict[str, Any]]:
        """Rows as they stand, plain, whose id is none of `known`: no fill supports them."""
        every = select(*(cast(column, String).label(column.key) for column in POSITIONS.c))
        async with reading(self._engine) as connection:
            rows = [dict(row) for row in (await connection.execute(every)).mappings()]
        return [row for row in rows if row["id"] not in known]

    @staticmethod
    async def remove_from(connection: AsyncConnection, ids: Sequence[str]) -> None:
        """Delete rows inside the caller's transaction."""
        for start in range(0, len(ids), CHUNK):
            await connection.execute(delete(POSITIONS).where(POSITIONS.c.id.in_(ids[start : start + CHUNK])))

    @unbroken
    async def get(self, position_id: str) -> PositionRow | None:
        """One round trip by id."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(POSITIONS).where(POSITIONS.c.id == position_id))).one_or_none()
        return _row_of(row) if row is not None else None


def _columns_of(trip: RoundTrip, because: ExitReason | None) -> dict[str, Any]:
    return {
        "id": trip.id,
        "symbol": trip.symbol,
        "side": trip.side.value,
        "quantity": trip.quantity,
        "entered": trip.entered,
        "entry_price": trip.entry_price,
        "exit_price": trip.exit_price,
        "gross_pnl": trip.gross_pnl,
        "fees": trip.fees,
        "fills": trip.fills,
        "first_order_id": trip.first_order_id,
        "last_order_id": trip.last_order_id,
        "opened_at": trip.opened_at,
        "opened_market_at": trip.opened_market_at,
        "updated_at": trip.last_at,
        "updated_market_at": trip.last_market_at,
        "closed_because": because.value if because is not None and not trip.open else None,
    }


def _row_of(row: Row[Any]) -> PositionRow:
    return PositionRow(
        id=row.id,
        symbol=row.symbol,
        side=Side(row.side),
        quantity=row.quantity,
        entered=row.entered,
        entry_price=row.entry_price,
        exit_price=row.exit_price,
        gross_pnl=row.gross_pnl,
        fees=row.fees,
        fills=row.fills,
        first_order_id=row.first_order_id,
        last_order_id=row.last_order_id,
        opened_at=row.opened_at,
        opened_market_at=row.opened_market_at,
        updated_at=row.updated_at,
        updated_market_at=row.updated_market_at,
        closed_because=ExitReason(row.closed_because) if row.closed_because is not None else None,
    )
