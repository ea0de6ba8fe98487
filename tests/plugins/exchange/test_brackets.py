"""The venue's margin table, as the sizes need it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from plugins.domain import Instrument
from plugins.exchange.wire import Unreadable, brackets_from
from qtcore.testing import Harness

pytestmark = pytest.mark.anyio


async def test_instruments_come_with_the_venues_margin_table(door: Harness, venue: Any) -> None:
    """What `leverageBracket` says of a symbol stands in its instrument, step by step and to the digit."""
    told = {row["symbol"]: row["brackets"] for row in venue.signed("GET", "/fapi/v1/leverageBracket")}
    instruments = {each.symbol: each for each in door.published(Instrument)}
    assert instruments.keys() <= told.keys()
    for symbol, instrument in instruments.items():
        assert [
            (each.floor, each.cap, each.maximum_leverage, each.maintenance_rate, each.maintenance_amount)
            for each in instrument.brackets
        ] == [
            (
                Decimal(str(row["notionalFloor"])),
                Decimal(str(row["notionalCap"])),
                row["initialLeverage"],
                Decimal(str(row["maintMarginRatio"])),
                Decimal(str(row["cum"])),
            )
            for row in told[symbol]
        ]


@pytest.mark.parametrize("rates", [[], ["0.01", "0.005"], ["0"], ["1"], [None]])
def test_a_table_that_makes_no_sense_is_not_believed(rates: list[str | None]) -> None:
    """Empty, falling or impossible rates: better the assumed strict table than a wrong one."""
    rows = [
        {"notionalFloor": n, "notionalCap": n + 1, "initialLeverage": 20, "maintMarginRatio": rate, "cum": 0}
        for n, rate in enumerate(rates)
    ]
    with pytest.raises(Unreadable):
        brackets_from({"symbol": "XUSDT", "brackets": rows})
