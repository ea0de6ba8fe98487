"""What can be wrong with stops that follow: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Reach, Remedy, Severity

_FOLLOWED = Remedy.manual("qt call trailing_stop.followed", "shows where each stop is, and where it belongs")

BEHIND = FindingKind(
    code="QT-TRAILING-BEHIND",
    title="a stop is further away than it should be",
    severity=Severity.HIGH,
    cause="the exchange was asked to move it again and again, and did not",
    consequence="profit that should be kept can be lost; the older stop is still there",
    fix="nothing, unless it lasts: each look tries again; `qt call trailing_stop.followed` shows the figures",
    verify="`qt call trailing_stop.followed` shows `stop` at `belongs`",
    remedies=(
        Remedy.confirm("restart", "hears of every position and stop anew; helps where its picture is wrong"),
        _FOLLOWED,
    ),
    effect_of=("QT-EXCHANGE-STALE", "QT-EXCHANGE-BANNED"),
)
BLIND = FindingKind(
    code="QT-TRAILING-BLIND",
    title="no fresh price of what is held",
    severity=Severity.MEDIUM,
    cause="the feed brings no marks of these symbols",
    consequence="their stops stay where they are: an old price moves none",
    fix="see `qt why feed`",
    verify="`qt call trailing_stop.followed` lists them again",
    remedies=(Remedy.safe("call feed.resubscribe", "asks the feed to subscribe anew to all streams"), _FOLLOWED),
    effect_of=("QT-FEED-STALE", "QT-FEED-DISCONNECTED"),
)
FORGOT = FindingKind(
    code="QT-TRAILING-FORGOT",
    title="best prices are not remembered across restarts",
    severity=Severity.LOW,
    cause="the file cannot be read or written: the disk is full, or something damaged it",
    consequence="after a restart a stop follows from the price of that moment; what it has gained it keeps",
    fix="free the disk or remove the damaged file; it is written anew with the next better price",
    verify="the finding closes by itself with the next write",
    remedies=(
        Remedy.confirm(
            """call logs.prune '{"keep_days": 0}'""",
            "deletes all older parts of logs in the home, which frees space where there are any",
        ),
        Remedy.manual("df -h", "shows which disk is full"),
    ),
    reach=Reach.NOTHING,
    effect_of=("QT-LOGS-DISK", "QT-STATE-UNWRITABLE", "QT-JOURNAL-UNWRITABLE"),
)

KINDS = (BEHIND, BLIND, FORGOT)
