"""Counts and rows of the home's own books, as an outsider reads them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from plugins.drills.outside import Row, Unreadable, read_rows
from plugins.drills.seed_night.hand import Hand

ORDER_MARK = "qt-p-"
"""What every order of the paper mode begins with."""
CLOSING = ("exit", "stop", "take_profit", "flatten")


def ledger_of(home: Path) -> dict[str, Any]:
    """What exchange.db holds: intents and executions."""
    intents, fills = _rows(home / "exchange.db", "intents"), _rows(home / "exchange.db", "fills")
    income = _rows(home / "exchange.db", "income")
    return {
        "orders": len(intents),
        "orders_of_another_mode": sum(not str(row["id"]).startswith(ORDER_MARK) for row in intents),
        "fills": len(fills),
        "closes": len({row["position_id"] for row in fills if Decimal(row["quantity_after"]) == 0}),
        "funding": str(sum((Decimal(row["amount"]) for row in income if row["kind"] == "FUNDING_FEE"), Decimal(0))),
        "live_stops": sorted(
            {row["symbol"] for row in intents if row["purpose"] == "stop" and row["stop_status"] == "live"}
        ),
        "entries": [_entry(row) for row in intents if row["purpose"] == "entry"],
    }


def acts_on(home: Path, symbol: str, after: str) -> list[dict[str, str]]:
    """What was asked for in a symbol after a moment (ISO, UTC), oldest first."""
    rows = [row for row in _rows(home / "exchange.db", "intents") if row["symbol"] == symbol]
    return [
        {"purpose": row["purpose"], "reason": row["reason"], "at": row["created_at"], "state": row["state"]}
        for row in sorted(rows, key=lambda row: str(row["created_at"]))
        if str(row["created_at"]) > after
    ]


def history_of(file: Path) -> dict[str, Any]:
    """What the history holds, and whether there is one."""
    signals, trades, fills = _rows(file, "signals"), _rows(file, "trades"), _rows(file, "fills")
    records = [json.loads(row["record"]) for row in signals if row["record"]]
    return {
        "path": str(file),
        "exists": file.is_file(),
        "fills": len(fills),
        "trades": len(trades),
        "signals": len(signals),
        "outcomes": dict(Counter(row["outcome_code"] or "unfinished" for row in signals)),
        "sources": dict(Counter(row["source"] for row in signals)),
        "orders": [record for record in records if "loss_at_stop" in record],
    }


def gate_since(file: Path, moment: str) -> str:
    """Where most signals ended since a moment (ISO, UTC); empty when none did."""
    since = moment.replace("T", " ").partition("+")[0]
    rows = [row for row in _rows(file, "signals") if row["outcome_code"] and str(row["outcome_at"]) > since]
    told = Counter(
        f"{row['outcome_code']}: {row['outcome_sentence']}" for row in rows if row["outcome_code"] != "neutral"
    )
    return told.most_common(1)[0][0] if told else ""


def newest_views(file: Path) -> dict[str, Row]:
    """The newest signal of each symbol."""
    found: dict[str, Row] = {}
    for row in sorted(_rows(file, "signals"), key=lambda row: str(row["market_at"])):
        found[row["symbol"]] = row
    return found


def contradicted_at(file: Path, symbol: str, side: str, after: str) -> datetime | None:
    """When the first signal against a position of that side was made, after a moment (ISO, UTC)."""
    against = {"long": "short", "short": "long"}[side]
    made = (
        datetime.fromisoformat(row["made_at"]).replace(tzinfo=UTC)
        for row in _rows(file, "signals")
        if row["symbol"] == symbol and row["view"] == against
    )
    return min((at for at in made if at > datetime.fromisoformat(after)), default=None)


def venue_of(hand: Hand) -> dict[str, Any]:
    """Positions, their stops and marks as the venue has them."""
    marks = {row["symbol"]: row["markPrice"] for row in hand.public("/fapi/v1/premiumIndex")}
    return {
        "at": hand.at,
        "positions": [_position(hand, symbol, amount, marks[symbol]) for symbol, amount in hand.positions().items()],
    }


def _position(hand: Hand, symbol: str, amount: Decimal, mark: Any) -> dict[str, Any]:
    stops = [row for row in hand.stops(symbol) if row["orderType"] in {"STOP_MARKET", "STOP", "TRAILING_STOP_MARKET"}]
    return {
        "symbol": symbol,
        "side": "long" if amount > 0 else "short",
        "quantity": str(abs(amount)),
        "mark": str(mark),
        "stops": [{"type": row["orderType"], "trigger": str(row["triggerPrice"])} for row in stops],
    }


def _entry(row: Row) -> dict[str, Any]:
    return {"symbol": row["symbol"], "state": row["state"], "at": row["created_at"], "reason": row["reason"]}


def _rows(file: Path, table: str) -> list[Row]:
    try:
        return read_rows(file, table)
    except Unreadable:
        return []
