"""The plugin: hears the venue's word, claims a posture each second, answers for entries, holds the kill switch."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from plugins.announcing import Announced
from plugins.checks import safety
from plugins.domain import Account, Fill, Position, Side
from plugins.risk_guard import asking
from plugins.risk_guard.condition import health_of, pulled
from plugins.risk_guard.fence import Fence, Step
from plugins.risk_guard.kinds import KILL_SWITCH, KINDS
from plugins.risk_guard.known import Known
from plugins.risk_guard.latch import Pull
from plugins.risk_guard.limits import (
    View,
    Wish,
    breaches,
    gross_notional,
    net_notional,
    refusal,
    strictest,
    updated,
)
from plugins.risk_guard.memory import Forgotten, Memory, recall, remember
from plugins.risk_guard.rehearsal import rehearsed, silent_rules
from plugins.risk_guard.report import limits_section
from plugins.risk_guard.settings import RiskGuardSettings
from plugins.risk_guard.switch import Switch, keep_proof, proof_of
from plugins.store.kill_switch import FILE_NAME, KillSwitch, read_kill_switch, write_kill_switch
from qtcore import (
    CallFailed,
    CallUnanswered,
    Check,
    Context,
    Finding,
    FindingKind,
    Health,
    NeedsOperator,
    NotReady,
    Plugin,
    QtError,
    Section,
    action,
    every,
    hookimpl,
)

Ctx = Context[RiskGuardSettings]

COMING_S = 30.0
"""So long the first word of the account may take: the exchange starts beside the guard, and reconciles first."""
FOLLOW_S = 10.0
"""How often the exchange's ledger is looked through although no fill was heard of."""


class Unproven(QtError):
    """The history does not say what the day began with."""


class RiskGuard(Plugin[RiskGuardSettings]):
    """Limits on the venue's word. It never sends an order: it tightens the posture, which the door obeys."""

    reads: ClassVar[list[type[Any]]] = [Account, Position, Fill]
    calls: ClassVar[list[str]] = [
        "exchange.fills",
        "exchange.orders",
        "exchange.cancel",
        "exchange.reconcile",
        "database.equity_bounds",
    ]
    area = "core trading"
    cadence_s = 5.0
    vital = True
    exclusive = True

    def __init__(self) -> None:
        self._known = Known()
        self._switch: Switch | None = None
        self._fresh_home = False
        self._started_s = float("inf")
        self._written: Memory | None = None
        self._unwritten: str | None = None
        self._followed_s = float("-inf")
        self._behind = True
        self._announced = Announced([KILL_SWITCH])

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Prove the rules on a made-up breach, then watch."""
        if silent := silent_rules(ctx.settings.limits):
            raise NeedsOperator(
                f"risk_guard will not stand watch: a made-up breach does not trip {', '.join(silent)}; "
                "correct its limits in plugins.yaml"
            )
        self._started_s = ctx.now()
        ctx.fact(rehearsed_limits=rehearsed())
        ctx.log.info("a made-up breach of each limit was noticed", synthetic=True, limits=rehearsed())
        self._recall(ctx)
        self._look(ctx)
        async with ctx.subscribe(Account, Position, Fill) as news:
            ctx.ready()
            async for message in news:
                self._hear(ctx, message)
                ctx.progress("readings")

    @every(1.0, timeout_s=2.0)
    async def claim(self, ctx: Ctx) -> None:
        """Renew the claim; without it the posture turns to reduce_only by itself."""
        self._look(ctx)
        self._remember(ctx)

    @every(0.25, timeout_s=30.0)
    async def fence(self, ctx: Ctx) -> None:
        """After a kill: sweep, wait until nothing signed before it can arrive, sweep again, look, keep the proof."""
        fence = self._held(ctx).fence
        if fence is None:
            return
        step = fence.step(ctx.now(), ctx.settings.recv_window_s)
        try:
            if step is Step.SWEEP:
                self._held(ctx).keep(fence, fence.swept(ctx.now(), await asking.sweep(ctx)))
            elif step is Step.SWEEP_AGAIN:
                await self._prove(ctx, fence)
        except (CallFailed, CallUnanswered) as error:
            ctx.log.warning("the kill is not proven yet", step=step.value, why=str(error))

    @every(1.0, timeout_s=20.0)
    async def follow(self, ctx: Ctx) -> None:
        """Bring the round trips up to the exchange's ledger, and the baselines where they are not known."""
        if self._behind or ctx.now() - self._followed_s >= FOLLOW_S:
            await self._follow(ctx)
        if self._known.unproven is not None and self._known.account is not None:
            await self._prove_baselines(ctx)

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @staticmethod
    @hookimpl
    def checks() -> tuple[Check, ...]:
        """What the doctor looks at, whether anything runs or not."""
        return (Check("kill_switch", safety.kill_switch),)

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """Whether the account is known, which limits are broken, and whether a kill is proven."""
        view = self._view(ctx)
        equity = f"{view.account.equity:.2f}" if view.account else "unknown"
        broken = breaches(ctx.settings.limits, view)
        return health_of(
            broken,
            self._held(ctx).fence,
            unwritten=self._unwritten,
            fresh_home=self._fresh_home,
            coming=view.account is None and ctx.now() - self._started_s < COMING_S,
            equity=equity,
            facts=self._figures(ctx, view),
        )

    @hookimpl
    async def report(self, ctx: Ctx) -> tuple[Section, ...]:
        """How much of each limit is used."""
        return (limits_section(ctx.settings.limits, self._view(ctx)),)

    @hookimpl
    async def heal(self, ctx: Ctx, finding: Finding) -> str:
        """Prove the baselines from the stored history of the account. Raises Unproven."""
        if self._known.unproven is not None:
            await self._prove_baselines(ctx)
        if self._known.unproven is not None:
            raise Unproven(f"{self._known.unproven}; a person may begin anew with `qt call risk_guard.accept`")
        return f"the account's history proves what losses are measured against, for {finding.code}"

    @action(help="whether an entry of this notional (USDT) may go out")
    async def approve(self, ctx: Ctx, symbol: str, notional: Decimal, side: Side = Side.LONG) -> dict[str, Any]:
        """Judge one entry against the limits as they stand now, with what was approved a moment ago."""
        wish = Wish(symbol, side, notional)
        reason = refusal(ctx.settings.limits, self._view(ctx), wish)
        if reason is None:
            self._known.approve(wish, ctx.now())
        return {"approved": reason is None, "reason": reason or "within all limits"}

    @action(help="the limits and how far each is used")
    async def limits(self, ctx: Ctx) -> dict[str, Any]:
        """Figures for people."""
        view = self._view(ctx)
        level, reason = strictest(breaches(ctx.settings.limits, view))
        return {"claims": level.value, "reason": reason, **self._figures(ctx, view)}

    @action(effect=True, help="measure losses from the present equity on, because nothing proves where the day began")
    async def accept(self, ctx: Ctx, why: str) -> dict[str, Any]:
        """A person's word in place of a memory that is lost. Raises Unproven while the account is unknown."""
        account = self._known.account
        if self._known.unproven is None:
            return {"accepted": False, "reason": "the baselines are known, there is nothing to accept"}
        if account is None:
            raise Unproven("the account is not known yet; try again once the exchange has told it")
        ctx.log.warning("a person accepted the present equity as the beginning", who=_person(), why=why)
        self._known.unproven, self._known.baselines = None, updated(None, account, _day(ctx))
        self._look(ctx)
        return {"accepted": True, "equity": str(account.equity), "who": _person(), "why": why}

    @staticmethod
    @action(effect=True, offline=True, command="kill on", help="stop all entries at once, until `qt kill off`")
    def kill_on(home: Path, why: str = "by hand") -> dict[str, Any]:
        """Write the kill switch; the door reads it before each entry, so no process is needed."""
        return _told(home, write_kill_switch(home, on=True, who=_person(), when=datetime.now(UTC), why=why))

    @staticmethod
    @action(effect=True, offline=True, command="kill off", help="allow entries again")
    def kill_off(home: Path, why: str = "by hand") -> dict[str, Any]:
        """Clear the kill switch; after a loss, losses are measured from the present equity on."""
        return _told(home, write_kill_switch(home, on=False, who=_person(), when=datetime.now(UTC), why=why))

    @staticmethod
    @action(offline=True, command="kill status", help="whether entries are stopped, by whom, and the proof of it")
    def kill_status(home: Path) -> dict[str, Any]:
        """Read the kill switch and the proof that nothing is left."""
        switch = read_kill_switch(home)
        return {**_told(home, switch), "proof": proof_of(home, switch)}

    # --- looking ----------------------------------------------------------------------------------

    def _hear(self, ctx: Ctx, message: object) -> None:
        if isinstance(message, Fill):
            self._behind = True
            return
        self._known.hear(message, ctx.now())
        if isinstance(message, Account):
            if self._known.unproven is None:
                self._known.baselines = updated(self._known.baselines, message, _day(ctx))
            self._look(ctx)

    def _look(self, ctx: Ctx) -> None:
        """Judge, pull or let go the switch where that is due, and claim the posture."""
        broken = breaches(ctx.settings.limits, self._view(ctx))
        switch = self._held(ctx)
        match pull := switch.settle(broken, ctx.wall()):
            case Pull.LATCH | Pull.RESTORE:
                ctx.log.error("the kill switch was pulled", why=switch.file.why, act=pull.value, written=switch.file.on)
                self._remember(ctx)
            case Pull.RELEASE:
                ctx.log.warning("a person released the kill switch", who=switch.file.who, why=switch.file.why)
                self._known.baselines = switch.released(self._known.baselines, self._known.account)
            case Pull.NOTHING:
                pass
        broken = broken if pull is Pull.NOTHING else breaches(ctx.settings.limits, self._view(ctx))
        self._announced.tell(ctx, pulled(broken))
        level, reason = strictest(broken)
        ctx.claim_posture(level.value, reason)

    def _view(self, ctx: Ctx) -> View:
        reason = self._held(ctx).reason()
        return self._known.view(now_s=ctx.now(), wall=ctx.wall(), market_now=_market_now(ctx), kill_reason=reason)

    def _held(self, ctx: Ctx) -> Switch:
        if self._switch is None:
            self._switch = Switch(ctx.home)
        return self._switch

    # --- proving ----------------------------------------------------------------------------------

    async def _prove(self, ctx: Ctx, fence: Fence) -> None:
        cancelled = await asking.sweep(ctx)
        await asking.reconciled(ctx)
        looked = fence.looked(ctx.wall(), cancelled, await asking.orders(ctx))
        self._held(ctx).keep(fence, looked)
        try:
            keep_proof(ctx.home, looked)
        except OSError as error:
            ctx.log.warning("the proof of the kill cannot be kept", why=str(error))
        ctx.progress("sweeps")
        ctx.log.warning("after the kill nothing rests" if looked.proven_at else "entries still rest", **looked.told())

    async def _follow(self, ctx: Ctx) -> None:
        self._behind = False
        try:
            page = await asking.fills_after(ctx, self._known.trips)
        except (CallFailed, CallUnanswered) as error:
            self._behind = True
            ctx.log.info("the exchange's fills are looked through later", why=str(error))
            return
        self._known.trips, self._followed_s, self._behind = page.trips, ctx.now(), page.more
        self._known.filled(page.fills)
        if self._fresh_home and not page.count and self._known.account is not None:
            self._known.unproven, self._known.baselines = None, updated(None, self._known.account, _day(ctx))
        self._fresh_home = self._fresh_home and not page.count

    async def _prove_baselines(self, ctx: Ctx) -> None:
        account, market_now = self._known.account, _market_now(ctx)
        if account is None or market_now is None:
            return
        found = await asking.baselines_of_history(ctx, market_now)
        if found is not None:
            self._known.unproven, self._known.baselines = None, updated(found, account, found.day)
            ctx.log.warning("baselines were proven from the history", day=found.day, peak=str(found.peak_equity))
            self._look(ctx)

    # --- remembering ------------------------------------------------------------------------------

    def _recall(self, ctx: Ctx) -> None:
        match found := recall(ctx.data_dir):
            case Memory():
                self._known.baselines, self._known.trips = found.baselines, found.trips
                self._held(ctx).latch, self._written = found.latch, found
            case Forgotten():
                self._known.unproven, self._fresh_home = found.why, found.missing

    def _remember(self, ctx: Ctx) -> None:
        if self._known.baselines is None or self._known.unproven is not None:
            return
        memory = Memory(self._known.baselines, self._known.trips, self._held(ctx).latch)
        if memory == self._written:
            return
        try:
            remember(ctx.data_dir, memory)
        except OSError as error:
            self._unwritten = error.strerror or str(error)
            return
        self._written, self._unwritten = memory, None

    def _figures(self, ctx: Ctx, view: View) -> dict[str, Any]:
        account, baselines, switch = view.account, view.baselines, self._held(ctx)
        return {
            "equity": str(account.equity) if account else None,
            "account_age_s": round(view.age_s, 3),
            "gross_notional": str(gross_notional(view.positions)),
            "net_notional": str(net_notional(view.positions)),
            "positions": len(view.positions),
            "day_equity": str(baselines.day_equity) if baselines else None,
            "peak_equity": str(baselines.peak_equity) if baselines else None,
            "losses_in_a_row": view.trips.losses_in_a_row(),
            "orders_last_minute": view.orders,
            "entries_last_minute": view.entries,
            "kill_switch": switch.file.on,
            "kill_proven_at": switch.fence.told()["proven_at"] if switch.fence else None,
        }


def _market_now(ctx: Ctx) -> datetime | None:
    try:
        return ctx.market_now()
    except NotReady:
        return None


def _day(ctx: Ctx) -> str:
    return ctx.market_now().date().isoformat()


def _told(home: Path, switch: KillSwitch) -> dict[str, Any]:
    """With the file's place: a switch set in the wrong home stops nobody."""
    return {**switch.model_dump(mode="json"), "file": str(home / FILE_NAME)}


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"
