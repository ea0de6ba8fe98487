"""Predictions are made, and positions are led (C5, D9, E2, G16, H2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, after_a_yes, missing, unseen, verdict
from plugins.auditor.view import ZERO, Moment, Scene
from qtcore import FindingKind, Severity

BEHIND_CANDLES, BEHIND_S = 4.0, 15.0
"""In market candles, and in real seconds however fast the market runs: judging takes a processor its time."""
UNLED_S = 5.0

NO_PREDICTIONS = FindingKind(
    code="QT-OUTCOME-NO-PREDICTIONS",
    title="candles that nobody judges",
    severity=Severity.CRITICAL,
    effect_of=("QT-PLUGIN-STOPPED", "QT-PLUGIN-HUNG", "QT-PLUGIN-DOWN", "QT-MODELS-STARVED"),
    cause="the models do not hear the candles that the feed has, or hang while judging them",
    consequence="no signals, so no entries, and open positions are not judged anew",
    fix="`qt why models`; `qt restart models` reads the history and judges on",
    verify="`qt call models.latest` shows the newest candle",
    remedies=(after_a_yes("restart models", "reads the history anew and judges what comes"), SHOW),
)
UNLED = FindingKind(
    code="QT-OUTCOME-UNLED",
    title="a position that nobody leads",
    severity=Severity.CRITICAL,
    effect_of=("QT-AUDIT-LEDGER", "QT-POSITION-UNSEEN", "QT-EXCHANGE-LEDGER", "QT-EXCHANGE-UNCLEAR"),
    cause="position_monitor does not know the position, or has stopped looking at it",
    consequence="only the stop on the venue ends it: no exit by signal, age or target",
    fix="`qt call exchange.reconcile` tells every position anew; `qt restart position_monitor` if it stays",
    verify="`qt call position_monitor.watched` lists it",
    remedies=(after_a_yes("restart position_monitor", "hears every position anew"), SHOW),
)


def check_predictions(scene: Scene, moment: Moment) -> Verdict:
    """The newest candle that each symbol was judged by, against the newest that the feed has."""
    if scene.judged is None:
        return unseen(missing(scene, "judged"))
    both = sorted(scene.judged.keys() & scene.feed_closes.keys())
    most_s = max(BEHIND_CANDLES * scene.limits.interval_s, BEHIND_S * moment.speed)
    late = {symbol: (scene.feed_closes[symbol] - scene.judged[symbol]).total_seconds() for symbol in both}
    behind = [symbol for symbol in both if late[symbol] > most_s]
    if not both or len(behind) < len(both):
        return verdict(len(both), ())
    candles = late[behind[0]] / scene.limits.interval_s
    summary = f"no symbol is judged: {behind[0]} is {candles:.0f} candles behind the feed"
    found = verdict(len(both), [Suspicion(NO_PREDICTIONS, "", summary, {"symbols": behind[:10]})])
    return replace(found, seen_s=scene.judged_s)


def check_led(scene: Scene, _: Moment) -> Verdict:
    """Positions of the venue against those that position_monitor has considered a moment ago."""
    if scene.venue is None or scene.led is None:
        return unseen(missing(scene, "venue", "led"))
    return verdict(len(scene.venue.positions), _unled(scene))


def _unled(scene: Scene) -> Iterator[Suspicion]:
    for symbol in scene.venue.positions if scene.venue else ():
        if not _booked(scene, symbol):
            continue
        led = scene.led.get(symbol) if scene.led else None
        if led is None:
            yield Suspicion(UNLED, symbol, f"position_monitor does not follow the position in {symbol}")
        elif led.considered_ago_s is None or led.considered_ago_s > UNLED_S:
            ago = "never" if led.considered_ago_s is None else f"{led.considered_ago_s:.0f} s ago"
            summary = f"position_monitor considered {symbol} {ago}"
            yield Suspicion(UNLED, symbol, summary, {"considered_ago_s": led.considered_ago_s})


def _booked(scene: Scene, symbol: str) -> bool:
    """One whose fills are not booked yet cannot be told to anybody; that is said by the rule about the ledger."""
    if scene.ledger is None or scene.venue is None:
        return True
    return scene.ledger.after.get(symbol, (ZERO, None))[0] == scene.venue.positions[symbol].signed


PREDICTIONS = Rule(
    name="predictions",
    says="what the feed has is judged",
    looks_at="symbols",
    incidents=("C5", "E20", "B14"),
    check=check_predictions,
    kinds=(NO_PREDICTIONS,),
    patience_s=4.0,
    needs=frozenset({"models", "feed", "database"}),
    settle_s=10.0,
)
LED = Rule(
    name="led",
    says="each position is judged again all the time",
    looks_at="positions",
    incidents=("D9", "E2", "G16", "H2"),
    check=check_led,
    kinds=(UNLED,),
    patience_s=6.0,
    needs=frozenset({"position_monitor", "exchange", "paper_exchange"}),
)
