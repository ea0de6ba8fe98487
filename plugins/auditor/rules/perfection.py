"""Results that are too good to be true are not true (A8), and a fill is a fill (F15)."""

from __future__ import annotations

from collections.abc import Iterator

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, by_hand, missing, unseen, verdict
from plugins.auditor.view import ZERO, Moment, Scene, age_s
from plugins.domain import IntentState, OutcomeCode, Posture
from qtcore import FindingKind, Severity

LEAST = 3
"""A single fill without a fee may be a promotion of the venue; so many, and none with one, are not."""

SETTLE_S = 3.0

PERFECT = FindingKind(
    code="QT-AUDIT-PERFECT",
    title="fills that are too good to be true",
    severity=Severity.HIGH,
    root=True,
    cause="the venue is a make-believe one that charges nothing, or fees are not read",
    consequence="every result is better than it would be with real money; entries wait until a person has looked",
    fix="compare the fees of `qt call exchange.fills` with the venue's own list; correct the venue's settings",
    verify="new fills carry fees: `qt invariants` shows the rule `plausible` holding",
    remedies=(by_hand("qt call exchange.fills", "shows the fills as booked, with their fees"), SHOW),
)
EMPTY = FindingKind(
    code="QT-AUDIT-FILLS",
    title="orders taken for filled that are not",
    severity=Severity.CRITICAL,
    effect_of=("QT-EXCHANGE-UNCLEAR",),
    cause="an acceptance was taken for an execution, or a fill was booked without price or quantity",
    consequence="positions are believed to exist at prices that nobody paid; entries wait",
    fix="`qt call exchange.reconcile`, then compare `qt orders --limit 20` with the venue's own list",
    verify="`qt invariants` shows the rule `fills` holding",
    remedies=(by_hand("qt orders --limit 20", "shows the newest orders and what was filled of each"), SHOW),
)


def check_plausible(scene: Scene, _: Moment) -> Verdict:
    """The newest fills and what they cost."""
    if scene.ledger is None:
        return unseen(missing(scene, "ledger"))
    fills = scene.ledger.fills
    if len(fills) < LEAST or any(fill.fee != ZERO for fill in fills[-50:]):
        return verdict(len(fills), ())
    summary = f"not one of the last {len(fills[-50:])} fills has cost a fee"
    return verdict(len(fills), [Suspicion(PERFECT, "", summary, {"fills": len(fills)})])


def check_fills(scene: Scene, moment: Moment) -> Verdict:
    """Fills, filled orders and filled signals: each has a price and a quantity."""
    if scene.ledger is None:
        return unseen(missing(scene, "ledger"))
    looked = len(scene.ledger.fills) + len(scene.ledger.orders)
    return verdict(looked, [*_empty_fills(scene), *_empty_orders(scene, moment), *_empty_outcomes(scene, moment)])


def _empty_fills(scene: Scene) -> Iterator[Suspicion]:
    for fill in scene.ledger.fills if scene.ledger else ():
        if fill.price <= ZERO or fill.quantity <= ZERO:
            summary = f"fill {fill.sequence} of {fill.symbol} is {fill.quantity} at {fill.price}"
            yield Suspicion(EMPTY, fill.symbol, summary, {"sequence": fill.sequence})


def _empty_orders(scene: Scene, moment: Moment) -> Iterator[Suspicion]:
    for order in scene.ledger.orders if scene.ledger else ():
        old = age_s(order.updated_at, moment.wall) > SETTLE_S
        if order.state is IntentState.FILLED and old and (order.filled <= ZERO or not order.average_price):
            summary = f"{order.id} counts as filled with {order.filled} at {order.average_price}"
            yield Suspicion(EMPTY, order.symbol, summary, {"order": order.id})


def _empty_outcomes(scene: Scene, moment: Moment) -> Iterator[Suspicion]:
    orders = {order.id: order for order in scene.ledger.orders} if scene.ledger else {}
    for outcome in scene.outcomes:
        order = orders.get(outcome.intent_id or "")
        old = moment.now_s - outcome.heard_s > SETTLE_S
        if outcome.code is OutcomeCode.FILLED and old and order is not None and order.filled <= ZERO:
            summary = f"a signal in {outcome.symbol} ended as filled, and its order is {order.state.value}"
            yield Suspicion(EMPTY, outcome.symbol, summary, {"order": order.id, "signal": outcome.signal_id})


PLAUSIBLE = Rule(
    name="plausible",
    says="fills cost what fills cost",
    looks_at="fills",
    incidents=("A8",),
    check=check_plausible,
    kinds=(PERFECT,),
    patience_s=0.0,
    posture=Posture.NO_ENTRIES,
)
FILLS = Rule(
    name="fills",
    says="what counts as filled has a price and a quantity",
    looks_at="fills and orders",
    incidents=("F15",),
    check=check_fills,
    kinds=(EMPTY,),
    patience_s=2.0,
    needs=frozenset({"exchange"}),
    posture=Posture.NO_ENTRIES,
)
