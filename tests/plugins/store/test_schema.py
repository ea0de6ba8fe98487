"""Opening, migrating and checking the history's file."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from plugins.store import Store, StoreUnusable
from plugins.store.columns import Money
from plugins.store.integrity import damage_of, move_aside
from plugins.store.schema import upgrade
from plugins.store.tables import Base

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


async def test_the_migrations_make_what_the_tables_say(store: Store) -> None:
    """After upgrading, Alembic finds no difference between file and declarations."""

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    async with store.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_upgrading_again_does_nothing(store: Store, tmp_path: Path) -> None:
    """A current schema is left alone and no copy is made."""
    assert "current" in await upgrade(store.engine, backups=tmp_path / "backups", now=NOW)
    assert not (tmp_path / "backups").exists()


async def test_a_newer_schema_is_refused(store: Store, tmp_path: Path) -> None:
    """A file that a newer version wrote is neither used nor changed."""
    async with store.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnusable, match="9999"):
        await upgrade(store.engine, backups=tmp_path / "backups", now=NOW)


async def test_the_file_is_private_and_in_wal(file_store: Store, tmp_path: Path) -> None:
    """Only the owner may read the history, and readers do not block writers."""
    assert stat.S_IMODE((tmp_path / "quantum.db").stat().st_mode) == 0o600
    async with file_store.engine.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"


def test_a_damaged_file_is_noticed_and_kept(tmp_path: Path) -> None:
    """Damage is named; the file is moved aside, not deleted."""
    file = tmp_path / "quantum.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 200)
        connection.commit()
    assert damage_of(file) is None
    content = bytearray(file.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    file.write_bytes(content)
    assert damage_of(file)
    assert move_aside(file, now=NOW).read_bytes() == bytes(content)
    assert not file.exists()


def test_no_file_is_no_damage(tmp_path: Path) -> None:
    """A history that does not exist yet is sound."""
    assert damage_of(tmp_path / "quantum.db") is None


@settings(max_examples=200)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**15), max_value=10**15))
def test_money_survives_exactly(amount: Decimal) -> None:
    """Whatever Decimal goes into SQLite comes out, digit for digit."""
    dialect = sqlite.dialect()
    kept = Money().process_bind_param(amount, dialect)
    assert isinstance(kept, str)
    assert "E" not in kept
    back = Money().process_result_value(kept, dialect)
    assert back == amount
    assert back is not None
    assert back.as_tuple() == amount.as_tuple()
