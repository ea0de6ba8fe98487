"""The hooks, the timer and the commands of the history."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from plugins.checks import archives
from plugins.domain import Universe, VenueAddress, market_ms
from plugins.history.condition import Reading, judged
from plugins.history.importing import import_part, parts_of
from plugins.history.keeping import Keeper, Kept, flaws_document
from plugins.history.kinds import DAMAGED, KINDS
from plugins.history.settings import HistorySettings
from plugins.history.source import Source
from plugins.learning.archive import FOLDER, INTERVAL_S, Archive, DamagedHistory
from plugins.learning.flaws import flaws_of
from plugins.venue import VenueClient
from qtcore import Check, Context, Finding, FindingKind, Health, NotReady, Plugin, action, every, hookimpl

Ctx = Context[HistorySettings]

LOOK_EVERY_S = 5.0
IMPORTED = "imported"


class HistoryKeeper(Plugin[HistorySettings]):
    """Keeps the candles that models learn from; asks the venue in small bites, behind everybody else."""

    reads: ClassVar[list[type[Any]]] = [Universe, VenueAddress]
    area = "data and infrastructure"
    cadence_s = 10.0

    def __init__(self) -> None:
        self._archive: Archive | None = None
        self._keeper: Keeper | None = None
        self._kept: dict[str, Kept] = {}
        self._wanted: tuple[str, ...] = ()
        self._refreshing = asyncio.Lock()
        self._work = asyncio.Event()
        self._fetched_s = 0.0

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Open the folder of this venue's market, then fetch whenever something is due."""
        async with ctx.subscribe(Universe, VenueAddress) as news, asyncio.TaskGroup() as tasks:
            address, universe = await _first_of_both(ctx, news)
            ctx.fact(**address.facts)
            client = VenueClient(
                address.origin, mode=address.mode, throttle=False, timeout_s=ctx.settings.request_timeout_s
            )
            try:
                self._open(ctx, client, address)
                self._wanted = universe.symbols
                self._fetched_s = ctx.now()
                ctx.ready()
                fetching = tasks.create_task(self._fetch_for_ever(ctx), name="fetching")
                await self._follow(news, address)
                fetching.cancel()
            finally:
                await client.close()
        raise NotReady("the venue has moved; its history is opened anew", retry_after_s=0.1)

    @every(LOOK_EVERY_S)
    async def look(self, ctx: Ctx) -> None:
        """Wake the fetching when bars are due; the venue is asked once per `refresh_bars` and symbol."""
        ctx.progress("looks")
        self._work.set()

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @staticmethod
    @hookimpl
    def checks() -> tuple[Check, ...]:
        """What the doctor looks at, whether anything runs or not."""
        return (Check("archive", archives.archive),)

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By effect: what is on disk of every symbol that may trade."""
        if self._archive is None:
            return Health.unknown("waiting for the venue and the universe")
        return judged(self._reading(ctx))

    @hookimpl
    async def heal(self, ctx: Ctx, finding: Finding) -> str:
        """Set files aside that cannot be used; and fetch them anew."""
        archive, interval = self._opened()
        if finding.code != DAMAGED.code:
            return "nothing to repair in place"
        moved = []
        async with self._refreshing:
            for symbol in [symbol for symbol, one in self._kept.items() if one.damaged]:
                moved.append(archive.set_aside(symbol, interval).name)
                del self._kept[symbol]
        await self._refresh(ctx, only_due=True)
        return f"set aside {', '.join(moved) or 'nothing'} and fetched anew"

    @action(help="bars kept per symbol, and the folder they are in")
    async def coverage(self, _ctx: Ctx) -> dict[str, Any]:
        """What a training can count on: folder, interval and, by symbol, bars, times (market ms), missing, trouble."""
        archive, interval = self._opened()
        symbols = {
            symbol: {
                "bars": one.bars,
                "first_ms": one.first_ms,
                "closed_ms": one.closed_ms,
                "missing": one.missing,
                "settlements": one.settlements,
                "trouble": one.trouble,
            }
            for symbol, one in sorted(self._kept.items())
        }
        place = {"folder": str(archive.folder), "interval": interval, "market": archive.folder.name}
        return {**place, "wanted": list(self._wanted), "symbols": symbols}

    @action(effect=True, timeout_s=120.0, command="data fetch", help="fetch the newest candles of all symbols, now")
    async def fetch(self, ctx: Ctx) -> dict[str, Any]:
        """Bring every file up to date, whether due or not; returns `coverage`."""
        await self._refresh(ctx, only_due=False)
        return await self.coverage(ctx)

    @staticmethod
    @action(
        effect=True,
        offline=True,
        command="data import",
        help="add recordings (Parquet) or the venue's CSV dumps to the history: a file or a folder",
    )
    def import_files(home: Path, path: Path, market: str = IMPORTED) -> dict[str, Any]:
        """Read files into `<home>/history/<market>`; set `history.market` to learn from them. Raises Unimportable."""
        archive = Archive(home / FOLDER / _slug(market))
        parts, passed_over = parts_of(path)
        results = [import_part(archive, part) for part in parts]
        return {
            "folder": str(archive.folder),
            "added": sum(result.added for result in results),
            "refused": sum(1 for result in results if result.refused),
            "passed_over": passed_over,
            "files": [_shown(result) for result in results],
        }

    @staticmethod
    @action(
        offline=True,
        command="data check",
        help="gaps, repeats, impossible bars and silent stretches of the history on disk",
    )
    def check_files(home: Path, market: str = "") -> dict[str, Any]:
        """Look at every file of every market, or of one; reads files only."""
        folders = [home / FOLDER / _slug(market)] if market else sorted((home / FOLDER).glob("*/"))
        return {"markets": {folder.name: _checked(Archive(folder)) for folder in folders if folder.is_dir()}}

    def _open(self, ctx: Ctx, client: VenueClient, address: VenueAddress) -> None:
        name = ctx.settings.market or market_name(address)
        self._archive = Archive(ctx.home / FOLDER / name)
        source = Source(client, ceiling=ctx.settings.weight_ceiling, pause_s=ctx.settings.pause_s)
        self._keeper = Keeper(self._archive, source, ctx.settings.interval, ctx.settings.bars)
        self._kept = {}

    async def _follow(self, news: Any, address: VenueAddress) -> None:
        """Until the venue moves."""
        async for message in news:
            match message:
                case Universe():
                    self._wanted = message.symbols
                    self._work.set()
                case VenueAddress() if (message.origin, market_name(message)) != (address.origin, market_name(address)):
                    return

    async def _fetch_for_ever(self, ctx: Ctx) -> None:
        while True:
            await self._refresh(ctx, only_due=True)
            self._work.clear()
            await self._work.wait()

    async def _refresh(self, ctx: Ctx, *, only_due: bool) -> None:
        if self._keeper is None:
            raise NotReady("the history is not open yet", retry_after_s=1.0)
        async with self._refreshing:
            for symbol in self._wanted:
                now = ctx.market_now()
                if only_due and not self._due(ctx, symbol, now):
                    continue
                if ctx.settings.market:
                    before = self._kept.get(symbol)
                    self._kept[symbol] = await self._keeper.stored(symbol) if before is None else before
                else:
                    self._kept[symbol] = await self._keeper.refresh(symbol, market_ms(now))
                ctx.progress("symbols")
            self._fetched_s = ctx.now()

    def _due(self, ctx: Ctx, symbol: str, now: datetime) -> bool:
        one = self._kept.get(symbol)
        if one is None:
            return True
        if one.damaged:
            return False
        after_ms = ctx.settings.refresh_bars * INTERVAL_S[ctx.settings.interval] * 1000
        return one.closed_ms is None or market_ms(now) - one.closed_ms >= after_ms

    def _reading(self, ctx: Ctx) -> Reading:
        archive, interval = self._opened()
        closed = [one.closed_ms for symbol, one in self._kept.items() if symbol in self._wanted and one.closed_ms]
        age_s = None
        if closed and not ctx.settings.market:
            market_age_s = (market_ms(ctx.market_now()) - min(closed)) / 1000
            # as real seconds, on the scale of the limit: ages below two real seconds are not told apart
            age_s = ctx.real_limit_s(max(market_age_s, 0.0))
        limit_s = ctx.real_limit_s(3.0 * ctx.settings.refresh_bars * INTERVAL_S[interval]) + 3 * LOOK_EVERY_S
        return Reading(self._kept, self._wanted, age_s, limit_s, archive.folder.name)

    def _opened(self) -> tuple[Archive, str]:
        if self._archive is None or self._keeper is None:
            raise NotReady("the history is not open yet: the venue or the universe is not known", retry_after_s=1.0)
        return self._archive, self._keeper.interval


def market_name(address: VenueAddress) -> str:
    """The folder of a market: history of one is no history of another. The speed it is played at does not matter."""
    what, _, _ = address.description.rpartition(", ")
    return _slug(f"{address.mode}-{what or address.description}")


async def _first_of_both(ctx: Ctx, news: Any) -> tuple[VenueAddress, Universe]:
    address, universe = None, None
    try:
        async with asyncio.timeout(ctx.settings.address_timeout_s):
            async for message in news:
                address = message if isinstance(message, VenueAddress) else address
                universe = message if isinstance(message, Universe) else universe
                if address and universe:
                    return address, universe
    except TimeoutError as error:
        lacking = "the venue's address" if address is None else "the universe"
        raise NotReady(f"{lacking} has not come; without it nobody knows what to fetch") from error
    raise AssertionError("a subscription ends only by cancellation")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "unnamed"


def _checked(archive: Archive) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for interval in archive.intervals():
        for symbol in archive.symbols(interval):
            name = f"{symbol}-{interval}"
            try:
                found[name] = flaws_document(flaws_of(archive.read(symbol, interval), INTERVAL_S[interval]))
            except DamagedHistory as error:
                found[name] = {"usable": False, "says": str(error)}
    return found


def _shown(result: Any) -> dict[str, Any]:
    shown = {
        name: getattr(result, name) for name in ("file", "symbol", "kind", "read", "added", "differing", "refused")
    }
    return {name: value for name, value in shown.items() if value not in {"", 0} or name in {"read", "added"}}
