"""Candles by the number, and a migrated home."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.domain import Candle, candle_of
from plugins.store import database_url, open_store
from plugins.store.schema import upgrade

START_MS = 1_735_689_600_000


@pytest.fixture
def candle() -> Callable[..., Candle]:
    """`candle(number, close)`: a one-minute candle, `number` minutes after midnight."""

    def make(number: int, close: float, symbol: str = "BTCUSDT", volume: str = "1") -> Candle:
        price = f"{close:.4f}"
        return candle_of(symbol, 60, START_MS + number * 60_000, [price, price, price, price, volume])

    return make


@pytest.fixture
async def migrated(tmp_path: Path) -> Path:
    """A home folder whose database is there."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    async with open_store(database_url(home)) as store:
        await upgrade(store.engine, backups=home / "backups", now=datetime(2025, 1, 1, tzinfo=UTC))
    return home
