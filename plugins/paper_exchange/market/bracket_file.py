"""Reads the venue's own table of leverage brackets where a recording carries it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

from plugins.paper_exchange.market.brackets import Brackets
from plugins.paper_exchange.market.source import Bracket, MarketDataError


def read_brackets(folder: Path) -> Mapping[str, Brackets]:
    """The newest bracket table of a recording, by symbol; nothing where it has none. Raises MarketDataError."""
    files = sorted((folder / "meta").glob("leverage_brackets*.json"))
    if not files:
        return {}
    try:
        rows = json.loads(files[-1].read_text(), parse_float=Decimal, parse_int=Decimal)
        return {row["symbol"]: _checked(row["symbol"], tuple(map(_bracket, row["brackets"]))) for row in rows}
    except (OSError, json.JSONDecodeError, KeyError, TypeError, InvalidOperation, ValueError) as error:
        raise MarketDataError(
            f"{files[-1].name} is not a table of leverage brackets as the venue gives it "
            f"({type(error).__name__}: {error}); fetch it again or remove it"
        ) from error


def _bracket(row: Mapping[str, Any]) -> Bracket:
    return Bracket(
        floor=Decimal(row["notionalFloor"]),
        cap=Decimal(row["notionalCap"]),
        leverage=int(row["initialLeverage"]),
        rate=Decimal(row["maintMarginRatio"]),
        amount=Decimal(row["cum"]),
    )


def _checked(symbol: str, brackets: Brackets) -> Brackets:
    if not brackets or brackets[0].floor:
        raise ValueError(f"the first bracket of {symbol} does not begin at 0")
    for lower, upper in pairwise(brackets):
        if upper.floor != lower.cap or upper.rate < lower.rate or upper.leverage >= lower.leverage:
            raise ValueError(f"the bracket of {symbol} from {upper.floor} does not follow the one before")
    return brackets
