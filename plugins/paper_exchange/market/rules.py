"""Trading rules of well-known symbols, and rules inferred for the others.

Source of the table: the venue's own exchangeInfo (USDⓈ-M testnet, snapshot of 2025-12-24) for tick, step,
quantities, minimum notional and precisions; its leverage brackets (2026-09, first bracket) for leverage and
maintenance margin.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from plugins.paper_exchange.market.source import SymbolRules

_QUOTES: Final = ("USDT", "USDC")

# symbol: tick, step (= least quantity), greatest quantity, same for market orders, least notional,
#         price and quantity precision, leverage, maintenance margin rate
_TABLE: Final = """
BTCUSDT      0.10      0.001  1000       1000       100  2  3  150  0.004
ETHUSDT      0.01      0.001  10000      10000       20  2  3  150  0.004
BNBUSDT      0.010     0.01   10000      100000       5  3  2   75  0.005
SOLUSDT      0.0100    1      10000000   10000000     5  4  0  100  0.005
XRPUSDT      0.0001    0.1    1000000    1000000      5  4  1  100  0.005
ADAUSDT      0.00010   1      10000000   10000000     5  5  0   75  0.005
DOGEUSDT     0.000010  1      10000000   10000000     5  6  0   75  0.0065
LINKUSDT     0.001     0.01   100000     100000       5  3  2   75  0.005
SUIUSDT      0.000100  0.1    10000000   10000000     5  6  1   75  0.01
LTCUSDT      0.01      0.001  10000      10000        5  2  3   75  0.005
BCHUSDT      0.01      0.001  10000      10000        5  2  3   75  0.005
TRXUSDT      0.00001   1      10000000   10000000     5  5  0   75  0.0065
TONUSDT      0.0001000 0.1    1000000    30000        5  7  1   75  0.01
LAYERUSDT    0.000100  0.1    800000     80000        5  6  1   50  0.015
AVAXUSDT     0.0010    1      10000000   10000000     5  4  0   75  0.005
DOTUSDT      0.001     0.1    1000000    1000000      5  3  1   75  0.0065
NEARUSDT     0.0010    1      10000000   10000000     5  4  0   75  0.01
AAVEUSDT     0.010     0.1    10000000   10000000     5  3  1   75  0.01
ETCUSDT      0.001     0.01   100000     100000       5  3  2   75  0.005
XLMUSDT      0.00001   1      10000000   10000000     5  5  0   75  0.01
ATOMUSDT     0.001     0.01   10000      100000       5  3  2   75  0.006
UNIUSDT      0.0010    1      10000000   10000000     5  4  0   75  0.006
APTUSDT      0.00010   0.1    1000000    1000000      5  5  1   75  0.01
ARBUSDT      0.000100  0.1    1000000    1000000      5  6  1   75  0.006
OPUSDT       0.0001000 0.1    10000000   10000000     5  7  1   75  0.006
INJUSDT      0.0010000 0.1    1000000    1000000      5  7  1   75  0.01
HBARUSDT     0.00001   1      10000000   10000000     5  5  0   75  0.01
1000PEPEUSDT 0.0000001 1      10000000   10000000     5  7  0   75  0.0065
1000SHIBUSDT 0.000001  1      10000000   10000000     5  6  0   75  0.0065
"""


def base_asset(symbol: str) -> str:
    """`BTCUSDT` → `BTC`; a symbol with an unknown quote is its own base."""
    for quote in _QUOTES:
        if symbol.endswith(quote) and symbol != quote:
            return symbol.removesuffix(quote)
    return symbol


def _parse(line: str) -> SymbolRules:
    symbol, tick, step, most, market_most, notional, price_digits, quantity_digits, leverage, margin = line.split()
    return SymbolRules(
        symbol=symbol,
        base=base_asset(symbol),
        tick_size=Decimal(tick),
        step_size=Decimal(step),
        min_quantity=Decimal(step),
        max_quantity=Decimal(most),
        market_max_quantity=Decimal(market_most),
        min_notional=Decimal(notional),
        price_precision=int(price_digits),
        quantity_precision=int(quantity_digits),
        max_leverage=int(leverage),
        maintenance_margin_rate=Decimal(margin),
    )


KNOWN_RULES: Final[Mapping[str, SymbolRules]] = {
    rules.symbol: rules for rules in map(_parse, _TABLE.strip().splitlines())
}


def inferred_rules(symbol: str, price_digits: int, quantity_digits: int) -> SymbolRules:
    """Rules for a symbol outside the table, from the digits that its prices and volumes need.

    Tick and step are the last digit seen. The rest is the careful end of what the venue sets for small
    symbols: notional 5, leverage 20, maintenance margin 2.5 %.
    """
    step = Decimal(1).scaleb(-quantity_digits)
    return SymbolRules(
        symbol=symbol,
        base=base_asset(symbol),
        tick_size=Decimal(1).scaleb(-price_digits),
        step_size=step,
        min_quantity=step,
        max_quantity=Decimal(1_000_000),
        market_max_quantity=Decimal(100_000),
        min_notional=Decimal(5),
        price_precision=price_digits,
        quantity_precision=quantity_digits,
        max_leverage=20,
        maintenance_margin_rate=Decimal("0.025"),
    )
