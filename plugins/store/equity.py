"""The account over time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from plugins.domain import Account
from plugins.store.tables import EquityTable
from plugins.store.unbroken import unbroken
from plugins.store.writing import insert_once, reading, table_of

EQUITY = table_of(EquityTable)


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
