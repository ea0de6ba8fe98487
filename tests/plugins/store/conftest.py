"""A migrated history in a temporary home."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.store import Store, database_url, open_store
from plugins.store.schema import upgrade

NOW = datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(database_url(tmp_path)) as opened:
        await upgrade(opened.engine, backups=tmp_path / "backups", now=NOW)
        yield opened
