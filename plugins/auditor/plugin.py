"""The plugin: looks everywhere, lets the rules judge, and acts only by tightening and by asking owners to repair."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from typing import Any, ClassVar

from plugins.announcing import Announced
from plugins.auditor.acting import claim_of, repairs_of
from plugins.auditor.condition import BLIND, finding_of, health_of
from plugins.auditor.heard import Heard
from plugins.auditor.looking import Eyes
from plugins.auditor.rules import RULES
from plugins.auditor.section import rows_of, section_of
from plugins.auditor.settings import AuditorSettings
from plugins.auditor.verdicts import Court
from plugins.auditor.view import Moment, Scene
from plugins.domain import Account, Outcome, Position, Posture, Signal, VenueAddress, market_speed
from plugins.store import database_url, facts_of, open_store, read_kill_switch
from qtcore import CallFailed, CallUnanswered, Context, FindingKind, Health, Plugin, Section, action, hookimpl

Ctx = Context[AuditorSettings]

REPAIR_TIMEOUT_S = 60.0
ALWAYS_THERE = frozenset({"journal", "ledger", "history", "venue"})
"""Places whose silence is a finding; that of the others may be somebody's choice."""

DOUBTFUL_SHARE = 0.4
"""While something is suspicious and not certain yet, looks come sooner."""


class Auditor(Plugin[AuditorSettings]):
    """Compares venue, ledger, history, messages and posture; no order ever comes from here."""

    optional_reads: ClassVar[list[type[Any]]] = [VenueAddress, Account, Position, Signal, Outcome]
    calls: ClassVar[list[str]] = [
        "exchange.seen",
        "exchange.prices",
        "exchange.reconcile",
        "feed.marks",
        "models.latest",
        "position_monitor.watched",
        "database.rebuild",
    ]
    area = "monitoring"
    cadence_s = 1.0
    preload: ClassVar[list[str]] = ["aiosqlite", "sqlalchemy.ext.asyncio"]

    def __init__(self) -> None:
        self._court = Court()
        self._heard = Heard()
        self._eyes: Eyes | None = None
        self._seen_all_s: float | None = None
        self._asked: dict[str, float] = {}
        self._announced = Announced(kind for rule in RULES for kind in rule.kinds)

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Hear and look until stopped; judge as often as the settings say."""
        url = database_url(ctx.home, ctx.settings.database_url)
        ctx.fact(**facts_of(url))
        async with (
            open_store(url) as store,
            ctx.subscribe(VenueAddress, Account, Position, Signal, Outcome) as news,
        ):
            with closing(Eyes(ctx, store)) as eyes:
                async with asyncio.TaskGroup() as tasks:
                    self._eyes = eyes
                    for place in eyes.places:
                        tasks.create_task(place.watch(ctx), name=place.name)
                    tasks.create_task(self._judge(ctx, eyes, tasks), name="judge")
                    ctx.ready()
                    async for message in news:
                        self._heard.hear(message, ctx.now())

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By what holds and what does not, and by whether it can see at all."""
        since_s = self._seen_all_s
        blind = {name: why for name, why in self._blind(ctx).items() if name in ALWAYS_THERE}
        return health_of(self._court, blind, 0.0 if since_s is None else ctx.now() - since_s)

    @staticmethod
    @hookimpl
    def findings() -> Sequence[FindingKind]:
        """The kinds of all rules, once each."""
        return [*{kind.code: kind for rule in RULES for kind in rule.kinds}.values(), BLIND]

    @hookimpl
    async def report(self) -> Sequence[Section]:
        """Every invariant with its verdict and what it was reached on."""
        return [section_of(self._court)]

    @action(command="invariants", help="what must hold over the whole, whether it does, and on how much that was seen")
    async def invariants(self, _: Ctx) -> list[dict[str, object]]:
        """One row for each rule."""
        return rows_of(self._court)

    # ----------------------------------------------------------------------------------------------

    async def _judge(self, ctx: Ctx, eyes: Eyes, tasks: asyncio.TaskGroup) -> None:
        self._seen_all_s = ctx.now()
        while True:
            await eyes.wait(ctx.settings.look_s * (DOUBTFUL_SHARE if self._court.in_doubt else 1.0))
            scene = self._scene(ctx, eyes)
            if not ALWAYS_THERE & scene.unseen.keys():
                self._seen_all_s = ctx.now()
            self._court.sit(scene, Moment(ctx.now(), ctx.wall(), market_speed(ctx.real_limit_s)))
            eyes.in_doubt = self._court.in_doubt
            ctx.progress("looks")
            self._tighten(ctx)
            self._announced.tell(ctx, map(finding_of, self._court.open))
            for repair in repairs_of(self._court.open, self._asked, ctx.now(), ctx.settings.repair_again_s):
                self._asked[repair] = ctx.now()
                tasks.create_task(self._ask_owner(ctx, repair), name=repair)

    def _scene(self, ctx: Ctx, eyes: Eyes) -> Scene:
        now_s, heard = ctx.now(), self._heard
        prices, venue = eyes.prices.fresh(now_s), eyes.venue.fresh(now_s)
        chronicle, candles = eyes.chronicle.value, eyes.judged.fresh(now_s)
        return Scene(
            mode=ctx.mode,
            posture=ctx.posture,
            limits=ctx.settings.limits,
            venue=venue,
            venue_prices=prices.venue if prices else None,
            priced_s=eyes.prices.read_s,
            ledger=eyes.ledger.fresh(now_s),
            history=eyes.history.fresh(now_s),
            address=heard.address,
            positions=dict(heard.positions) if heard.told else None,
            marks=prices.feed if prices else {},
            feed_closes=candles.closed if candles else {},
            judged=candles.judged if candles else None,
            judged_s=eyes.judged.read_s,
            led=eyes.led.fresh(now_s),
            kill=read_kill_switch(ctx.home),
            postures=chronicle.postures if chronicle else (),
            lives=chronicle.lives if chronicle else {},
            said=tuple(heard.said),
            outcomes=tuple(heard.outcomes),
            unseen=self._blind(ctx),
        )

    def _blind(self, ctx: Ctx) -> dict[str, str]:
        if self._eyes is None:
            return {}
        return {place.name: why for place in self._eyes.places if (why := place.unseen(ctx.now()))}

    def _tighten(self, ctx: Ctx) -> None:
        """Claim what the open cases ask for; a claim lapses by itself when it is not renewed."""
        chronicle = self._eyes.chronicle.value if self._eyes else None
        level, reason = claim_of(self._court.open, chronicle.disputed if chronicle else ())
        if level is Posture.NORMAL:
            return
        if ctx.autonomy.acts:
            ctx.claim_posture(level.value, reason)
        else:
            ctx.would_have(f"tightened the posture to {level.value}", reason=reason)

    async def _ask_owner(self, ctx: Ctx, repair: str) -> None:
        if not ctx.autonomy.acts:
            ctx.would_have(f"asked for {repair}")
            return
        try:
            with ctx.span("repair", action=repair):
                answer = await ctx.call(repair, timeout_s=REPAIR_TIMEOUT_S)
        except (CallFailed, CallUnanswered) as error:
            ctx.log.warning("a repair was asked for and not done; it is asked for again", action=repair, why=str(error))
        else:
            ctx.progress("repairs")
            ctx.log.warning("asked an owner to repair from what it knows", action=repair, answer=str(answer)[:200])
