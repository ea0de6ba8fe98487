"""exchange.db and what is told say of each position what the venue says (G1, G2, G8, D9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, by_itself, missing, unseen, verdict
from plugins.auditor.view import ZERO, Booked, Moment, Scene
from plugins.domain import Posture
from qtcore import FindingKind, Severity

SETTLE = timedelta(seconds=1)
"""A look at the venue counts against fills that were booked so long before it."""

LEDGER = FindingKind(
    code="QT-AUDIT-LEDGER",
    title="a position that is not the same at the venue",
    severity=Severity.CRITICAL,
    effect_of=("QT-EXCHANGE-LEDGER", "QT-EXCHANGE-STALE", "QT-EXCHANGE-UNCLEAR"),
    cause="the venue's answer is incomplete, or an execution was lost, booked twice or with the wrong sign",
    consequence="sizes, profit and protection are computed from a position that is not there; entries wait",
    fix="`qt call exchange.reconcile`; if it stays, compare `qt positions` with the venue's own page",
    verify="`qt invariants` shows the rules `ledger`, `ledger_chain` and `told_positions` holding",
    remedies=(
        by_itself(
            "call exchange.reconcile",
            "asks the venue for everything and books what is missing",
            "both say the same quantity",
        ),
        SHOW,
    ),
)
_CHANGED = "a row of exchange.db was changed, removed or written with the wrong sign after it was booked"
_UNTOLD = "a message was lost, or somebody else tells positions too"


def check_ledger(scene: Scene, moment: Moment) -> Verdict:
    """Each symbol's position by its fills against the venue's, where the venue was asked after the last fill."""
    if scene.venue is None or scene.ledger is None:
        return unseen(missing(scene, "venue", "ledger"))
    at = scene.venue.asked_at
    ours = {symbol: amount for symbol, (amount, since) in scene.ledger.after.items() if since + SETTLE < at}
    young = scene.ledger.after.keys() - ours.keys()
    theirs = {symbol: held.signed for symbol, held in scene.venue.positions.items() if symbol not in young}
    found = verdict(len(ours.keys() | theirs.keys()), _differing(ours, theirs, "by its fills in exchange.db", ""))
    return replace(found, seen_s=scene.venue.seen_s(moment))


def check_told(scene: Scene, _: Moment) -> Verdict:
    """Positions as the topic tells them against the venue's."""
    if scene.venue is None or scene.positions is None:
        return unseen(missing(scene, "venue", "positions"))
    told = {symbol: each.side.sign * each.quantity for symbol, each in scene.positions.items()}
    theirs = {symbol: held.signed for symbol, held in scene.venue.positions.items()}
    return verdict(len(told.keys() | theirs.keys()), _differing(told, theirs, "as it is told", _UNTOLD))


def check_chain(scene: Scene, _: Moment) -> Verdict:
    """Each fill meets the position that the one before it left."""
    if scene.ledger is None:
        return unseen(missing(scene, "ledger"))
    return verdict(len(scene.ledger.fills), _breaks(scene.ledger.fills))


def _differing(
    ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal], where: str, cause: str
) -> Iterator[Suspicion]:
    for symbol in sorted(ours.keys() | theirs.keys()):
        mine, venue = ours.get(symbol, ZERO), theirs.get(symbol, ZERO)
        if mine != venue:
            summary = f"{symbol} is {mine:+f} {where}, and {venue:+f} at the venue"
            yield Suspicion(LEDGER, symbol, summary, {"ours": str(mine), "venue": str(venue)}, cause=cause)


def _breaks(fills: tuple[Booked, ...]) -> Iterator[Suspicion]:
    left: dict[str, Booked] = {}
    for fill in fills:
        before = left.get(fill.symbol)
        left[fill.symbol] = fill
        if before is not None and before.after != fill.before:
            summary = (
                f"fill {fill.sequence} of {fill.symbol} met a position of {fill.before:+f}, "
                f"but the fill before it left {before.after:+f}"
            )
            evidence = {"sequence": fill.sequence, "before": before.sequence}
            yield Suspicion(LEDGER, fill.symbol, summary, evidence, cause=_CHANGED)


BOOKED = Rule(
    name="ledger",
    says="each position has the quantity and sign at the venue that its fills in exchange.db add up to",
    looks_at="symbols",
    incidents=("G1", "G2", "G8"),
    check=check_ledger,
    kinds=(LEDGER,),
    patience_s=0.8,
    needs=frozenset({"exchange", "paper_exchange"}),
    posture=Posture.NO_ENTRIES,
    repair="exchange.reconcile",
)
CHAIN = Rule(
    name="ledger_chain",
    says="each fill in exchange.db meets the position that the fill before it left",
    looks_at="fills",
    incidents=("G8",),
    check=check_chain,
    kinds=(LEDGER,),
    patience_s=2.0,
    needs=frozenset({"exchange"}),
)
TOLD = Rule(
    name="told_positions",
    says="what is told of each position is what the venue says",
    looks_at="positions",
    incidents=("G2", "G3", "G8", "D9"),
    check=check_told,
    kinds=(LEDGER,),
    patience_s=6.0,
    needs=frozenset({"exchange", "paper_exchange"}),
    posture=Posture.NO_ENTRIES,
    repair="exchange.reconcile",
)
