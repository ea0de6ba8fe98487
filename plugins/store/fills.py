"""Fills, once each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from plugins.domain import Fill, Side
from plugins.store.rows import FillRow
from plugins.store.tables import FillTable
from plugins.store.unbroken import unbroken
from plugins.store.writing import insert_once, reading, table_of

FILLS = table_of(FillTable)


class Fills:
    """The table `fills`; written by `database` only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @staticmethod
    async def insert_into(connection: AsyncConnection, rows: Iterable[FillRow]) -> int:
        """Store fills inside the caller's transaction; those already there stay. Says how many were new."""
        return await insert_once(connection, FILLS, [_columns_of(row) for row in rows])

    @unbroken
    async def of_position(self, position_id: str) -> list[FillRow]:
        """The fills of one round trip in the venue's order."""
        return await self._select(FILLS.c.position_id == position_id)

    @unbroken
    async def of_symbol(self, symbol: str) -> list[FillRow]:
        """Every fill of one symbol, by market time."""
        return await self._select(FILLS.c.symbol == symbol)

    @unbroken
    async def all(self) -> list[FillRow]:
        """Every fill, by market time."""
        return await self._select()

    @unbroken
    async def count(self) -> int:
        """How many fills are stored."""
        async with reading(self._engine) as connection:
            return int((await connection.execute(select(func.count()).select_from(FILLS))).scalar_one())

    async def _select(self, *where: Any) -> list[FillRow]:
        order = (FILLS.c.market_at, FILLS.c.symbol, func.length(FILLS.c.venue_trade_id), FILLS.c.venue_trade_id)
        async with reading(self._engine) as connection:
            return [_row_of(row) for row in await connection.execute(select(FILLS).where(*where).order_by(*order))]


def _columns_of(row: FillRow) -> dict[str, Any]:
    fill = row.fill
    return {
        "symbol": fill.symbol,
        "venue_trade_id": fill.venue_trade_id,
        "venue_order_id": fill.venue_order_id,
        "client_order_id": fill.client_order_id,
        "side": fill.side.value,
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": fill.fee,
        "fee_asset": fill.fee_asset,
        "realised_pnl": fill.realised_pnl,
        "maker": fill.maker,
        "at": fill.at,
        "market_at": fill.market_at,
        "trace_id": fill.trace_id,
        "position_id": row.position_id,
    }


def _row_of(row: Row[Any]) -> FillRow:
    fill = Fill(
        symbol=row.symbol,
        venue_trade_id=row.venue_trade_id,
        venue_order_id=row.venue_order_id,
        client_order_id=row.client_order_id,
        side=Side(row.side),
        quantity=row.quantity,
        price=row.price,
        fee=row.fee,
        fee_asset=row.fee_asset,
        realised_pnl=row.realised_pnl,
        maker=row.maker,
        at=row.at,
        market_at=row.market_at,
        trace_id=row.trace_id,
    )
    return FillRow(fill, row.position_id)
