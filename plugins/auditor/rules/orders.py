"""Signals become orders, or the gate that lets none through is named (A14, D5, D6, F16, F20, H1, H6, I12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, by_hand, missing, unseen, verdict
from plugins.auditor.view import Ended, Moment, Ordered, Scene, age_s
from plugins.domain import IntentState, OutcomeCode, Posture, Purpose, View
from qtcore import FindingKind, Severity

ORDERED = frozenset(
    {OutcomeCode.FILLED, OutcomeCode.LIMIT_UNFILLED, OutcomeCode.ORDER_UNKNOWN, OutcomeCode.ORDER_REFUSED}
)
NATURAL = frozenset(
    {OutcomeCode.POSITION_HELD, OutcomeCode.OPPOSITE_HELD, OutcomeCode.SLOTS_FULL, OutcomeCode.COOLDOWN}
)
"""Where signals end while everything is as it should be: they say nothing either way."""

DELIBERATE = frozenset(
    {
        OutcomeCode.CONFIDENCE,
        OutcomeCode.TREND,
        OutcomeCode.CHURN,
        OutcomeCode.POLICY,
        OutcomeCode.MODEL,
        OutcomeCode.PORTFOLIO,
        OutcomeCode.FUNDING,
        OutcomeCode.RISK_GUARD,
        OutcomeCode.POSTURE,
        OutcomeCode.KILL_SWITCH,
        OutcomeCode.EXPIRED,
        OutcomeCode.EXPIRED_UNSEEN,
        OutcomeCode.ABANDONED_BY_RESTART,
    }
)
"""Gates that somebody closes on purpose and says so, and the age of what waited too long: that nothing gets through
there is news only after a while."""

WARMING_UP = frozenset({OutcomeCode.DATA_MISSING, OutcomeCode.STALE_DATA})
"""What every start and every restart of a source goes through for a while."""

STRUCTURAL_LEAST = 12
STILL_CANDLES, STILL_S = 3.0, 6.0
WARM_UP_S = 8.0
DELIBERATE_LEAST = 100
DELIBERATE_CANDLES = 60.0
DELIBERATE_S = 120.0
SAME_REFUSALS = 4
REFUSED_WITHIN_S = 120.0

NO_ORDERS = FindingKind(
    code="QT-OUTCOME-NO-ORDERS",
    title="signals and no orders",
    severity=Severity.HIGH,
    effect_of=("QT-FEED-STALE", "QT-FEED-MUTE", "QT-EXCHANGE-STALE", "QT-RISK-KILL-SWITCH", "QT-OUTCOME-REFUSALS"),
    cause="one gate refuses every signal",
    consequence="nothing is traded although everything runs",
    fix="`qt funnel --minutes 10` names the gate and the nearest misses; a gate is opened by a person, never by itself",
    verify="`qt funnel --minutes 1` shows signals that became positions",
    remedies=(by_hand("qt funnel --minutes 10", "shows where signals end, with counts that add up"), SHOW),
)
REFUSALS = FindingKind(
    code="QT-OUTCOME-REFUSALS",
    title="the venue refuses the same again and again",
    severity=Severity.HIGH,
    cause="orders are made in a way that the venue does not take, or the account does not allow them",
    consequence="each attempt costs requests and none succeeds; entries wait",
    fix="`qt orders --limit 20` shows the venue's sentence; correct what it names",
    verify="`qt invariants` shows the rule `refusals` holding",
    remedies=(by_hand("qt orders --limit 20", "shows each order with the venue's answer"), SHOW),
)


@dataclass(frozen=True, slots=True)
class Run:
    """The outcomes since the last signal that became an order, without those that say nothing."""

    told: tuple[Ended, ...]
    code: OutcomeCode
    count: int

    @property
    def seconds(self) -> float:
        """How long it has lasted, in real time."""
        return self.told[-1].heard_s - self.told[0].heard_s


def check_no_orders(scene: Scene, moment: Moment) -> Verdict:
    """What became of the signals that asked for a position, since the last order."""
    run = since_last_order(scene.outcomes)
    looked = len(scene.outcomes)
    if run is None:
        return verdict(looked, ()) if looked else unseen("no signal has ended yet")
    return verdict(looked, [_blocked(run)] if _is_news(run, scene, moment) else ())


def since_last_order(outcomes: Sequence[Ended]) -> Run | None:
    """The run that has no order in it; None while there is none."""
    told: list[Ended] = []
    for outcome in outcomes:
        if outcome.code in ORDERED:
            told.clear()
        elif outcome.view is not View.NEUTRAL and outcome.code not in NATURAL | {OutcomeCode.NEUTRAL}:
            told.append(outcome)
    if not told:
        return None
    code, count = Counter(outcome.code for outcome in told).most_common(1)[0]
    return Run(tuple(told), code, count)


def _is_news(run: Run, scene: Scene, moment: Moment) -> bool:
    """One reason for at least nine in ten, often enough for its kind, and still so."""
    if run.count < 0.9 * len(run.told) or run.told[-1].code is not run.code:
        return False
    if run.code in DELIBERATE:
        long_s = max(moment.real_s(DELIBERATE_CANDLES, scene.limits.interval_s), DELIBERATE_S)
        held = scene.venue.positions if scene.venue else {"unknown": None}
        return run.count >= DELIBERATE_LEAST and run.seconds >= long_s and not held
    still_s = max(moment.real_s(STILL_CANDLES, scene.limits.interval_s), STILL_S)
    return run.count >= STRUCTURAL_LEAST and moment.now_s - run.told[-1].heard_s < still_s


def _blocked(run: Run) -> Suspicion:
    last = run.told[-1]
    summary = (
        f"{len(run.told)} signals in a row and no order: {run.count} ended at {run.code.value}, the last because "
        f"{last.sentence}"
    )
    counts = Counter(outcome.code.value for outcome in run.told)
    evidence = {"gate": run.code.value, "counts": dict(counts), "for_s": round(run.seconds, 1)}
    cause = f"the gate {run.code.value} refuses: {last.sentence}"
    patience_s = WARM_UP_S if run.code in WARMING_UP else None
    return Suspicion(NO_ORDERS, "", summary, evidence, cause=cause, patience_s=patience_s)


def check_refusals(scene: Scene, moment: Moment) -> Verdict:
    """The newest orders of one purpose and symbol: the same refusal, and nothing that succeeded between."""
    if scene.ledger is None:
        return unseen(missing(scene, "ledger"))
    recent = [
        order
        for order in scene.ledger.orders
        if order.sent_at is not None and age_s(order.updated_at, moment.wall) < REFUSED_WITHIN_S
    ]
    return verdict(len(recent), [*_alike(recent, entries=True), *_alike(recent, entries=False)])


def _alike(recent: Sequence[Ordered], *, entries: bool) -> Iterator[Suspicion]:
    """Entries fail together, whatever their symbol; what protects or closes fails for its symbol."""
    groups: dict[str, list[Ordered]] = {}
    for order in recent:
        entering = order.purpose is Purpose.ENTRY or (order.signal_id is not None and order.position_id is None)
        if entering is entries:
            groups.setdefault("" if entries else order.symbol, []).append(order)
    for subject, orders in groups.items():
        refused = _last_refusals(orders)
        if len(refused) >= SAME_REFUSALS:
            last = refused[-1]
            summary = f"the venue refused {len(refused)} orders in a row: {last.sentence} ({last.code})"
            evidence = {"code": last.code, "orders": [order.id for order in refused[-10:]]}
            yield Suspicion(REFUSALS, subject, summary, evidence, cause=f"the venue says: {last.sentence}")


def _last_refusals(orders: Sequence[Ordered]) -> list[Ordered]:
    """The refusals with one code at the end of the list; an order that is still open says nothing."""
    found: list[Ordered] = []
    for order in sorted(orders, key=lambda each: each.updated_at):
        if order.state is IntentState.REFUSED and order.code is not None:
            found = [*found, order] if found and found[-1].code == order.code else [order]
        elif order.state in {IntentState.FILLED, IntentState.ACKNOWLEDGED}:
            found = []
    return found


ORDERS = Rule(
    name="orders",
    says="signals become orders, or no single gate refuses them all",
    looks_at="outcomes",
    incidents=("D6", "H1", "H6", "I12"),
    check=check_no_orders,
    kinds=(NO_ORDERS,),
    patience_s=1.0,
    needs=frozenset({"executor", "feed", "universe", "policy", "exchange", "risk_manager", "risk_guard"}),
)
SAME_REFUSAL = Rule(
    name="refusals",
    says="the venue does not refuse the same again and again",
    looks_at="orders",
    incidents=("A14", "D5", "F16", "F20"),
    check=check_refusals,
    kinds=(REFUSALS,),
    patience_s=0.0,
    needs=frozenset({"exchange"}),
    posture=Posture.NO_ENTRIES,
)
