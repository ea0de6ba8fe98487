"""What can be wrong with the market data: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Reach, Remedy, Severity

_HEALTHY = "`qt status` shows feed healthy"
_HEAL = Remedy.safe(
    "heal", "subscribes anew, dials anew, then asks by REST", "candles and marks are younger than their limits"
)
_SUBSCRIBE = Remedy.safe(
    "call feed.resubscribe", "subscribes anew to all streams, by hand", "the streams bring something"
)
_SYMBOLS = Remedy.manual("qt check", "shows the symbols that are configured, after plugins.yaml was corrected")

STALE = FindingKind(
    code="QT-FEED-STALE",
    title="market data is stale",
    severity=Severity.MEDIUM,
    cause="neither the socket nor REST brings anything new of these symbols",
    consequence="no entries in these symbols; exits by signal wait, stops on the venue do not",
    fix="none needed: it asks the venue by itself, again and again; where the venue has nothing newer, wait for it",
    verify="`qt status` shows feed healthy; `qt call feed.coverage` shows a recent last candle",
    remedies=(_HEAL, _SUBSCRIBE),
    healable=True,
    effect_of=("QT-FEED-MUTE", "QT-FEED-DISCONNECTED"),
)
MUTE = FindingKind(
    code="QT-FEED-MUTE",
    title="streams are silent although they should not be",
    severity=Severity.MEDIUM,
    cause="the venue, or the way to it, has stopped sending without closing the socket",
    consequence="candles and marks come late or not at all; entries stop when they are too old",
    fix="none needed: it subscribes anew, dials anew, then asks by REST",
    verify="this finding is resolved by itself once the streams bring something",
    remedies=(_SUBSCRIBE,),
    waited=True,  # for two seconds without a frame of what comes each second
)
DISCONNECTED = FindingKind(
    code="QT-FEED-DISCONNECTED",
    title="the market data socket is closed",
    severity=Severity.HIGH,
    cause="the socket has not been opened yet",
    consequence="no candles and no marks: no entries; stops on the venue stay",
    fix="it dials again by itself, with growing pauses, and asks by REST meanwhile",
    verify=_HEALTHY,
    remedies=(Remedy.confirm("restart", "opens everything anew, without waiting for the pause", "the socket is open"),),
    effect_of=("QT-FEED-MUTE",),  # it hangs up when streams stay silent
)
POLLING = FindingKind(
    code="QT-FEED-POLLING",
    title="market data comes by REST polling, not by stream",
    severity=Severity.MEDIUM,
    cause="the streams stayed silent after subscribing anew and dialling anew",
    consequence="candles and marks come a second or two later than usual; they are the venue's all the same",
    fix="none needed: streams are tried again every half minute, and polling ends when they are back",
    verify=_HEALTHY,
    remedies=(Remedy.safe("call feed.resubscribe", "tries the streams now", "data comes by stream again"),),
)
EMPTY = FindingKind(
    code="QT-FEED-EMPTY",
    title="no symbol is followed",
    severity=Severity.HIGH,
    cause="feed.settings.symbols names only symbols that the venue does not trade, or it trades none at all",
    consequence="no candles, so no signals and no trades",
    fix="correct feed.settings.symbols in plugins.yaml, or leave it out to follow the most traded",
    verify="`qt call feed.coverage` lists symbols",
    remedies=(Remedy.safe("call feed.refresh", "asks the venue again which symbols it trades"), _SYMBOLS),
)
MISSING = FindingKind(
    code="QT-FEED-MISSING-SYMBOLS",
    title="fewer symbols are followed than are configured",
    severity=Severity.MEDIUM,
    cause="the venue does not trade the others: misspelt, delisted, or of another kind of contract",
    consequence="nothing is traded in them",
    fix="correct feed.settings.symbols in plugins.yaml",
    verify="`qt call feed.coverage` lists every symbol that is configured",
    remedies=(_SYMBOLS,),
    reach=Reach.NOTHING,
    root=True,
)
QUIET = FindingKind(
    code="QT-FEED-VENUE-QUIET",
    title="nothing trades at the venue",
    severity=Severity.LOW,
    cause="an outage of the venue's matching, not of this feed: its candles come on time and are empty",
    consequence="prices stand still and orders may not fill; data counts as fresh",
    fix="wait; look at the venue's status page",
    verify="this finding is resolved with the first candle that has volume",
    remedies=(Remedy.manual("qt call feed.coverage", "shows whether candles still come on time"),),
)

KINDS = (STALE, MUTE, DISCONNECTED, POLLING, EMPTY, MISSING, QUIET)
