"""A migrated history: in a file of a temporary home, or in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.store import Store, database_url, open_store
from plugins.store.schema import upgrade

NOW = datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[Store]:
    """The history at `url`."""
    async with open_store(database_url(tmp_path, url)) as opened:
        await upgrade(opened.engine, backups=tmp_path / "backups", now=NOW)
        yield opened


@pytest.fixture
async def file_store(tmp_path: Path) -> AsyncIterator[Store]:
    """The history in a SQLite file, for what only a file can do."""
    async with open_store(database_url(tmp_path)) as opened:
        await upgrade(opened.engine, backups=tmp_path / "backups", now=NOW)
        yield opened
