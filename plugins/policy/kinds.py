"""What can be wrong with the policy."""

from __future__ import annotations

from qtcore import FindingKind, Remedy, Severity

BLIND = FindingKind(
    code="QT-POLICY-BLIND",
    title="the policy has no fresh candles to judge by",
    severity=Severity.MEDIUM,
    cause="no closed candle has come: the feed is away, or the market stands still",
    consequence="no entries; exits are not touched",
    fix="see the feed: `qt why feed`",
    verify="`qt call policy.explain` shows young candles",
    remedies=(Remedy.safe("call feed.resubscribe", "asks the feed to subscribe anew to all streams"),),
    effect_of=("QT-FEED-STALE", "QT-FEED-DISCONNECTED", "QT-FEED-EMPTY"),
)

KINDS = (BLIND,)
