"""exchange.db at start: opened, rebuilt when damaged, done without when out of reach."""

from __future__ import annotations

from plugins.exchange.kinds import DB_DAMAGED
from plugins.exchange.ledger import FILE_NAME, Ledger, LedgerDamaged, LedgerOutOfReach
from plugins.exchange.settings import ExchangeSettings
from plugins.store.integrity import move_aside
from qtcore import Context


def open_ledger(ctx: Context[ExchangeSettings]) -> Ledger:
    """exchange.db; a damaged one is moved aside and rebuilt from the venue, and one out of reach replaced in memory.

    In memory nothing may be entered, but positions can still be protected and closed.
    """
    file = ctx.home / FILE_NAME
    try:
        return Ledger(file)
    except LedgerDamaged as error:
        aside = move_aside(file, now=ctx.wall())
        told = "exchange.db was damaged and is rebuilt from the venue"
        ctx.raise_finding(DB_DAMAGED.found(told, evidence={"error": str(error), "kept": str(aside)}))
        return Ledger(file)
    except LedgerOutOfReach as error:
        ctx.log.exception("exchange.db is out of reach; only exits are possible", why=str(error))
        return Ledger(None, fault=str(error))
