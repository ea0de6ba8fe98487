"""Signals are of a kind that a source can make, and come as often as candles do (E7, E10, E13, D12)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, by_hand, unseen, verdict
from plugins.auditor.view import ZERO, Moment, Said, Scene
from plugins.domain import CONFIDENCE, View
from qtcore import FindingKind, Severity

MOST_A_CANDLE = 3
"""Signals of one source and symbol made from one candle; a restart may make up one that was not seen."""

RECENT_S = 60.0

SIGNALS = FindingKind(
    code="QT-AUDIT-SIGNALS",
    title="signals that no source makes",
    severity=Severity.HIGH,
    cause="a source answers on another scale, repeats itself, or somebody else publishes signals",
    consequence="thresholds let pass what they were not meant for, and one opinion counts many times",
    fix="`qt sources` shows who says what; take the source out of policy.sources until it is known",
    verify="`qt invariants` shows the rule `signals` holding",
    remedies=(by_hand("qt sources", "shows each source with its confidences"), SHOW),
)


def check_signals(scene: Scene, moment: Moment) -> Verdict:
    """The signals heard of late: confidence inside the source's scale, and one opinion a candle."""
    recent = [each for each in scene.said if moment.now_s - each.heard_s < RECENT_S]
    if not recent:
        return unseen("no signal was heard of late")
    return verdict(len(recent), [*_off_scale(recent), *_flood(recent)])


def _off_scale(recent: list[Said]) -> Iterator[Suspicion]:
    for each in recent:
        highest = CONFIDENCE[each.source].highest if each.view is not View.NEUTRAL else 1
        if not ZERO <= each.confidence <= highest:
            summary = f"{each.source.value} says {each.confidence} of {each.symbol}, and its scale ends at {highest}"
            yield Suspicion(SIGNALS, each.source.value, summary, {"signal": each.id})
            return


def _flood(recent: list[Said]) -> Iterator[Suspicion]:
    of_candle: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for each in recent:
        of_candle[each.source.value][each.symbol, each.market_at.isoformat()] += 1
    for source, counts in of_candle.items():
        (symbol, at), most = counts.most_common(1)[0]
        if most > MOST_A_CANDLE:
            summary = f"{source} made {most} signals of {symbol} from the candle of {at}"
            yield Suspicion(SIGNALS, source, summary, {"symbol": symbol, "count": most})


SAID = Rule(
    name="signals",
    says="confidences are inside their source's scale, and each candle is judged once",
    looks_at="signals",
    incidents=("E7", "E10", "E13", "D12"),
    check=check_signals,
    kinds=(SIGNALS,),
    patience_s=0.0,
)
