"""Reads the exchange's ledger and compares what it adds up to with the wallet."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from plugins.position_monitor.money import CENT, Money
from plugins.position_monitor.settings import PositionMonitorSettings
from qtcore import Context, replace_file

PAGE = 1000
FILE_NAME = "wallet_base.json"
TOLD_AFTER = 3
"""Looks in a row that must find the same difference: the account and its ledger are read at different moments."""


class Audit:
    """The sum of everything booked against the wallet, look by look."""

    def __init__(self) -> None:
        self.money = Money()
        self.drift: Decimal | None = None
        self.differing = 0

    @property
    def adrift(self) -> bool:
        """Whether the difference has stayed long enough to be told."""
        return self.differing >= TOLD_AFTER

    async def look(self, ctx: Context[PositionMonitorSettings]) -> None:
        """Book what is new and compare; a moment in which something was booked proves nothing. Raises CallFailed,
        CallUnanswered, OSError."""
        await self._read(ctx)
        account = await ctx.call("exchange.account", timeout_s=ctx.settings.call_timeout_s)
        if account is None or await self._read(ctx):
            return
        known = self.money.base is not None
        self.drift = self.money.drift(Decimal(account["wallet_balance"]))
        self.differing = self.differing + 1 if self.drift is not None and abs(self.drift) > CENT else 0
        if self.money.base is not None and not known:
            replace_file(ctx.data_dir / FILE_NAME, json.dumps(_base_row(self.money)).encode())

    async def _read(self, ctx: Context[PositionMonitorSettings]) -> int:
        """Everything booked since the last time; says how many lines that were."""
        new, timeout_s = 0, ctx.settings.call_timeout_s
        while True:
            page = await ctx.call(
                "exchange.fills", {"after": self.money.after_fill, "limit": PAGE}, timeout_s=timeout_s
            )
            if page["ledger"] != self.money.ledger:
                self.money = Money(ledger=page["ledger"], base=_recalled(ctx.data_dir, page["ledger"]))
                continue
            fills = self.money.add_fills(page["fills"])
            new += fills
            if fills < PAGE:
                break
        while True:
            asked = {"after": self.money.after_income, "limit": PAGE}
            lines = await ctx.call("exchange.income", asked, timeout_s=timeout_s)
            new += self.money.add_income(lines)
            if len(lines) < PAGE:
                return new


def _base_row(money: Money) -> dict[str, Any]:
    return {"ledger": money.ledger, "base": str(money.base)}


def _recalled(folder: Path, ledger: str) -> Decimal | None:
    """What the wallet held before this ledger began; found anew when nobody wrote it down."""
    try:
        row = json.loads((folder / FILE_NAME).read_bytes())
        return Decimal(row["base"]) if row["ledger"] == ledger else None
    except (OSError, ValueError, KeyError, TypeError, InvalidOperation):
        return None
