"""Closed round trips and the funding that they paid or earned."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from plugins.domain import ExitReason, Side
from plugins.domain.rounds import RoundTrip
from plugins.store.rows import FundingRow, TradeRow
from plugins.store.tables import FundingTable, TradeTable
from plugins.store.unbroken import unbroken
from plugins.store.writing import insert_once, reading, table_of, upsert

TRADES = table_of(TradeTable)
FUNDING = table_of(FundingTable)


class Trades:
    """The tables `trades` and `funding`; written by `database` only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @staticmethod
    async def add_funding(connection: AsyncConnection, rows: Iterable[FundingRow]) -> int:
        """Store settlements inside the caller's transaction, once each. Says how many were new."""
        return await insert_once(connection, FUNDING, [_funding_columns(row) for row in rows])

    @staticmethod
    async def put_into(connection: AsyncConnection, closed: Iterable[tuple[RoundTrip, ExitReason]]) -> None:
        """Store closed round trips with the funding known so far, inside the caller's transaction."""
        rows = []
        for trip, because in closed:
            funding = await _funding_between(connection, trip.symbol, trip.opened_market_at, trip.last_market_at)
            rows.append(_columns_of(trip, because, funding))
        if rows:
            await upsert(connection, TRADES, rows)

    @staticmethod
    async def recount_funding(connection: AsyncConnection, rows: Iterable[FundingRow]) -> None:
        """Bring funding and net of every trade that was open at these settlements up to date."""
        columns = TRADES.c
        for row in rows:
            open_then = (
                columns.symbol == row.symbol,
                columns.opened_market_at <= row.market_at,
                columns.closed_market_at >= row.market_at,
            )
            for trade in (await connection.execute(select(TRADES).where(*open_then))).all():
                funding = await _funding_between(
                    connection, trade.symbol, trade.opened_market_at, trade.closed_market_at
                )
                net = trade.gross_pnl - trade.fees + funding
                changed = update(TRADES).where(columns.position_id == trade.position_id)
                await connection.execute(changed.values(funding=funding, net_pnl=net))

    @unbroken
    async def latest(self, *, limit: int = 50) -> list[TradeRow]:
        """The newest closed round trips first."""
        statement = select(TRADES).order_by(TRADES.c.closed_at.desc()).limit(limit)
        async with reading(self._engine) as connection:
            return [_row_of(row) for row in await connection.execute(statement)]

    @unbroken
    async def all(self) -> list[TradeRow]:
        """Every closed round trip, oldest first."""
        async with reading(self._engine) as connection:
            return [_row_of(row) for row in await connection.execute(select(TRADES).order_by(TRADES.c.closed_at))]

    @unbroken
    async def funding(self) -> list[FundingRow]:
        """Every funding settlement, oldest first."""
        async with reading(self._engine) as connection:
            rows = await connection.execute(select(FUNDING).order_by(FUNDING.c.market_at))
            return [FundingRow(row.transaction_id, row.symbol, row.amount, row.asset, row.market_at) for row in rows]


async def _funding_between(connection: AsyncConnection, symbol: str, opened: datetime, closed: datetime) -> Decimal:
    """Sum of the settlements in a span of market time. Summed here: SQLite would add text as floats."""
    columns = FUNDING.c
    statement = select(columns.amount).where(
        columns.symbol == symbol, columns.market_at >= opened, columns.market_at <= closed
    )
    return sum((await connection.execute(statement)).scalars(), Decimal(0))


def _funding_columns(row: FundingRow) -> dict[str, Any]:
    return {
        "transaction_id": row.transaction_id,
        "symbol": row.symbol,
        "amount": row.amount,
        "asset": row.asset,
        "market_at": row.market_at,
    }


def _columns_of(trip: RoundTrip, because: ExitReason, funding: Decimal) -> dict[str, Any]:
    return {
        "position_id": trip.id,
        "symbol": trip.symbol,
        "side": trip.side.value,
        "quantity": trip.entered,
        "entry_price": trip.entry_price,
        "exit_price": trip.exit_price,
        "gross_pnl": trip.gross_pnl,
        "fees": trip.fees,
        "funding": funding,
        "net_pnl": trip.gross_pnl - trip.fees + funding,
        "fills": trip.fills,
        "opened_at": trip.opened_at,
        "opened_market_at": trip.opened_market_at,
        "closed_at": trip.last_at,
        "closed_market_at": trip.last_market_at,
        "closed_because": because.value,
    }


def _row_of(row: Row[Any]) -> TradeRow:
    return TradeRow(
        position_id=row.position_id,
        symbol=row.symbol,
        side=Side(row.side),
        quantity=row.quantity,
        entry_price=row.entry_price,
        exit_price=row.exit_price,
        gross_pnl=row.gross_pnl,
        fees=row.fees,
        funding=row.funding,
        net_pnl=row.net_pnl,
        fills=row.fills,
        opened_at=row.opened_at,
        opened_market_at=row.opened_market_at,
        closed_at=row.closed_at,
        closed_market_at=row.closed_market_at,
        closed_because=ExitReason(row.closed_because),
    )
