"""What a person does to the history from the command line, whether anything runs or not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from plugins.store import STORE_ERRORS, StoreUnusable, database_url, sentence_of
from plugins.store.address import shown, sqlite_file
from plugins.store.backups import FOLDER, Backup, backups_in, make_backup, newest_sound
from plugins.store.engine import make_engine
from plugins.store.files import BackupFailed, row_counts, schema_of
from plugins.store.integrity import damage_of
from plugins.store.restoring import restore
from plugins.store.schema import downgrade, revision, upgrade
from qtcore.errors import EnvironmentRefused
from qtcore.records.home import Home

URL_VARIABLES = ("QT_DATABASE__URL", "QUANTUM_TRADER_DATABASE_URL")
"""A URL is a secret, so it stands in the environment and in no file."""

KEPT_BY_HAND = 30


def configured_url(home: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Where the history is, as `qt up` would find it. Raises StoreUnusable."""
    return database_url(home, next((environment[name] for name in URL_VARIABLES if environment.get(name)), ""))


async def backup(home: Path, keep: int = KEPT_BY_HAND) -> dict[str, Any]:
    """Copy the history, in use or not."""
    async with _history(home) as (engine, url):
        _refuse_absent(url)
        made = await make_backup(engine, home / FOLDER, now=datetime.now(UTC), keep=keep)
    return {**_row(made), "rows": row_counts(made.path)}


def listed(home: Path) -> list[dict[str, Any]]:
    """Every backup, newest first, and whether it is whole."""
    return [{**_row(copy), "sound": damage_of(copy.path) is None} for copy in backups_in(home / FOLDER)]


async def put_back(home: Path, name: str = "") -> dict[str, Any]:
    """Replace the history by a backup: the named one, or the newest that is whole."""
    _refuse_running(home)
    copies = backups_in(home / FOLDER)
    chosen = next((copy for copy in copies if copy.path.name == name), None) if name else newest_sound(home / FOLDER)
    if chosen is None:
        known = ", ".join(copy.path.name for copy in copies) or "none"
        raise EnvironmentRefused(f"there is no such backup in {home / FOLDER}; there are: {known}")
    try:
        aside = await restore(configured_url(home), chosen, now=datetime.now(UTC))
    except (BackupFailed, StoreUnusable, *STORE_ERRORS) as error:
        raise EnvironmentRefused(f"nothing was put back: {sentence_of(error)}") from error
    kept = str(aside) if aside else None
    return {"restored": chosen.path.name, "before_kept_at": kept, "rows": row_counts(chosen.path)}


async def check(home: Path) -> dict[str, Any]:
    """Is the history whole, of which schema, how large, and when was it last copied."""
    copies = backups_in(home / FOLDER)
    last = {"backups": len(copies), "newest_backup": copies[0].made_at.isoformat() if copies else None}
    url = configured_url(home)
    file = sqlite_file(url)
    if file is None:
        async with _history(home) as (engine, _):
            return {"where": shown(url), "sound": True, "schema": await revision(engine), **last}
    if not file.exists():
        return {"where": str(file), "sound": False, "damage": "there is no such file", **last}
    damage = damage_of(file, thorough=True)
    found = {"where": str(file), "sound": damage is None, "damage": damage, "bytes": file.stat().st_size}
    try:
        return {**found, "schema": schema_of(file), "rows": row_counts(file), **last}
    except sqlite3.Error as error:
        return {**found, "sound": False, "damage": damage or str(error), **last}


async def migrate(home: Path, to: str = "head") -> dict[str, str]:
    """Bring the schema up to the newest, or back to an older one."""
    _refuse_running(home)
    async with _history(home) as (engine, url):
        _refuse_absent(url)
        folder, now = home / FOLDER, datetime.now(UTC)
        if to == "head":
            return {"done": await upgrade(engine, backups=folder, now=now)}
        return {"done": await downgrade(engine, to, backups=folder, now=now)}


@asynccontextmanager
async def _history(home: Path) -> AsyncIterator[tuple[AsyncEngine, str]]:
    try:
        url = configured_url(home)
        engine = make_engine(url)
        try:
            yield engine, url
        finally:
            await engine.dispose()
    except (BackupFailed, StoreUnusable, *STORE_ERRORS) as error:
        raise EnvironmentRefused(f"the history cannot be used: {sentence_of(error)}") from error


def _refuse_running(home: Path) -> None:
    if Home(home).running:
        raise EnvironmentRefused(f"{home} is in use: stop it first with `qt down`, so that nobody writes meanwhile")


def _refuse_absent(url: str) -> None:
    file = sqlite_file(url)
    if file is not None and (not file.exists() or file.stat().st_size == 0):
        raise EnvironmentRefused(f"there is no history at {file}; it is made by the first `qt up`")


def _row(made: Backup) -> dict[str, Any]:
    return {
        "name": made.path.name, "made_at": made.made_at.isoformat(), "schema": made.schema, "bytes": made.bytes,
    }  # fmt: skip
