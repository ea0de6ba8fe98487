"""Bringing the history's schema up to date, with a copy of the file kept first."""

from __future__ import annotations

from collections.abc import Callable
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
from plugins.store.files import copy_file
from plugins.store.writing import reading

MIGRATIONS = Path(__file__).with_name("migrations")


async def upgrade(engine: AsyncEngine, *, backups: Path, now: datetime) -> str:
    """Migrate to the newest schema and say what was done in one sentence.

    A SQLite file that will change is copied to `backups` first. Raises StoreUnusable for a file of a
    newer version of this program, BackupFailed.
    """
    scripts, current = _scripts(), await revision(engine)
    newest = scripts.get_current_head()
    if current == newest:
        return f"the schema is current ({newest})"
    if current is not None:
        _refuse_newer(scripts, current)
        await to_thread.run_sync(_keep_copy, engine, backups, current, now)
    await _migrate(engine, lambda config: command.upgrade(config, "head"))
    return f"the schema was brought from {current or 'nothing'} to {newest}"


async def downgrade(engine: AsyncEngine, to: str, *, backups: Path, now: datetime) -> str:
    """Migrate back to an older schema, for an older version of this program; says what was done in one sentence.

    What the older schema has no place for is lost, so a SQLite file is copied to `backups` first.
    Raises StoreUnusable when there is no way from the present schema to `to`, BackupFailed.
    """
    scripts, current = _scripts(), await revision(engine)
    known = [script.revision for script in scripts.walk_revisions()]
    if current is None or current not in known or to not in known or known.index(to) <= known.index(current):
        older = ", ".join(known[known.index(current) + 1 :]) if current in known else ""
        raise StoreUnusable(f"there is no way back from schema {current} to {to}; older ones are: {older or 'none'}")
    await to_thread.run_sync(_keep_copy, engine, backups, current, now)
    await _migrate(engine, lambda config: command.downgrade(config, to))
    return f"the schema was brought back from {current} to {to}"


async def revision(engine: AsyncEngine) -> str | None:
    """The schema that a history has, None for an empty one."""
    async with reading(engine) as connection:
        return await connection.run_sync(_revision)


async def _migrate(engine: AsyncEngine, act: Callable[[Config], None]) -> None:
    config = _config()

    def migrate(connection: Connection) -> None:
        config.attributes["connection"] = connection
        act(config)

    async with engine.begin() as connection:
        await connection.run_sync(migrate)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(scripts: ScriptDirectory, current: str) -> None:
    if current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreUnusable(
            f"the history has schema {current}, which this version does not know; run the version that wrote it, "
            "migrate back with it (`qt db migrate`), or put back an older copy (`qt db restore`)"
        )


def _keep_copy(engine: AsyncEngine, backups: Path, current: str, now: datetime) -> None:
    file = sqlite_file(engine.url.render_as_string(hide_password=False))
    if file is None:
        return  # a server's own tools keep copies, and its migrations are one transaction
    backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy_file(file, backups / f"{file.stem}-{current}-{now:%Y%m%dT%H%M%S}.db")
