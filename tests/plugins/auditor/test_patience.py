"""When a suspicion becomes a finding: the one machine that all rules share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from plugins.auditor.acting import claim_of, repairs_of
from plugins.auditor.journal import Chronicle, told
from plugins.auditor.patience import FREE_S, Case, Key, counting, is_disturbed, judged
from plugins.auditor.rules import RULES
from plugins.auditor.rules.ledger import BOOKED, LEDGER
from plugins.auditor.rules.posture import ENTRIES_OBEY, FORBIDDEN
from plugins.auditor.rules.rule import Rule, Suspicion, Verdict, unseen
from plugins.auditor.view import Life
from plugins.domain import Posture
from qtcore import EventKind, JournalEvent
from tests.plugins.auditor.conftest import WALL

RULE = replace(BOOKED, patience_s=2.0)
SEEN = Verdict(1, (Suspicion(LEDGER, "ETHUSDT", "they differ"),))
CLEAN = Verdict(1)


def after(*looks: tuple[float, Verdict], rule: Rule = RULE, disturbed: bool = False) -> dict[Key, Case]:
    """The cases after these looks."""
    cases: dict[Key, Case] = {}
    for now_s, seen in looks:
        cases = judged(cases, rule, seen, now_s, disturbed=disturbed)
    return cases


def test_one_look_is_not_enough() -> None:
    """Nor are several within the rule's patience; after it, it counts."""
    assert counting(after((0, SEEN))) == []
    assert counting(after((0, SEEN), (1, SEEN))) == []
    assert len(counting(after((0, SEEN), (1, SEEN), (2, SEEN)))) == 1


def test_what_comes_and_goes_begins_anew() -> None:
    """A clean look long enough after the last suspicion forgets it."""
    assert counting(after((0, SEEN), (FREE_S + 0.1, CLEAN), (2.5, SEEN))) == []


def test_the_same_observation_judged_again_adds_nothing() -> None:
    """The venue was asked once; looking at its answer three times is one look."""
    old = replace(SEEN, seen_s=0.0)
    assert counting(after((0, old), (1, old), (5, old))) == []
    assert len(counting(after((0, old), (5, replace(SEEN, seen_s=4.0))))) == 1


def test_a_rule_that_cannot_look_keeps_what_it_found_and_finds_nothing_new() -> None:
    """Blindness resolves nothing."""
    found = after((0, SEEN), (2, SEEN), (60, unseen("the exchange does not answer")))
    assert len(counting(found)) == 1
    assert counting(after((0, SEEN), (2, unseen("away")))) == []


def test_a_restart_explains_disorder_but_does_not_excuse_what_counted_before() -> None:
    """While something that the rule needs comes back, patience begins anew with each look."""
    assert counting(after((0, SEEN), (2, SEEN), (9, SEEN), disturbed=True)) == []
    before = after((0, SEEN), (2, SEEN))
    assert len(counting(judged(before, RULE, SEEN, 3, disturbed=True))) == 1


def test_what_is_certain_at_once_counts_at_once() -> None:
    """A patience of zero needs no second look."""
    sure = replace(RULE, patience_s=0.0)
    assert len(counting(after((0, SEEN), rule=sure))) == 1


@given(st.lists(st.tuples(st.floats(0.1, 3.0), st.booleans()), max_size=40))
def test_it_counts_exactly_when_it_has_been_seen_for_as_long_as_its_rule_says(looks: list[tuple[float, bool]]) -> None:
    """By a second account of the same: the first sight since it was last free."""
    cases: dict[Key, Case] = {}
    now_s, since_s, seen_s, counted = 0.0, None, 0.0, False
    for step_s, wrong in looks:
        now_s += step_s
        cases = judged(cases, RULE, SEEN if wrong else CLEAN, now_s, disturbed=False)
        if not wrong and now_s - seen_s >= FREE_S:
            since_s, counted = None, False
        if wrong:
            since_s, seen_s = now_s if since_s is None else since_s, now_s
            counted = counted or now_s - since_s >= RULE.patience_s
        assert bool(counting(cases)) == counted


def test_who_is_on_the_way_disturbs_for_a_while_and_who_was_stopped_does_not() -> None:
    """A restart is no excuse for ever, and a plugin that a person stopped is no restart."""
    rule = replace(RULE, needs=frozenset({"exchange"}), settle_s=5.0)

    def disturbed(lifecycle: str, ago_s: float) -> bool:
        return is_disturbed(rule, {"exchange": Life(lifecycle, WALL - timedelta(seconds=ago_s))}, WALL)

    assert disturbed("starting", 10)
    assert disturbed("running", 3)
    assert not disturbed("running", 6)
    assert not disturbed("starting", 60)
    assert not disturbed("stopped", 1)
    assert not disturbed("quarantined", 1)


def test_the_strictest_claim_wins_and_nothing_is_ever_loosened() -> None:
    """Whatever cases are open, the claim is never looser than any of them asks for."""
    cases = [Case(rule, Suspicion(rule.kinds[0], "", rule.name), 0, 0, counts=True) for rule in RULES]
    level, reason = claim_of(cases)
    assert level is Posture.REDUCE_ONLY
    assert reason in {rule.name for rule in RULES if rule.posture is Posture.REDUCE_ONLY}
    assert claim_of([]) == (Posture.NORMAL, "")
    one = Case(ENTRIES_OBEY, Suspicion(FORBIDDEN, "", "an entry"), 0, 0, counts=True)
    assert claim_of([one]) == (Posture.REDUCE_ONLY, "an entry")


def test_a_repair_is_asked_for_once_in_a_while() -> None:
    """However many cases ask for it."""
    cases = [Case(BOOKED, Suspicion(LEDGER, symbol, "differs"), 0, 0, counts=True) for symbol in ("A", "B")]
    assert repairs_of(cases, {}, 0.0, 20.0) == ["exchange.reconcile"]
    assert repairs_of(cases, {"exchange.reconcile": 0.0}, 19.0, 20.0) == []
    assert repairs_of(cases, {"exchange.reconcile": 0.0}, 20.0, 20.0) == ["exchange.reconcile"]


def test_a3_nothing_is_entered_while_plugins_speak_of_different_venues() -> None:
    """A3: what the supervisor found about a fact of the venue holds entries until it is over; other facts do not."""

    def found(seq: int, kind: EventKind, fact: str) -> JournalEvent:
        details = {"code": "QT-FACTS-DISAGREE", "fingerprint": f"supervisor/QT-FACTS-DISAGREE/{fact}"}
        at = {"wall": WALL, "boot_id": "b", "monotonic_s": float(seq)}
        document = {"seq": seq, "at": at, "kind": kind, "reason": f"plugins differ in {fact}", "details": details}
        return JournalEvent.model_validate(document)

    opened = [found(1, EventKind.FINDING_OPENED, "venue.endpoint"), found(2, EventKind.FINDING_OPENED, "database.path")]
    chronicle = told(Chronicle(), opened)
    assert claim_of([], chronicle.disputed) == (Posture.NO_ENTRIES, "plugins differ in venue.endpoint")
    over = told(chronicle, [found(3, EventKind.FINDING_RESOLVED, "venue.endpoint")])
    assert claim_of([], over.disputed) == (Posture.NORMAL, "")
