"""Each migration goes forward and back with rows in every table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Boolean, Connection, Float, Integer, insert, select
from sqlalchemy.types import JSON

from plugins.store import Store, StoreUnusable
from plugins.store.columns import Money, UtcTime
from plugins.store.schema import _scripts, downgrade, revision, upgrade
from plugins.store.tables import Base
from plugins.store.writing import reading

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
REVISIONS = [script.revision for script in reversed(list(_scripts().walk_revisions()))]


def value_of(column: Any, number: int) -> Any:
    match column.type:
        case Money():
            return Decimal(f"{number}.{number:04d}0")
        case UtcTime():
            return NOW + timedelta(seconds=number)
        case JSON():
            return {"n": number, "list": [1.5, None]}
        case Boolean():
            return number % 2 == 0
        case Integer():
            return number
        case Float():
            return number / 4
        case _:
            return f"{column.name}-{number}"


async def fill(store: Store) -> None:
    async with store.engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            rows = [{column.name: value_of(column, number) for column in table.columns} for number in range(1, 4)]
            await connection.execute(insert(table), rows)


async def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    found = {}
    async with reading(store.engine) as connection:
        for table in Base.metadata.sorted_tables:
            rows = await connection.execute(select(table).order_by(*table.primary_key))
            found[table.name] = [dict(row) for row in rows.mappings()]
    return found


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


@pytest.mark.parametrize("to", REVISIONS[:-1])
async def test_back_and_forth_loses_only_what_the_older_schema_had_no_place_for(
    store: Store, tmp_path: Path, to: str
) -> None:
    """After going back and forward again every row is there, and no column differs but those that were dropped."""
    await fill(store)
    before = await everything(store)
    backups = tmp_path / "backups"
    assert to in await downgrade(store.engine, to, backups=backups, now=NOW)
    assert await revision(store.engine) == to
    assert REVISIONS[-1] in await upgrade(store.engine, backups=backups, now=NOW)
    after = await everything(store)
    for name, rows in before.items():
        assert len(after[name]) == len(rows) == 3
        for old, new in zip(rows, after[name], strict=True):
            assert {**old, **{key: None for key, value in new.items() if value is None}} == new
    async with store.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_an_unknown_way_back_is_refused(store: Store, tmp_path: Path) -> None:
    """Neither the present schema nor one that nobody knows is a way back; the older ones are named."""
    for to in (REVISIONS[-1], "4711"):
        with pytest.raises(StoreUnusable, match="older ones are"):
            await downgrade(store.engine, to, backups=tmp_path, now=NOW)
    assert await revision(store.engine) == REVISIONS[-1]


async def test_a_file_is_copied_before_it_is_migrated(file_store: Store, tmp_path: Path) -> None:
    """Whatever a migration does, the file as it was is in `backups`."""
    await fill(file_store)
    await downgrade(file_store.engine, REVISIONS[0], backups=tmp_path / "backups", now=NOW)
    (copy,) = (tmp_path / "backups").iterdir()
    assert copy.name.startswith(f"quantum-{REVISIONS[-1]}-")
