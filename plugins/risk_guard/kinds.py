"""What the guard may find: a limit that is broken, a kill that is not proven, a memory that cannot be kept."""

from __future__ import annotations

from qtcore import FindingKind, Remedy, Severity

_REDUCE_ONLY = "the posture is at least reduce_only: no entries, exits still go out"
_NO_ENTRIES = "the posture is at least no_entries: no entries, exits still go out"
_LET_IT_STAND = "find out why, and let the limit stand; `qt call risk_guard.limits` shows how far each is used"
_NORMAL = "`qt status` shows posture normal"
_LIMITS = Remedy.manual("qt call risk_guard.limits", "shows how far each limit is used")
_RECONCILE = Remedy.safe("call exchange.reconcile", "asks the venue what is really there; sends no order")
_UNKILL = Remedy.manual("qt kill off --why ...", "allows entries again, once the reason is gone")

KILL_SWITCH = FindingKind(
    code="QT-RISK-KILL-SWITCH",
    title="the kill switch is pulled",
    severity=Severity.HIGH,
    cause="a person pulled it, or a limit that only a person may lift again did",
    consequence=_REDUCE_ONLY,
    fix="`qt kill off --why ...`, once its reason is gone",
    verify=_NORMAL,
    remedies=(Remedy.manual("qt kill status", "tells who pulled it, why, and the proof of it"), _UNKILL),
    effect_of=("QT-RISK-DAILY-LOSS", "QT-RISK-DRAWDOWN", "QT-RISK-EQUITY", "QT-RISK-ORDER-RATE"),
)
ACCOUNT = FindingKind(
    code="QT-RISK-ACCOUNT",
    title="the account is not known",
    severity=Severity.HIGH,
    cause="the exchange has not confirmed it lately, or has not spoken yet",
    consequence=_REDUCE_ONLY,
    fix="see `qt why exchange`; the limit lifts by itself with the next word of the account",
    verify=_NORMAL,
    remedies=(_RECONCILE,),
    effect_of=("QT-EXCHANGE-STALE", "QT-EXCHANGE-BANNED", "QT-EXCHANGE-SLOWED"),
)
MEMORY = FindingKind(
    code="QT-RISK-MEMORY",
    title="losses cannot be measured",
    severity=Severity.MEDIUM,
    cause="the guard's file was lost or damaged, so it is not known what the day began with",
    consequence=_NO_ENTRIES,
    fix="the history proves it by itself where there is one; otherwise `qt call risk_guard.accept` and why",
    verify=_NORMAL,
    remedies=(
        Remedy.safe("heal", "proves from the account's history what losses are measured against"),
        Remedy.manual("""qt call risk_guard.accept '{"why": "..."}'""", "measures losses from the present equity on"),
    ),
    healable=True,
)
EXPOSURE_UNKNOWN = FindingKind(
    code="QT-RISK-EXPOSURE-UNKNOWN",
    title="the venue counts other positions than are told",
    severity=Severity.MEDIUM,
    cause="a position was opened by somebody else, or a message of the exchange was lost",
    consequence=_NO_ENTRIES,
    fix=_LET_IT_STAND,
    verify=_NORMAL,
    remedies=(_RECONCILE, Remedy.manual("qt positions", "shows what is open, to compare with the venue")),
)
ORDER_RATE = FindingKind(
    code="QT-RISK-ORDER-RATE",
    title="too many orders within a minute",
    severity=Severity.HIGH,
    cause="something sends orders in a loop",
    consequence=_REDUCE_ONLY,
    fix=_LET_IT_STAND,
    verify=_NORMAL,
    remedies=(Remedy.manual("qt orders --limit 50", "shows the newest orders and why each was sent"),),
)


def _limit(name: str, title: str, cause: str, *, severity: Severity, consequence: str) -> FindingKind:
    return FindingKind(
        code=f"QT-RISK-{name}",
        title=title,
        severity=severity,
        cause=cause,
        consequence=consequence,
        fix=_LET_IT_STAND,
        verify=_NORMAL,
        remedies=(_LIMITS,),
    )


EQUITY = _limit(
    "EQUITY",
    "there is no equity left",
    "losses have used it up, or the account was emptied",
    severity=Severity.HIGH,
    consequence=_REDUCE_ONLY,
)
DAILY_LOSS = _limit(
    "DAILY-LOSS",
    "the day's loss is at its limit",
    "trades, fees and funding since midnight UTC have cost more than is allowed",
    severity=Severity.HIGH,
    consequence=_REDUCE_ONLY,
)
DRAWDOWN = _limit(
    "DRAWDOWN",
    "equity is too far below its peak",
    "losses since the peak have cost more than is allowed",
    severity=Severity.HIGH,
    consequence=_REDUCE_ONLY,
)
GROSS_EXPOSURE = _limit(
    "GROSS-EXPOSURE",
    "all positions together are at their limit",
    "prices moved, or positions were opened outside of the limits",
    severity=Severity.MEDIUM,
    consequence=_NO_ENTRIES,
)
NET_EXPOSURE = _limit(
    "NET-EXPOSURE",
    "the book leans too far to one side",
    "prices moved, or most positions were opened on the same side",
    severity=Severity.MEDIUM,
    consequence=_NO_ENTRIES,
)
POSITION_NOTIONAL = _limit(
    "POSITION-NOTIONAL",
    "one position is larger than is allowed",
    "its price moved, or it was opened or enlarged outside of the limits",
    severity=Severity.MEDIUM,
    consequence=_NO_ENTRIES,
)
LOSS_STREAK = _limit(
    "LOSS-STREAK",
    "too many losses in a row",
    "the strategy does not fit the market of this hour",
    severity=Severity.MEDIUM,
    consequence=_NO_ENTRIES,
)
KILL_UNPROVEN = FindingKind(
    code="QT-RISK-KILL-UNPROVEN",
    title="it is not proven yet that no entry is left after the kill",
    severity=Severity.LOW,
    cause="the exchange does not answer, or the venue keeps an order",
    consequence="the door refuses entries all the same; an old one could still fill",
    fix="see `qt orders`; cancel what rests at the venue by hand",
    verify="`qt kill status` shows proven_at",
    remedies=(_RECONCILE, Remedy.manual("qt orders", "shows what still rests at the venue")),
)
MEMORY_UNWRITTEN = FindingKind(
    code="QT-RISK-MEMORY-UNWRITTEN",
    title="what losses are measured against cannot be kept",
    severity=Severity.MEDIUM,
    cause="the disk takes no bytes",
    consequence="limits hold as long as this process lives; after a restart they would have to be proven again",
    fix="free space on the disk of the home folder",
    verify="`qt status` shows risk_guard healthy",
    remedies=(
        Remedy.confirm(
            """call logs.prune '{"keep_days": 0}'""",
            "deletes all older parts of logs in the home, which frees space where there are any",
        ),
        Remedy.manual("df -h", "shows which disk is full", "the file is written within seconds"),
    ),
    effect_of=("QT-LOGS-DISK", "QT-STATE-UNWRITABLE", "QT-JOURNAL-UNWRITABLE"),
)

LIMITS = {
    "kill_switch": KILL_SWITCH,
    "account": ACCOUNT,
    "memory": MEMORY,
    "exposure_unknown": EXPOSURE_UNKNOWN,
    "order_rate": ORDER_RATE,
    "equity": EQUITY,
    "daily_loss": DAILY_LOSS,
    "drawdown": DRAWDOWN,
    "gross_exposure": GROSS_EXPOSURE,
    "net_exposure": NET_EXPOSURE,
    "position_notional": POSITION_NOTIONAL,
    "loss_streak": LOSS_STREAK,
}
"""By the name of the limit that is broken."""

KINDS = (*LIMITS.values(), KILL_UNPROVEN, MEMORY_UNWRITTEN)
