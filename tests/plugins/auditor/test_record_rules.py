"""Rules about what was written down and what came of it: rows, entries, outcomes, refusals, signals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from plugins.auditor.journal import Chronicle, told
from plugins.auditor.rules.funnel import ADDS_UP, DECISIONS
from plugins.auditor.rules.history import CLOSES, HISTORY_ROWS, SIGNAL_ROWS
from plugins.auditor.rules.holds import HOLDS
from plugins.auditor.rules.orders import ORDERS, SAME_REFUSAL, since_last_order
from plugins.auditor.rules.perfection import FILLS, PLAUSIBLE
from plugins.auditor.rules.posture import ENTRIES_OBEY, ONE_MODE
from plugins.auditor.rules.signals import SAID
from plugins.auditor.view import Ended, HistoryTruth, LedgerTruth, Life, OpenRow, PostureSpan, Said, Scene, Unended
from plugins.domain import IntentState, Mode, OutcomeCode, Purpose, Side, Source, VenueAddress, View
from plugins.store import KillSwitch
from qtcore import EventKind, JournalEvent
from tests.plugins.auditor.conftest import OPENED, QUANTITY, SOUND, WALL, Looks, fill, moment, order

ZERO = Decimal(0)


def ledger(*, fills: tuple[Any, ...] = (), orders: tuple[Any, ...] = (), after: Decimal = ZERO) -> Scene:
    return replace(SOUND, ledger=LedgerTruth(orders, fills, {"ETHUSDT": (after, OPENED)}, len(fills)))


def history(scene: Scene = SOUND, **changes: Any) -> Scene:
    assert scene.history is not None
    return replace(scene, history=replace(scene.history, **changes))


def ended(code: OutcomeCode, number: int = 0, *, heard_s: float = 999.0, view: View | None = View.LONG) -> Ended:
    return Ended(f"signal-{number}", "ETHUSDT", code, f"because of {code.value}", None, heard_s, view)


def said(number: int = 0, **changes: Any) -> Said:
    whole = Said(
        id=f"signal-{number}",
        symbol="ETHUSDT",
        view=View.LONG,
        confidence=Decimal("0.6"),
        source=Source.RSI_RULE,
        made_at=WALL - timedelta(seconds=10),
        market_at=WALL + timedelta(minutes=number),
        heard_s=990.0,
    )
    return replace(whole, **changes)


# --- the history ------------------------------------------------------------------------------------


def test_g6_a_close_without_a_trade() -> None:
    """Once there was time to store it."""
    closed = fill(2, side=Side.SHORT, after=ZERO, closes=True)
    scene = ledger(fills=(fill(), closed))
    (summary,) = Looks(CLOSES).said(history(scene, trades=frozenset()))
    assert "1 of 1 closed positions have no stored trade" in summary
    assert Looks(CLOSES).said(history(scene, trades=frozenset({"ETHUSDT-1"}))) == []
    young = ledger(fills=(fill(), replace(closed, at=WALL - timedelta(seconds=1))))
    assert Looks(CLOSES).said(history(young, trades=frozenset())) == []


def test_g3_a_row_of_a_position_that_nobody_has() -> None:
    """In a symbol that was never traded, and beside the true one."""
    ghost = OpenRow("ghost", "SOLUSDT", Side.LONG, QUANTITY, OPENED)
    assert SOUND.history is not None
    assert Looks(HISTORY_ROWS).said(history(open=(*SOUND.history.open, ghost))) == [
        "the history has ghost open with +2, and by its fills SOLUSDT is +0"
    ]


def test_g8_a_row_whose_side_was_turned() -> None:
    """Only the sign differs."""
    turned = OpenRow("ETHUSDT-1", "ETHUSDT", Side.SHORT, QUANTITY, OPENED)
    assert len(Looks(HISTORY_ROWS).said(history(open=(turned,)))) == 1


def test_rows_and_fills_of_this_moment_do_not_count() -> None:
    """The two files are not read at the same instant."""
    young = OpenRow("ETHUSDT-2", "ETHUSDT", Side.SHORT, QUANTITY, WALL)
    assert Looks(HISTORY_ROWS).said(history(open=(young,))) == []


def test_d6_rows_that_are_no_signals() -> None:
    """They are named, whatever they were meant to be."""
    (summary,) = Looks(SIGNAL_ROWS).said(history(no_signals=("poison-1", "poison-2")))
    assert summary == "2 rows in the table of signals are no signals, like poison-1"


# --- posture and mode -------------------------------------------------------------------------------


@pytest.mark.parametrize("late_s", [-60, 1, 30])
def test_h10_an_entry_while_the_kill_switch_is_on(late_s: int) -> None:
    """One sent before, or in the instant of the kill, is none."""
    kill = KillSwitch(on=True, who="tester", when=OPENED - timedelta(seconds=late_s), why="rehearsed")
    scene = replace(ledger(orders=(order(),), fills=(fill(),)), kill=kill)
    assert bool(Looks(ENTRIES_OBEY).said(scene)) == (late_s > 2)


def test_h10_a_position_that_grows_under_a_posture_that_forbids_it() -> None:
    """By an order that the door knows nothing of; exits and what came before are free."""
    spans = (
        PostureSpan(OPENED - timedelta(hours=1), "normal"),
        PostureSpan(OPENED - timedelta(seconds=30), "reduce_only", "risk_guard: rehearsed"),
    )
    grown = fill(client_id="web_1")
    scene = replace(ledger(fills=(grown,)), postures=spans)
    assert len(Looks(ENTRIES_OBEY).said(scene)) == 1
    shrunk = fill(client_id="qt-p-x-1", side=Side.SHORT, after=ZERO)
    assert Looks(ENTRIES_OBEY).said(replace(ledger(fills=(shrunk,)), postures=spans)) == []
    assert Looks(ENTRIES_OBEY).said(replace(scene, postures=spans[:1])) == []


def test_a1_a8_another_mode() -> None:
    """The venue's address, and ids of another mode or of a make-believe venue."""
    looks = Looks(ONE_MODE)
    assert len(looks.said(replace(SOUND, address=VenueAddress(Mode.LIVE, "", "real")))) == 1
    assert len(looks.said(replace(SOUND, address=VenueAddress(Mode.PAPER, "", "nowhere")))) == 1
    for strange in ("qt-l-e-1", "PAPER-17"):
        assert len(looks.said(ledger(orders=(order(strange),)))) == 1


def test_g7_a_refusal_for_a_hold_that_is_over() -> None:
    """The executor still believes in a posture, or in a kill switch, that ended long ago."""
    looks = Looks(HOLDS)
    assert len(looks.said(replace(SOUND, outcomes=(ended(OutcomeCode.POSTURE),)))) == 1
    assert len(looks.said(replace(SOUND, outcomes=(ended(OutcomeCode.KILL_SWITCH),)))) == 1
    just_over = (PostureSpan(WALL - timedelta(seconds=2), "normal"),)
    assert looks.said(replace(SOUND, outcomes=(ended(OutcomeCode.POSTURE),), postures=just_over)) == []


def test_h3_a_hold_that_lasts() -> None:
    """A quarter of an hour is long, whatever the reason; without a reason every hold is odd."""
    looks = Looks(HOLDS)
    for ago, reason, suspicions in ((20, "breaker", 1), (5, "breaker", 0), (5, "", 1)):
        span = PostureSpan(WALL - timedelta(minutes=ago), "no_entries", reason)
        assert len(looks.said(replace(SOUND, posture="no_entries", postures=(span,)))) == suspicions


# --- results ----------------------------------------------------------------------------------------


def test_a8_fills_without_fees() -> None:
    """Three are enough, and one fee among them ends the suspicion."""
    free = tuple(fill(number, fee=ZERO) for number in range(3))
    assert len(Looks(PLAUSIBLE).said(ledger(fills=free))) == 1
    assert Looks(PLAUSIBLE).said(ledger(fills=free[:2])) == []
    assert Looks(PLAUSIBLE).said(ledger(fills=(*free, fill(4)))) == []


def test_f15_filled_without_price_or_quantity() -> None:
    """A fill, an order, and a signal whose order did not fill."""
    looks = Looks(FILLS)
    assert len(looks.said(ledger(fills=(fill(price=ZERO),)))) == 1
    assert len(looks.said(ledger(orders=(order(filled=ZERO, average_price=None),)))) == 1
    accepted = order(state=IntentState.ACKNOWLEDGED, filled=ZERO, average_price=None)
    taken = replace(ended(OutcomeCode.FILLED, heard_s=990.0), intent_id=accepted.id)
    assert len(looks.said(replace(ledger(orders=(accepted,)), outcomes=(taken,)))) == 1


# --- signals and orders -----------------------------------------------------------------------------


def test_d1_signals_that_nobody_decides_about() -> None:
    """Three and more, and no outcome of any; what waits as an order at the venue is decided about."""
    open_signals = tuple(Unended(f"new-{n}", "ETHUSDT", WALL - timedelta(seconds=10)) for n in range(3))
    stopped = {"executor": Life("stopped", WALL)}
    scene = replace(history(unended=open_signals), lives=stopped)
    (summary,) = Looks(DECISIONS).said(scene)
    assert summary == "3 signals wait for a decision, the oldest for 10 s; the executor is stopped"
    assert Looks(DECISIONS).said(history(unended=open_signals[:2])) == []
    deciding = replace(scene, outcomes=(ended(OutcomeCode.COOLDOWN, heard_s=999.5),))
    assert Looks(DECISIONS).said(deciding) == []
    waiting = tuple(order(f"o{n}", signal_id=f"new-{n}") for n in range(3))
    assert Looks(DECISIONS).said(history(ledger(orders=waiting), unended=open_signals)) == []


def test_d13_signals_that_do_not_add_up() -> None:
    """Published and not stored, ended twice, and never ended."""
    looks = Looks(ADDS_UP)
    since = WALL - timedelta(minutes=1)
    assert len(looks.said(replace(history(since=since, stored=frozenset()), said=(said(),)))) == 1
    assert looks.said(replace(history(since=since, stored=frozenset({"signal-0"})), said=(said(),))) == []
    twice = (ended(OutcomeCode.FILLED), ended(OutcomeCode.FILLED))
    assert len(looks.said(replace(SOUND, outcomes=twice))) == 1
    lost = (Unended("signal-9", "ETHUSDT", WALL - timedelta(minutes=2)),)
    assert len(looks.said(history(unended=lost))) == 1


def test_h1_one_gate_refuses_every_signal() -> None:
    """It is named, with its own sentence."""
    scene = replace(SOUND, outcomes=tuple(ended(OutcomeCode.UNIVERSE, n) for n in range(12)))
    (summary,) = Looks(ORDERS).said(scene)
    assert "12 ended at blocked_universe" in summary
    assert "because of blocked_universe" in summary


@pytest.mark.parametrize("code", [OutcomeCode.POSITION_HELD, OutcomeCode.SLOTS_FULL, OutcomeCode.COOLDOWN])
def test_a_full_book_is_no_obstacle(code: OutcomeCode) -> None:
    """However many signals end there."""
    assert Looks(ORDERS).said(replace(SOUND, outcomes=tuple(ended(code, n) for n in range(400)))) == []


def test_an_order_ends_the_run() -> None:
    """And so does a second reason that takes its share."""
    blocked = [ended(OutcomeCode.UNIVERSE, n) for n in range(30)]
    assert since_last_order([*blocked, ended(OutcomeCode.FILLED)]) is None
    mixed = [ended(OutcomeCode.SIZE, n) for n in range(6)]
    assert Looks(ORDERS).said(replace(SOUND, outcomes=(*blocked, *mixed))) == []


def test_a_gate_that_somebody_closed_is_news_only_when_it_stays_closed_and_nothing_is_open() -> None:
    """A policy that stops entries for minutes does what it is for."""
    assert SOUND.venue is not None
    flat = replace(SOUND, venue=replace(SOUND.venue, positions={}))
    short = tuple(ended(OutcomeCode.POLICY, n, heard_s=900 + n / 2) for n in range(100))
    long = tuple(ended(OutcomeCode.POLICY, n, heard_s=300 + 7 * n) for n in range(101))
    assert Looks(ORDERS).said(replace(flat, outcomes=short)) == []
    assert len(Looks(ORDERS).said(replace(flat, outcomes=long))) == 1
    assert Looks(ORDERS).said(replace(SOUND, outcomes=long)) == []


def test_f16_the_same_refusal_again_and_again() -> None:
    """Of entries whatever their symbol; another code or a success between them begins anew."""

    def refused(number: int, code: int = -2019, **changes: Any) -> Any:
        at = WALL - timedelta(seconds=20 - number)
        whole: dict[str, Any] = {
            "state": IntentState.REFUSED, "filled": ZERO, "average_price": None, "code": code,
            "sentence": "Margin is insufficient.", "updated_at": at, "sent_at": at, "symbol": f"S{number}",
        }  # fmt: skip
        return order(f"qt-p-e-{number}", **(whole | changes))

    looks = Looks(SAME_REFUSAL)
    (summary,) = looks.said(ledger(orders=tuple(refused(n) for n in range(4))))
    assert summary == "the venue refused 4 orders in a row: Margin is insufficient. (-2019)"
    assert looks.said(ledger(orders=tuple(refused(n) for n in range(3)))) == []
    assert looks.said(ledger(orders=(refused(0), refused(1), refused(2, -4131), refused(3)))) == []
    stops = tuple(refused(n, purpose=Purpose.STOP, signal_id=None, position_id="p") for n in range(4))
    assert looks.said(ledger(orders=stops)) == []  # each of another symbol


def test_e10_e13_signals_that_no_source_makes() -> None:
    """A confidence above the source's scale, and many opinions about one candle."""
    looks = Looks(SAID)
    assert len(looks.said(replace(SOUND, said=(said(confidence=Decimal("1.05")),)))) == 1
    flood = tuple(said(n, market_at=WALL) for n in range(4))
    assert len(looks.said(replace(SOUND, said=flood))) == 1
    assert looks.said(replace(SOUND, said=tuple(said(n) for n in range(40)))) == []


# --- the journal ------------------------------------------------------------------------------------


def test_the_journal_is_read_into_lives_and_postures() -> None:
    """A change of the reason alone does not begin a posture anew; a start of the supervisor begins everything anew."""

    def event(seq: int, kind: EventKind, plugin: str | None = None, **details: Any) -> JournalEvent:
        at = {"wall": datetime(2025, 3, 1, 12, 0, seq, tzinfo=UTC), "boot_id": "b", "monotonic_s": float(seq)}
        document = {"seq": seq, "at": at, "kind": kind, "reason": f"reason {seq}", "plugin": plugin, "details": details}
        return JournalEvent.model_validate(document)

    first = told(
        Chronicle(),
        [
            event(1, EventKind.POSTURE_CHANGED, level="reduce_only"),
            event(2, EventKind.POSTURE_CHANGED, level="reduce_only"),
            event(3, EventKind.TRANSITION, "feed", before="starting", after="running"),
            event(4, EventKind.POSTURE_CHANGED, level="normal"),
        ],
    )
    assert [(span.level, span.since.second, span.reason) for span in first.postures] == [
        ("reduce_only", 1, "reason 2"),
        ("normal", 4, "reason 4"),
    ]
    assert first.lives["feed"].lifecycle == "running"
    assert told(first, [event(5, EventKind.SUPERVISOR_STARTED)]) == Chronicle(5)


def test_history_truth_has_no_odd_defaults() -> None:
    """A history of which nothing is known says nothing."""
    assert Looks(ADDS_UP).said(replace(SOUND, history=HistoryTruth((), frozenset(), ())), moment()) == []
