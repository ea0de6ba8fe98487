"""The pure life of an order."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.domain import Intent, IntentState, Purpose, Side, StopStatus
from plugins.exchange.order_path import (
    ENGINE_MARGIN_MS,
    Absent,
    Act,
    Attempt,
    Child,
    NoTrades,
    Tracked,
    abandoned,
    learn,
    next_act,
)
from plugins.exchange.replies import Refused, Unclear
from plugins.exchange.wire import AlgoStatus, AlgoView, OrderStatus, OrderView

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
SENT_MS = 1_000_000
WINDOW_MS = 2000
FENCE_MS = SENT_MS + WINDOW_MS + ENGINE_MARGIN_MS


def intent(*, trigger: str | None = None) -> Intent:
    return Intent(
        id="qt-p-e-1",
        symbol="BTCUSDT",
        side=Side.LONG,
        purpose=Purpose.STOP if trigger else Purpose.ENTRY,
        quantity=Decimal("0.010"),
        reduce_only=False,
        close_position=trigger is not None,
        created_at=NOW,
        trigger=Decimal(trigger) if trigger else None,
    )


def order(status: OrderStatus, executed: str = "0", quantity: str = "0.010") -> OrderView:
    done = Decimal(executed)
    price = Decimal(100) if done else None
    return OrderView("7", "qt-p-e-1", "BTCUSDT", Side.LONG, status, Decimal(quantity), done, price, False, NOW)


def algo(status: AlgoStatus, child: str | None = None) -> AlgoView:
    return AlgoView(
        "9", "qt-p-e-1", "BTCUSDT", Side.SHORT, "STOP_MARKET", status, Decimal(90), None, True, False, child, "", NOW
    )


def sent(known: Tracked | None = None) -> Tracked:
    return learn(known or Tracked(intent()), Attempt(SENT_MS, WINDOW_MS))


def test_an_unclear_outcome_is_ended_only_by_proof() -> None:
    """Absent before the window's end proves nothing; after it, and without trades, it proves that it never happened."""
    known = learn(sent(), Unclear("timeout"))
    assert next_act(known, SENT_MS) is Act.ASK
    known = learn(known, Absent(FENCE_MS))
    assert next_act(known, FENCE_MS) is Act.WAIT
    assert next_act(known, FENCE_MS + 1) is Act.ASK
    assert learn(known, NoTrades()).state is IntentState.UNKNOWN
    known = learn(known, Absent(FENCE_MS + 1))
    assert next_act(known, FENCE_MS + 1) is Act.SEARCH_TRADES
    assert learn(known, NoTrades()).state is IntentState.NEVER_HAPPENED


@pytest.mark.parametrize(
    ("view", "state"),
    [
        (order(OrderStatus.FILLED, "0.010"), IntentState.FILLED),
        (order(OrderStatus.EXPIRED, "0.004"), IntentState.FILLED),
        (order(OrderStatus.EXPIRED), IntentState.CANCELLED),
        (order(OrderStatus.REJECTED), IntentState.REFUSED),
        (order(OrderStatus.PARTIALLY_FILLED, "0.004"), IntentState.ACKNOWLEDGED),
        (order(OrderStatus.NEW_ADL), IntentState.ACKNOWLEDGED),
    ],
)
def test_the_venues_word_resolves(view: OrderView, state: IntentState) -> None:
    """An order that the venue knows is what the venue says, and what was executed is kept exactly."""
    known = learn(learn(sent(), Unclear("timeout")), view)
    assert (known.state, known.filled) == (state, view.executed)


def test_triggered_is_not_filled() -> None:
    """TRIGGERED with nothing executed leaves the position open; ccxt would call it closed and filled."""
    known = learn(sent(Tracked(intent(trigger="90"))), algo(AlgoStatus.TRIGGERED, "11"))
    assert (known.state, known.stop_status, known.filled) == (IntentState.ACKNOWLEDGED, StopStatus.TRIGGERED, 0)
    assert next_act(known, SENT_MS) is Act.ASK_CHILD


@pytest.mark.parametrize(
    ("child", "state", "stop"),
    [
        (order(OrderStatus.FILLED, "0.010"), IntentState.FILLED, StopStatus.FILLED),
        (order(OrderStatus.EXPIRED, "0.004"), IntentState.FILLED, StopStatus.EXPIRED),
        (order(OrderStatus.CANCELED), IntentState.CANCELLED, StopStatus.EXPIRED),
    ],
)
def test_finished_is_what_the_child_order_says(child: OrderView, state: IntentState, stop: StopStatus) -> None:
    """FINISHED means filled or cancelled: only the child order tells, and a part is a part."""
    known = learn(sent(Tracked(intent(trigger="90"))), algo(AlgoStatus.FINISHED, "11"))
    assert not known.final
    known = learn(known, Child(child))
    assert (known.state, known.stop_status, known.filled) == (state, stop, child.executed)


def test_a_duplicate_id_means_that_it_arrived_before() -> None:
    """-4116 on a second try is no refusal: the order is open under that id."""
    known = learn(sent(), Refused(-4116, "ClientOrderId is duplicated."))
    assert known.state is IntentState.UNKNOWN
    assert next_act(known, SENT_MS) is Act.ASK


def test_what_was_sent_cannot_be_abandoned() -> None:
    """Only an order that never went to the wire may be called off without asking."""
    assert abandoned(Tracked(intent()), "why").state is IntentState.NEVER_HAPPENED
    with pytest.raises(ValueError, match="only the venue"):
        abandoned(sent(), "why")


EVIDENCE = st.one_of(
    st.builds(order, st.sampled_from(OrderStatus), st.sampled_from(["0", "0.004", "0.010"])),
    st.builds(Refused, st.sampled_from([-2019, -4116, -1021]), st.just("no")),
    st.builds(Unclear, st.just("timeout")),
    st.builds(Absent, st.integers(SENT_MS, FENCE_MS + 1000)),
    st.just(NoTrades()),
)


@settings(max_examples=300)
@given(st.lists(EVIDENCE, max_size=12))
def test_evidence_in_any_order_never_loses_a_fill(evidence: list[object]) -> None:
    """What was executed only grows; without a late absence nothing never happened; final stays final but for fills."""
    known, late, executed = sent(), False, Decimal(0)
    for piece in evidence:
        before = known
        known = learn(known, piece)  # type: ignore[arg-type] # the strategy yields Evidence
        late = late or (isinstance(piece, Absent) and piece.asked_ms > FENCE_MS)
        executed = max(executed, piece.executed) if isinstance(piece, OrderView) else executed
        assert known.filled == executed
        if known.state is IntentState.NEVER_HAPPENED:
            assert late
        if before.state is IntentState.FILLED:
            assert known.filled >= before.filled
        if before.final and not isinstance(piece, OrderView):
            assert known == before


def test_a_finished_stop_without_a_child_is_over() -> None:
    """FINISHED with no order in the engine guards nothing: it expired, and nobody waits for a child for ever."""
    known = learn(sent(Tracked(intent(trigger="90"))), algo(AlgoStatus.FINISHED))
    assert (known.final, known.stop_status, known.filled) == (True, StopStatus.EXPIRED, Decimal(0))
