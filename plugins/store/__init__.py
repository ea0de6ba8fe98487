"""History shared by the plugins: signals, fills, positions, trades, equity; and the kill switch's file.

    async with open_store(database_url(ctx.home, ctx.settings.database_url)) as store:
        await store.signals.insert_many(signals)

`database` upgrades the schema when it starts; everybody else needs `database` and just opens.
The tables and their writers are described in `plugins.store.tables`.
"""

from plugins.store.address import DatabaseUrl, StoreUnusable, database_url, facts_of
from plugins.store.engine import Store, open_store
from plugins.store.kill_switch import KillSwitch, read_kill_switch, write_kill_switch
from plugins.store.rows import FillRow, FundingRow, Funnel, Miss, PositionRow, SignalRow, TradeRow
from plugins.store.trouble import STORE_ERRORS, Trouble, sentence_of, trouble_of

__all__ = [
    "STORE_ERRORS",
    "DatabaseUrl",
    "FillRow",
    "FundingRow",
    "Funnel",
    "KillSwitch",
    "Miss",
    "PositionRow",
    "SignalRow",
    "Store",
    "StoreUnusable",
    "TradeRow",
    "Trouble",
    "database_url",
    "facts_of",
    "open_store",
    "read_kill_switch",
    "sentence_of",
    "trouble_of",
    "write_kill_switch",
]
