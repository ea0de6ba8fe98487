"""The plugin: hears account and positions, claims a posture each second, answers for single entries."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from plugins.domain import Account, Position, Posture
from plugins.risk_guard.limits import Baselines, Breach, View, breaches, gross_notional, refusal, strictest, updated
from plugins.risk_guard.memory import recall, remember
from plugins.risk_guard.rehearsal import silent_rules
from plugins.risk_guard.settings import RiskGuardSettings
from plugins.store.kill_switch import FILE_NAME, KillSwitch, read_kill_switch, write_kill_switch
from qtcore import Context, Finding, Health, NeedsOperator, Plugin, Severity, action, every, hookimpl

Ctx = Context[RiskGuardSettings]

_LET_IT_STAND = "find out why, and let the limit stand; `qt call risk_guard.limits` shows how far each is used"
_FIX_OF = {"kill_switch": "`qt kill off`, once its reason is gone"}

PROMISED_S = 10.0
"""How long an approved entry counts while no position of it is told; one that fills is told within a few seconds."""


class RiskGuard(Plugin[RiskGuardSettings]):
    """Limits on the venue's word. It never sends an order: it tightens the posture, which the door obeys."""

    reads: ClassVar[list[type[Any]]] = [Account, Position]
    cadence_s = 5.0
    vital = True
    exclusive = True

    def __init__(self) -> None:
        self._account: Account | None = None
        self._heard_s = 0.0
        self._positions: dict[str, Position] = {}
        self._promised: dict[str, tuple[Decimal, float]] = {}
        self._baselines: Baselines | None = None
        self._kill = KillSwitch(on=False, who="", when=None, why="")

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Prove the rules on a made-up breach, then watch."""
        if silent := silent_rules(ctx.settings.limits):
            raise NeedsOperator(
                f"risk_guard will not stand watch: a made-up breach does not trip {', '.join(silent)}; "
                "correct its limits in plugins.yaml"
            )
        self._baselines = recall(ctx.data_dir)
        self._claim(ctx)
        async with ctx.subscribe(Account, Position) as news:
            ctx.ready()
            async for message in news:
                self._hear(ctx, message)
                ctx.progress("readings")

    @every(1.0, timeout_s=2.0)
    async def claim(self, ctx: Ctx) -> None:
        """Renew the claim; without it the posture turns to reduce_only by itself."""
        self._claim(ctx)

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """Whether the account is known, and which limits are broken."""
        view = self._view(ctx)
        broken = breaches(ctx.settings.limits, view)
        facts = self._figures(view)
        findings = [_finding(breach) for breach in broken]
        if view.account is None or any(breach.limit == "account" for breach in broken):
            return Health.degraded(broken[0].sentence, *findings, **facts)
        if broken:
            return Health.degraded(f"entries are stopped: {broken[0].sentence}", *findings, **facts)
        return Health.healthy(f"within all limits, equity {view.account.equity:.2f} USDT", **facts)

    @action(help="whether an entry of this notional (USDT) may go out")
    async def approve(self, ctx: Ctx, symbol: str, notional: Decimal) -> dict[str, Any]:
        """Judge one entry against the limits as they stand now, with what was approved a moment ago."""
        reason = refusal(ctx.settings.limits, self._view(ctx), notional)
        if reason is None:
            self._promised[symbol] = (notional, ctx.now())
        return {"approved": reason is None, "reason": reason or "within all limits"}

    @action(help="the limits and how far each is used")
    async def limits(self, ctx: Ctx) -> dict[str, Any]:
        """Figures for people."""
        view = self._view(ctx)
        level, reason = strictest(breaches(ctx.settings.limits, view))
        return {"claims": level.value, "reason": reason, **self._figures(view)}

    @staticmethod
    @action(effect=True, offline=True, command="kill on", help="stop all entries at once, until `qt kill off`")
    def kill_on(home: Path, why: str = "by hand") -> dict[str, Any]:
        """Write the kill switch; the door reads it before each entry, so no process is needed."""
        return _written(home, on=True, why=why)

    @staticmethod
    @action(effect=True, offline=True, command="kill off", help="allow entries again")
    def kill_off(home: Path, why: str = "by hand") -> dict[str, Any]:
        """Clear the kill switch."""
        return _written(home, on=False, why=why)

    @staticmethod
    @action(offline=True, command="kill status", help="whether entries are stopped by hand, and by whom")
    def kill_status(home: Path) -> dict[str, Any]:
        """Read the kill switch."""
        return _told(home, read_kill_switch(home))

    def _hear(self, ctx: Ctx, message: object) -> None:
        match message:
            case Account():
                self._account, self._heard_s = message, ctx.now()
                before = self._baselines
                self._baselines = updated(before, message, ctx.market_now().date().isoformat())
                if self._baselines != before:
                    remember(ctx.data_dir, self._baselines)
            case Position() if message.quantity:
                self._positions[message.symbol] = message
                self._promised.pop(message.symbol, None)
            case Position():
                self._positions.pop(message.symbol, None)

    def _view(self, ctx: Ctx) -> View:
        self._kill = read_kill_switch(ctx.home)
        reason = f"kill switch: {self._kill.why} ({self._kill.who})" if self._kill.on else None
        age_s = (ctx.wall() - self._account.reconciled_at).total_seconds() if self._account else 0.0
        positions = tuple(self._positions.values())
        age_s = max(age_s, ctx.now() - self._heard_s)
        return View(self._account, age_s, positions, self._baselines, reason, self._promises(ctx.now()))

    def _promises(self, now_s: float) -> dict[str, Decimal]:
        self._promised = {symbol: made for symbol, made in self._promised.items() if now_s - made[1] < PROMISED_S}
        return {symbol: notional for symbol, (notional, _) in self._promised.items()}

    def _claim(self, ctx: Ctx) -> None:
        level, reason = strictest(breaches(ctx.settings.limits, self._view(ctx)))
        ctx.claim_posture(level.value, reason)

    def _figures(self, view: View) -> dict[str, Any]:
        account, baselines = view.account, view.baselines
        return {
            "equity": str(account.equity) if account else None,
            "account_age_s": round(view.age_s, 3),
            "gross_notional": str(gross_notional(view.positions)),
            "positions": len(view.positions),
            "day_equity": str(baselines.day_equity) if baselines else None,
            "peak_equity": str(baselines.peak_equity) if baselines else None,
            "kill_switch": self._kill.on,
        }


def _written(home: Path, *, on: bool, why: str) -> dict[str, Any]:
    return _told(home, write_kill_switch(home, on=on, who=_person(), when=datetime.now(UTC), why=why))


def _told(home: Path, switch: KillSwitch) -> dict[str, Any]:
    """With the file's place: a switch set in the wrong home stops nobody."""
    return {**switch.model_dump(mode="json"), "file": str(home / FILE_NAME)}


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


def _finding(breach: Breach) -> Finding:
    severe = breach.level is not Posture.NO_ENTRIES
    return Finding(
        code=f"QT-RISK-{breach.limit.replace('_', '-').upper()}",
        severity=Severity.HIGH if severe else Severity.MEDIUM,
        summary=breach.sentence,
        consequence=f"the posture is at least {breach.level.value}: no entries, exits still go out",
        fix=_FIX_OF.get(breach.limit, _LET_IT_STAND),
        verify="`qt status` shows posture normal",
    )
