"""A scene in which everything is as it should be, to be spoiled in one place at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from plugins.auditor.rules.rule import Rule
from plugins.auditor.view import (
    Booked,
    Guard,
    Held,
    HistoryTruth,
    Led,
    LedgerTruth,
    Life,
    Moment,
    OpenRow,
    Ordered,
    PostureSpan,
    Scene,
    VenueTruth,
)
from plugins.domain import IntentState, Mark, Mode, Position, Purpose, Side, VenueAddress

WALL = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
OPENED = WALL - timedelta(seconds=60)
MARK = Decimal(100)
QUANTITY = Decimal(2)


def moment(now_s: float = 1000.0, *, wall: datetime = WALL, speed: float = 20.0) -> Moment:
    return Moment(now_s, wall, speed)


def order(name: str = "qt-p-e-1", **changes: Any) -> Ordered:
    """An entry that filled a minute ago."""
    whole = Ordered(
        id=name,
        symbol="ETHUSDT",
        side=Side.LONG,
        purpose=Purpose.ENTRY,
        quantity=QUANTITY,
        signal_id="signal-1",
        position_id=None,
        state=IntentState.FILLED,
        filled=QUANTITY,
        average_price=MARK,
        code=None,
        sentence="",
        updated_at=OPENED,
        sent_at=OPENED,
    )
    return replace(whole, **changes)


def fill(sequence: int = 1, **changes: Any) -> Booked:
    """The fill of that entry."""
    whole = Booked(
        sequence=sequence,
        symbol="ETHUSDT",
        client_id="qt-p-e-1",
        side=Side.LONG,
        quantity=QUANTITY,
        price=MARK,
        fee=Decimal("0.1"),
        at=OPENED,
        position_id="ETHUSDT-1",
        after=QUANTITY,
        closes=False,
    )
    return replace(whole, **changes)


def guard(**changes: Any) -> Guard:
    """The stop below the long."""
    whole = Guard("ETHUSDT", "qt-p-s-1", Side.SHORT, "STOP_MARKET", Decimal(98), None, "NEW")
    return replace(whole, **changes)


def position(**changes: Any) -> Position:
    whole = Position(
        id="ETHUSDT-1",
        symbol="ETHUSDT",
        side=Side.LONG,
        quantity=QUANTITY,
        entry_price=MARK,
        mark_price=MARK,
        unrealised_pnl=Decimal(0),
        leverage=5,
        opened_at=OPENED,
        at=OPENED,
    )
    return replace(whole, **changes)


HELD = Held("ETHUSDT", Side.LONG, QUANTITY, MARK, MARK)
SOUND = Scene(
    venue=VenueTruth(WALL - timedelta(seconds=1), {"ETHUSDT": HELD}, (guard(),), Decimal(10_000)),
    venue_prices={"ETHUSDT": (MARK, WALL)},
    ledger=LedgerTruth((order(),), (fill(),), {"ETHUSDT": (QUANTITY, OPENED)}, 1),
    history=HistoryTruth(
        open=(OpenRow("ETHUSDT-1", "ETHUSDT", Side.LONG, QUANTITY, OPENED),),
        trades=frozenset(),
        unended=(),
        made=1,
        stored=frozenset({"signal-1"}),
        since=OPENED,
    ),
    address=VenueAddress(Mode.PAPER, "http://127.0.0.1:8877", "a venue of paper"),
    positions={"ETHUSDT": position()},
    marks={"ETHUSDT": Mark("ETHUSDT", MARK, Decimal(0), None, WALL)},
    feed_closes={"ETHUSDT": WALL},
    judged={"ETHUSDT": WALL},
    led={"ETHUSDT": Led("ETHUSDT", 0.2)},
    postures=(PostureSpan(WALL - timedelta(hours=1), "normal"),),
    lives={"executor": Life("running", WALL - timedelta(hours=1))},
)
"""One long in ETHUSDT, entered a minute ago, that everybody knows of."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Lets one rule look at a scene and tells what it says."""

    rule: Rule

    def said(self, scene: Scene, at: Moment | None = None) -> list[str]:
        """The summaries of all suspicions."""
        return [each.summary for each in self.rule.check(scene, at or moment()).suspicions]


@pytest.fixture
def sound() -> Scene:
    """Nothing is wrong."""
    return SOUND
