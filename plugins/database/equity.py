"""The account over time, kept in memory while the database takes nothing."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from plugins.domain import Account
from plugins.store import Store

KEPT = 5_000
"""Rows kept while nothing can be stored: half a day at the usual pace; then the oldest are let go and counted."""


class EquityRecord:
    """Rows on their way into the history; every one stays until it is stored."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[tuple[Account, datetime]] = deque(maxlen=KEPT)
        self.lost = 0

    @property
    def waiting(self) -> int:
        """How many rows are not stored yet."""
        return len(self._waiting)

    def take(self, account: Account, market_at: datetime) -> None:
        """Keep one row."""
        if len(self._waiting) == KEPT:
            self.lost += 1
        self._waiting.append((account, market_at))

    async def put(self) -> None:
        """Store what waits, in one transaction. Raises STORE_ERRORS, and then everything still waits."""
        rows = list(self._waiting)
        if rows:
            await self._store.equity.add_many(rows)
            for row in rows:
                if self._waiting and self._waiting[0] is row:
                    self._waiting.popleft()
