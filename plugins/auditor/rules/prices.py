"""What the feed says a thing costs is what the venue says (A9, C3, C6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, by_itself, unseen, verdict
from plugins.auditor.view import Moment, Scene
from plugins.domain import Posture
from qtcore import FindingKind, Severity

SAME_TIME, STANDS_STILL = timedelta(seconds=15), timedelta(seconds=120)
"""Market time between two prices that may be compared, and after which one has not moved at all."""

PRICE = FindingKind(
    code="QT-AUDIT-PRICE",
    title="the feed and the venue disagree about a price",
    severity=Severity.HIGH,
    effect_of=("QT-FACTS-DISAGREE", "QT-FEED-MUTE", "QT-FEED-STALE", "QT-FEED-DISCONNECTED"),
    cause="the feed listens to another venue than orders go to, or the price of one symbol stands still",
    consequence="signals, sizes and profit are computed from prices that nobody pays; entries wait",
    fix="`qt call feed.resubscribe`; `qt why feed` tells where it listens",
    verify="`qt invariants` shows the rule `prices` holding",
    remedies=(by_itself("call feed.resubscribe", "asks the venue anew for all streams", "both say the same"), SHOW),
)


def check_prices(scene: Scene, _: Moment) -> Verdict:
    """The feed's newest mark price of each symbol against the venue's own answer."""
    if scene.venue_prices is None:
        return unseen(f"prices: {scene.unseen.get('prices', 'not known yet')}")
    both = [symbol for symbol in sorted(scene.marks) if _comparable(scene, symbol)]
    return replace(verdict(len(both), _apart(scene, scene.venue_prices, both)), seen_s=scene.priced_s)


def _comparable(scene: Scene, symbol: str) -> bool:
    """Of about the same market time; one that is only a little late has moved on since."""
    told = scene.venue_prices.get(symbol) if scene.venue_prices else None
    if told is None:
        return False
    late = abs(told[1] - scene.marks[symbol].at)
    return late <= SAME_TIME or late > STANDS_STILL


def _apart(scene: Scene, venue: Mapping[str, tuple[Decimal, datetime]], symbols: list[str]) -> Iterator[Suspicion]:
    for symbol in symbols:
        ours, theirs = scene.marks[symbol].price, venue[symbol][0]
        share = abs(ours - theirs) / theirs if theirs else Decimal(0)
        if share > scene.limits.price_share:
            summary = f"{symbol} is {ours} by the feed and {theirs} at the venue, {share:.1%} apart"
            evidence = {"feed": str(ours), "venue": str(theirs), "limit": f"{scene.limits.price_share:.1%}"}
            yield Suspicion(PRICE, symbol, summary, evidence)


PRICES = Rule(
    name="prices",
    says="the feed's price of each symbol is the venue's",
    looks_at="symbols",
    incidents=("A9", "C3", "C6"),
    check=check_prices,
    kinds=(PRICE,),
    patience_s=2.5,
    needs=frozenset({"feed", "exchange", "paper_exchange"}),
    posture=Posture.NO_ENTRIES,
)
