"""Bringing the history's schema up to date, with a copy of the file kept first."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from anyio import to_thread
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from plugins.store.address import StoreUnusable, sqlite_file
from plugins.store.writing import reading

MIGRATIONS = Path(__file__).with_name("migrations")


async def upgrade(engine: AsyncEngine, *, backups: Path, now: datetime) -> str:
    """Migrate to the newest schema and say what was done in one sentence.

    A SQLite file that will change is copied to `backups` first. Raises StoreUnusable for a file of a
    newer version of this program.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head()
    async with reading(engine) as connection:
        current = await connection.run_sync(_revision)
    if current == newest:
        return f"the schema is current ({newest})"
    if current is not None:
        _refuse_newer(scripts, current)
        await to_thread.run_sync(_keep_copy, engine.url.render_as_string(hide_password=False), backups, current, now)

    def migrate(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    return f"the schema was brought from {current or 'nothing'} to {newest}"


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(scripts: ScriptDirectory, current: str) -> None:
    if current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreUnusable(
            f"the history has schema {current}, which this version does not know; "
            "run the version that wrote it, or put a copy from `backups` in its place"
        )


def _keep_copy(url: str, backups: Path, current: str, now: datetime) -> None:
    file = sqlite_file(url)
    if file is None:
        return
    backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = backups / f"{file.stem}-{current}-{now:%Y%m%dT%H%M%S}.db"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    copy.chmod(0o600)
