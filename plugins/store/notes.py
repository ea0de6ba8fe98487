"""Remarks about the history itself, such as when and why it was rebuilt."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from plugins.store.tables import NoteTable
from plugins.store.unbroken import unbroken
from plugins.store.writing import reading, table_of, upsert

NOTES = table_of(NoteTable)


class Notes:
    """The table `notes`; written by `database` only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @unbroken
    async def set(self, name: str, text: str, *, at: datetime) -> None:
        """Write the remark `name`, replacing an older one."""
        async with self._engine.begin() as connection:
            await upsert(connection, NOTES, [{"name": name, "text": text, "at": at}])

    @unbroken
    async def get(self, name: str) -> str | None:
        """The text of the remark `name`."""
        async with reading(self._engine) as connection:
            return (await connection.execute(select(NOTES.c.text).where(NOTES.c.name == name))).scalar_one_or_none()
