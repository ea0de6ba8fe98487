"""The account over time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Float, cast, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from plugins.domain import Account
from plugins.store.tables import EquityTable
from plugins.store.unbroken import unbroken
from plugins.store.writing import insert_once, reading, table_of

EQUITY = table_of(EquityTable)


@dataclass(frozen=True, slots=True)
class EquityBounds:
    """Where the account began a span of time and how high it has been, in USDT; None where nothing is stored."""

    first: Decimal | None
    highest: Decimal | None
    rows: int


class EquityHistory:
    """The table `equity`; written by `database` only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @unbroken
    async def add_many(self, rows: Iterable[tuple[Account, datetime]]) -> None:
        """Store accounts as they were at `account.at`, each with its market time, in one transaction."""
        columns = [_columns_of(account, market_at) for account, market_at in rows]
        async with self._engine.begin() as connection:
            await insert_once(connection, EQUITY, columns)

    @unbroken
    async def bounds(self, since: datetime) -> EquityBounds:
        """The first equity at or after a market time, the highest ever, and how many rows there are."""
        columns = EQUITY.c
        first = select(columns.equity).where(columns.market_at >= since).order_by(columns.market_at).limit(1)
        highest = select(columns.equity).order_by(cast(columns.equity, Float).desc()).limit(1)
        rows = select(func.count()).select_from(EQUITY)
        async with reading(self._engine) as connection:
            return EquityBounds(
                first=(await connection.execute(first)).scalar_one_or_none(),
                highest=(await connection.execute(highest)).scalar_one_or_none(),
                rows=int((await connection.execute(rows)).scalar_one()),
            )

    @unbroken
    async def newest(self, *, limit: int) -> list[tuple[datetime, Decimal]]:
        """Market time and equity of the newest rows, oldest of them first."""
        columns = EQUITY.c
        statement = select(columns.market_at, columns.equity).order_by(columns.at.desc()).limit(limit)
        async with reading(self._engine) as connection:
            return [(row.market_at, row.equity) for row in await connection.execute(statement)][::-1]

    @unbroken
    async def count(self) -> int:
        """How many rows there are."""
        async with reading(self._engine) as connection:
            return int((await connection.execute(select(func.count()).select_from(EQUITY))).scalar_one())


def _columns_of(account: Account, market_at: datetime) -> dict[str, Any]:
    return {
        "at": account.at,
        "market_at": market_at,
        "wallet_balance": account.wallet_balance,
        "equity": account.equity,
        "available": account.available,
        "unrealised_pnl": account.unrealised_pnl,
        "positions": account.positions,
    }
