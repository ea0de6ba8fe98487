"""Each position has a stop on the venue that would really end it (F5, F7, F9, F13, F19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, after_a_yes, missing, unseen, verdict
from plugins.auditor.view import ZERO, Guard, Held, Moment, Scene
from plugins.domain import Posture
from qtcore import FindingKind, Severity

NAKED_S = 4.5
"""Longer than whoever places stops may take: this is the net below that net."""

BEYOND = Decimal("0.002")
"""A stop that the price has passed by this share and that still waits is on the wrong side, not about to trigger."""

STOPS = FindingKind(
    code="QT-AUDIT-STOPS",
    title="a position without a sound stop on the venue",
    severity=Severity.CRITICAL,
    effect_of=("QT-POSITION-NAKED", "QT-EXCHANGE-STALE", "QT-EXCHANGE-LEDGER"),
    cause="a stop was refused, cancelled by somebody else, or never placed, and nobody has replaced it",
    consequence="the venue does not end the loss where it was meant to end; entries wait until it does",
    fix="`qt restart position_monitor` judges every position anew; cancel at the venue what somebody else placed there",
    verify="`qt positions` shows a live stop below each long and above each short",
    remedies=(
        after_a_yes("restart position_monitor", "judges every position anew and places what is missing"),
        after_a_yes("""call exchange.close '{"symbol": "{subject}", "reason": "operator"}'""", "closes it at market"),
        SHOW,
    ),
)
_MIXED_UP = "a price or a side was mixed up where the stop was made, or somebody placed an order by hand"
_FAR = "a distance in the wrong unit, or a stop that was left behind"
_SHORT = "the position grew after its stop was placed, or the stop has a quantity of its own"


def check_protection(scene: Scene, moment: Moment) -> Verdict:
    """Positions of the venue against the stops that wait there; nobody's memory is asked."""
    if scene.venue is None:
        return unseen(missing(scene, "venue"))
    positions, guards = scene.venue.positions, scene.venue.guards
    found = [
        suspicion
        for held in positions.values()
        for suspicion in _of(held, [each for each in guards if each.symbol == held.symbol], scene.limits.stop_share)
    ]
    return replace(verdict(len(positions), found), seen_s=scene.venue.seen_s(moment))


def _of(held: Held, guards: list[Guard], most_share: Decimal) -> Iterator[Suspicion]:
    """The gravest trouble of one position: one sentence about it is enough."""
    stops = [guard for guard in guards if guard.is_stop]
    odd = [guard for guard in stops if _is_odd(guard, held)]
    sound = [guard for guard in stops if guard not in odd]
    if odd:
        yield _wrong_side(held, odd[0])
    elif not sound:
        summary = f"the venue has no stop for the {held.side.value} of {held.quantity} {held.symbol}"
        yield Suspicion(STOPS, held.symbol, summary, {"quantity": str(held.quantity)}, patience_s=NAKED_S)
    else:
        yield from _too_far(held, sound, most_share)
        yield from _too_small(held, sound)


def _is_odd(guard: Guard, held: Held) -> bool:
    """On the position's own side, or where the price is already beyond it although it has not been triggered."""
    if guard.side is held.side:
        return True
    return guard.status == "NEW" and (guard.trigger - held.mark_price) * held.side.sign > held.mark_price * BEYOND


def _wrong_side(held: Held, guard: Guard) -> Suspicion:
    word = "buy" if guard.side.sign > 0 else "sell"
    summary = (
        f"the {held.side.value} in {held.symbol} has a stop on the wrong side: it would {word} at {guard.trigger}, "
        f"with the price at {held.mark_price}"
    )
    evidence = {"client_id": guard.client_id, "trigger": str(guard.trigger), "mark": str(held.mark_price)}
    return Suspicion(STOPS, held.symbol, summary, evidence, cause=_MIXED_UP)


def _too_far(held: Held, sound: list[Guard], most_share: Decimal) -> Iterator[Suspicion]:
    nearest = min(sound, key=lambda guard: abs(guard.trigger - held.mark_price))
    share = abs(nearest.trigger - held.mark_price) / held.mark_price if held.mark_price else ZERO
    if share > most_share:
        summary = f"the stop of {held.symbol} at {nearest.trigger} is {share:.0%} away from the price"
        evidence = {"trigger": str(nearest.trigger), "limit": f"{most_share:.0%}"}
        yield Suspicion(STOPS, held.symbol, summary, evidence, cause=_FAR)


def _too_small(held: Held, sound: list[Guard]) -> Iterator[Suspicion]:
    if any(guard.quantity is None for guard in sound):
        return
    covered = sum((guard.quantity or ZERO for guard in sound), ZERO)
    if covered < held.quantity:
        summary = f"stops cover {covered} of {held.quantity} {held.symbol}"
        evidence = {"covered": str(covered), "held": str(held.quantity)}
        yield Suspicion(STOPS, held.symbol, summary, evidence, cause=_SHORT)


PROTECTION = Rule(
    name="protection",
    says="each position has a stop on the venue, on its losing side, near enough and over its whole size",
    looks_at="positions",
    incidents=("F5", "F7", "F9", "F13", "F19"),
    check=check_protection,
    kinds=(STOPS,),
    patience_s=1.0,
    needs=frozenset({"exchange", "position_monitor"}),
    posture=Posture.NO_ENTRIES,
)
