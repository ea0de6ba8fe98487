"""exchange.db at start: opened, rebuilt when damaged, done without when out of reach."""

from __future__ import annotations

from pathlib import Path

from plugins.exchange.ledger import FILE_NAME, Ledger, LedgerDamaged, LedgerOutOfReach
from plugins.exchange.settings import ExchangeSettings
from plugins.store.integrity import move_aside
from qtcore import Context, Finding, Severity


def open_ledger(ctx: Context[ExchangeSettings]) -> Ledger:
    """exchange.db; a damaged one is moved aside and rebuilt from the venue, and one out of reach replaced in memory.

    In memory nothing may be entered, but positions can still be protected and closed.
    """
    file = ctx.home / FILE_NAME
    try:
        return Ledger(file)
    except LedgerDamaged as error:
        aside = move_aside(file, now=ctx.wall())
        ctx.raise_finding(_damaged(str(error), aside))
        return Ledger(file)
    except LedgerOutOfReach as error:
        ctx.log.exception("exchange.db is out of reach; only exits are possible", why=str(error))
        return Ledger(None, fault=str(error))


def _damaged(why: str, aside: Path) -> Finding:
    return Finding(
        code="QT-EXCHANGE-DB-DAMAGED",
        severity=Severity.HIGH,
        summary="exchange.db was damaged and is rebuilt from the venue",
        evidence={"error": why, "kept": str(aside)},
        cause="the disk or something else wrote into the file",
        consequence="fills, orders and stops come back from the venue; reasons of earlier orders are lost",
        fix=f"look at {aside} and at the disk's health",
        verify="qt trades",
    )
