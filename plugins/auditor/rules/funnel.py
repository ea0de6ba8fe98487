"""Each signal is stored, and ends in exactly one outcome (D1, D3, D13, D14, H15)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, after_a_yes, missing, unseen, verdict
from plugins.auditor.view import Moment, Scene, Unended, age_s
from qtcore import FindingKind, Severity

UNANSWERED = 3
"""So many signals in a row without an answer are no coincidence."""

UNANSWERED_S = 3.0
"""The executor answers within milliseconds; what waits as a limit order at the venue is not counted."""

LOST_S = 75.0
"""The executor's sweep ends what was lost within 40 s; an entry whose fate is unclear may take a minute."""

STORED_S = 3.0

NO_DECISIONS = FindingKind(
    code="QT-OUTCOME-NO-DECISIONS",
    title="signals that nobody decides about",
    severity=Severity.CRITICAL,
    effect_of=("QT-PLUGIN-STOPPED", "QT-PLUGIN-HUNG", "QT-PLUGIN-DOWN", "QT-PLUGIN-QUARANTINED"),
    cause="the executor is stopped, hangs, or does not hear the signals that are made",
    consequence="nothing is entered, and signals expire unseen",
    fix="`qt status` shows the executor; `qt start executor` if it is stopped, else `qt restart executor`",
    verify="`qt funnel --minutes 1` shows signals that ended",
    remedies=(after_a_yes("start executor", "starts it, if a person had stopped it"), SHOW),
)
FUNNEL = FindingKind(
    code="QT-AUDIT-FUNNEL",
    title="signals that do not add up",
    severity=Severity.HIGH,
    effect_of=("QT-OUTCOME-NO-DECISIONS", "QT-PLUGIN-STOPPED", "QT-PLUGIN-HUNG", "QT-EXCHANGE-UNCLEAR"),
    cause="a signal was published without being stored, was ended twice, or never ended",
    consequence="the funnel cannot say why there are no trades",
    fix="`qt restart executor` takes up what was left open; `qt funnel` shows what remains",
    verify="`qt invariants` shows the rule `funnel` holding",
    remedies=(after_a_yes("restart executor", "takes up every stored signal without an outcome"), SHOW),
)


def check_decisions(scene: Scene, moment: Moment) -> Verdict:
    """Stored signals without an outcome that should have one by now."""
    if scene.history is None or scene.ledger is None:
        return unseen(missing(scene, "history", "ledger"))
    open_signals = [each for each in scene.history.unended if age_s(each.made_at, moment.wall) > UNANSWERED_S]
    waiting = {order.signal_id for order in scene.ledger.orders}
    unanswered = [each for each in open_signals if each.id not in waiting]
    silent_s = moment.now_s - max((each.heard_s for each in scene.outcomes), default=float("-inf"))
    if len(unanswered) < UNANSWERED or silent_s < UNANSWERED_S:
        return verdict(len(scene.said), ())
    return verdict(len(scene.said), [_undecided(scene, moment, unanswered)])


def _undecided(scene: Scene, moment: Moment, unanswered: list[Unended]) -> Suspicion:
    oldest_s = max(age_s(each.made_at, moment.wall) for each in unanswered)
    life = scene.lives.get("executor")
    state = f"the executor is {life.lifecycle}" if life else "there is no executor"
    summary = f"{len(unanswered)} signals wait for a decision, the oldest for {oldest_s:.0f} s; {state}"
    return Suspicion(NO_DECISIONS, "", summary, {"signals": [each.id for each in unanswered[:10]]})


def check_funnel(scene: Scene, moment: Moment) -> Verdict:
    """Heard signals against stored ones, outcomes against each other, and what is older than anything may be."""
    if scene.history is None:
        return unseen(missing(scene, "history"))
    looked = len(scene.said) + len(scene.outcomes)
    return verdict(looked, [*_unstored(scene, moment), *_ended_twice(scene), *_lost(scene, moment)])


def _unstored(scene: Scene, moment: Moment) -> Iterator[Suspicion]:
    if scene.history is None or scene.history.since is None:
        return
    since, stored = scene.history.since, scene.history.stored
    due = [each.id for each in scene.said if moment.now_s - each.heard_s > STORED_S and each.made_at > since]
    absent = [name for name in due if name not in stored]
    if absent:
        summary = f"{len(absent)} of {len(due)} signals were published and are not stored, like {absent[0]}"
        yield Suspicion(FUNNEL, "unstored", summary, {"signals": absent[:10]})


def _ended_twice(scene: Scene) -> Iterator[Suspicion]:
    counts = Counter(outcome.signal_id for outcome in scene.outcomes)
    if twice := [name for name, count in counts.items() if count > 1]:
        summary = f"{len(twice)} signals have ended more than once, like {twice[0]}"
        yield Suspicion(FUNNEL, "ended twice", summary, {"signals": twice[:10]})


def _lost(scene: Scene, moment: Moment) -> Iterator[Suspicion]:
    unended = scene.history.unended if scene.history else ()
    if lost := [each for each in unended if age_s(each.made_at, moment.wall) > LOST_S]:
        oldest_s = age_s(lost[0].made_at, moment.wall)
        summary = f"{len(lost)} signals have had no outcome for up to {oldest_s:.0f} s"
        yield Suspicion(FUNNEL, "without outcome", summary, {"signals": [each.id for each in lost[:10]]})


DECISIONS = Rule(
    name="decisions",
    says="each signal is decided about within moments",
    looks_at="signals",
    incidents=("D1", "D3", "D6"),
    check=check_decisions,
    kinds=(NO_DECISIONS,),
    patience_s=0.5,
    needs=frozenset({"executor", "database"}),
)
ADDS_UP = Rule(
    name="funnel",
    says="each signal is stored and ends in exactly one outcome",
    looks_at="signals and outcomes",
    incidents=("D13", "D14", "D15", "I6"),
    check=check_funnel,
    kinds=(FUNNEL,),
    patience_s=3.0,
    needs=frozenset({"executor", "database", "models"}),
    settle_s=20.0,
)
