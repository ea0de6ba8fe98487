"""The plugin: reads the journal, tells what must be told, and answers for having told it."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

from plugins.notify.condition import Figures, health_of
from plugins.notify.kinds import KINDS
from plugins.notify.letter import Letter
from plugins.notify.memory import Forgotten, recall, remember
from plugins.notify.notices import Notice, NoticeKind, Rhythm, due
from plugins.notify.outbox import Outbox
from plugins.notify.receivers import receivers_of
from plugins.notify.settings import NotifySettings
from plugins.notify.troubles import Book, Watchfulness, noted
from qtcore import Context, FindingKind, Health, Plugin, QtError, Severity, action, every, hookimpl
from qtcore.upkeep import LineFile

Ctx = Context[NotifySettings]

FILE_NAME = "notices.jsonl"
_PAGE = 500
_MEGABYTE = 1024 * 1024


class Notify(Plugin[NotifySettings]):
    """Tells a person what a person must know: grouped by cause, once, and again when it is over."""

    area = "monitoring"
    cadence_s = 10.0

    def __init__(self) -> None:
        self._book = Book()
        self._outboxes: list[Outbox] = []
        self._notices: LineFile | None = None
        self._read_s: float | None = None
        self._blind: str | None = None
        self._forgot: str | None = None
        self._told = 0
        self._withheld = 0

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Go on where the last generation ended, and deliver until stopped."""
        self._notices = LineFile(ctx.home / FILE_NAME, max_bytes=_MEGABYTE, keep=3)
        settings = ctx.settings
        self._outboxes = [
            Outbox(receiver, retry_s=settings.retry_s, limit=settings.queue, timeout_s=settings.send_timeout_s)
            for receiver in receivers_of(settings)
        ]
        self._book = await self._recalled(ctx)
        try:
            async with asyncio.TaskGroup() as tasks:
                for outbox in self._outboxes:
                    tasks.create_task(outbox.run(ctx.wall), name=f"to {outbox.name}")
                ctx.ready()
                await self._watch(ctx)
        finally:
            self._notices.close()

    @every(5.0)
    async def mend(self, ctx: Ctx) -> None:
        """Begin the file of notices anew when somebody removed it."""
        if self._notices is not None and self._notices.mend():
            ctx.log.warning("the file of notices was removed; a new one was begun", path=str(ctx.home / FILE_NAME))

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By effect: the journal is read, and what was told has arrived."""
        return health_of(self._figures(ctx))

    @hookimpl
    async def heal(self, ctx: Ctx) -> str:
        """Try at once what waits, and write the memory anew."""
        for outbox in self._outboxes:
            outbox.hurry()
        self._remember(ctx)
        waiting = sum(outbox.waiting for outbox in self._outboxes)
        return f"tried to deliver {waiting} waiting notices at once" if waiting else "wrote the memory anew"

    @action(effect=True, command="notify test", help="send a test notice to every receiver")
    async def test(self, ctx: Ctx, text: str = "this is only a test") -> dict[str, Any]:
        """Send a notice that means nothing; `qt notices` and the health of notify show whether it arrives."""
        now = ctx.wall()
        self._tell(ctx, Notice(NoticeKind.TEST, "test", Severity.LOW, text, text, now, now, 0.0))
        return {"receivers": [outbox.name for outbox in self._outboxes] or "none", "file": str(ctx.home / FILE_NAME)}

    @staticmethod
    @action(offline=True, command="notices", help="the newest notices, last one last")
    def notices(home: Path, limit: int = 20) -> list[dict[str, Any]]:
        """What people were told, from the file."""
        try:
            lines = (home / FILE_NAME).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [_row(json.loads(line)) for line in lines[-max(1, limit) :]]

    # --------------------------------------------------------------------------------------------

    async def _recalled(self, ctx: Ctx) -> Book:
        try:
            known = recall(ctx.data_dir)
        except Forgotten as error:
            self._forgot = f"{error}; what was told before may be told again"
            known = None
        newest = await ctx.events(-1, limit=1)
        last = newest[-1].seq if newest else 0
        # A journal that was begun anew counts on from its old figures, so a larger one is another home's.
        return known if known is not None and known.seq <= last else Book(seq=await self._this_run(ctx, last))

    async def _this_run(self, ctx: Ctx, last: int) -> int:
        """Where the present run of the supervisor begins, as far as that is near."""
        events = await ctx.events(-_PAGE, limit=_PAGE)
        starts = [event.seq for event in events if event.kind == "supervisor_started"]
        return max(0, starts[-1] - 2 if starts else last - _PAGE)

    async def _watch(self, ctx: Ctx) -> None:
        while True:
            before = self._book
            await self._read(ctx)
            self._book, notices = due(self._book, self._rhythm(ctx), ctx.wall())
            for notice in notices:
                self._tell(ctx, notice)
            if self._book != before:
                self._remember(ctx)
            await asyncio.sleep(ctx.settings.look_s)

    async def _read(self, ctx: Ctx) -> None:
        rules = Watchfulness(ctx.settings.least_severity, ctx.settings.postures, ctx.name)
        try:
            while events := await ctx.events(self._book.seq, limit=_PAGE):
                for event in events:
                    self._book = noted(self._book, event, rules)
                ctx.progress("entries", len(events))
        except QtError as error:
            self._blind = str(error)
        else:
            self._blind, self._read_s = None, ctx.now()
            ctx.progress("looks")  # a journal in which nothing happens is work done too

    def _tell(self, ctx: Ctx, notice: Notice) -> None:
        """Into the file always; away only where autonomy allows acts."""
        letter = Letter(notice, socket.gethostname(), ctx.mode)
        if self._notices is not None:
            self._notices.write(json.dumps(letter.document(), ensure_ascii=False).encode() + b"\n")
        ctx.log.warning("notice", kind=notice.kind.value, title=notice.title, id=notice.id)
        self._told += 1
        if self._outboxes and not ctx.autonomy.acts:
            self._withheld += 1
            ctx.would_have("sent a notice", title=notice.title, to=[outbox.name for outbox in self._outboxes])
            return
        for outbox in self._outboxes:
            outbox.put(letter)

    def _remember(self, ctx: Ctx) -> None:
        try:
            remember(ctx.data_dir, self._book)
        except OSError as error:
            self._forgot = f"what was told cannot be remembered ({error.strerror})"
        else:
            self._forgot = None

    def _rhythm(self, ctx: Ctx) -> Rhythm:
        settings = ctx.settings
        return Rhythm(settings.debounce_s, settings.urgent_s, settings.settle_s, settings.remind_s)

    def _figures(self, ctx: Ctx) -> Figures:
        return Figures(
            read_age_s=None if self._read_s is None else ctx.now() - self._read_s,
            blind=self._blind,
            forgot=self._forgot,
            open_groups=sum(group.told is not None and group.over_at is None for group in self._book.groups.values()),
            told=self._told,
            withheld=self._withheld,
            brief=self._book.brief,
            lost_lines=self._notices.dropped if self._notices else 0,
            receivers={outbox.name: (outbox.waiting, outbox.tally) for outbox in self._outboxes},
        )


def _row(document: dict[str, Any]) -> dict[str, Any]:
    return {name: document.get(name) for name in ("at", "kind", "severity", "lasted_s", "title")}
