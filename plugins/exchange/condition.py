"""How the door to the venue is doing, judged by its effect; pure."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.exchange import kinds
from plugins.exchange.comparing import Stranger
from plugins.exchange.ids import Owner
from qtcore import Condition, Finding, Health, Severity, Status, counted

STALE_S = 15.0
STREAM_DOWN_S = 10.0
OWED_S = 3.0
"""Questions about the account are answered within a second; one that is out for longer is news by itself."""
UNCLEAR_S = 3.0
UNCLEAR_LONG_S = 15.0
"""After so long the door tries by its own means, where the venue answers at all."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is not known of the account and its orders; ages in real seconds."""

    reconciled_age_s: float | None
    failing: str | None = None
    owed_s: float = 0.0
    """How long a question about the account has been without an answer."""
    positions: int = 0
    unclear: tuple[str, ...] = ()
    oldest_unclear_s: float = 0.0
    in_vain: str | None = None
    """Why the last question about such an order had no answer."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What health looks at; ages in real seconds."""

    doubts: Doubts
    stream_down_s: float
    stream_ended_because: str
    disagreeing: tuple[str, ...]
    strangers: tuple[Stranger, ...]
    ledger_fault: str | None
    fills: int
    weight_1m: int
    banned_s: float = 0.0
    paused_s: float = 0.0
    odd_symbols: int = 0
    not_armed: str | None = None


def health_of(figures: Figures) -> Health:
    """The worst of all conditions, with a finding for each that somebody could act on."""
    findings = [finding for rule in _RULES if (finding := rule(figures)) is not None]
    conditions = (
        Condition(name="reconciled", status=_status(figures), reason=_reconciled(figures)),
        Condition(
            name="user_stream",
            status=Status.DEGRADED if figures.stream_down_s > STREAM_DOWN_S else Status.HEALTHY,
            reason=f"down for {figures.stream_down_s:.1f} s" if figures.stream_down_s else "open",
        ),
    )
    return Health(
        status=min((_status_of(finding) for finding in findings), key=lambda s: s.rank, default=_status(figures)),
        summary=findings[0].summary if findings else _reconciled(figures),
        conditions=conditions,
        findings=tuple(findings),
        facts={
            "reconciled_age_s": figures.doubts.reconciled_age_s,
            "stream_down_s": figures.stream_down_s,
            "unclear_orders": len(figures.doubts.unclear),
            "positions": figures.doubts.positions,
            "fills": figures.fills,
            "weight_1m": figures.weight_1m,
            "odd_symbols": figures.odd_symbols,
        },
    )


_STATUS = {
    kinds.STALE.code: Status.CRITICAL,
    # Restarting would not mend these, and the plugin that could start no more could close nothing either.
    kinds.DB.code: Status.DEGRADED,
    kinds.OTHER_MODE.code: Status.DEGRADED,
    kinds.BANNED.code: Status.DEGRADED,
    kinds.NOT_ARMED.code: Status.DEGRADED,
    kinds.UNCLEAR.code: Status.DEGRADED,
    kinds.LEDGER.code: Status.DEGRADED,
    kinds.STREAM.code: Status.DEGRADED,
    kinds.SLOWED.code: Status.DEGRADED,
    kinds.FOREIGN_POSITION.code: Status.HEALTHY,
    kinds.FOREIGN.code: Status.HEALTHY,
}


def _status_of(finding: Finding) -> Status:
    """Where it is the venue that does not answer, a new start would only keep exits waiting (C7)."""
    if finding.code == kinds.STALE.code and not finding.healable:
        return Status.DEGRADED
    return _STATUS[finding.code]


def _status(figures: Figures) -> Status:
    return Status.UNKNOWN if figures.doubts.reconciled_age_s is None else Status.HEALTHY


def _reconciled(figures: Figures) -> str:
    age_s = figures.doubts.reconciled_age_s
    if age_s is None:
        return "not reconciled with the venue yet"
    return f"reconciled {age_s:.1f} s ago, {counted(figures.doubts.positions, 'position')}"


def _not_armed(figures: Figures) -> Finding | None:
    why = figures.not_armed
    if why is None:
        return None
    return kinds.NOT_ARMED.found("mode live, and nobody has allowed entries", evidence={"why": why}, cause=why)


def _banned(figures: Figures) -> Finding | None:
    if not figures.banned_s:
        return None
    return kinds.BANNED.found(
        f"the venue has banned this address for another {figures.banned_s:.0f} s",
        evidence={"seconds_left": round(figures.banned_s)},
    )


def _slowed(figures: Figures) -> Finding | None:
    if not figures.paused_s or figures.banned_s:
        return None
    return kinds.SLOWED.found(
        f"the venue asked for fewer requests; entries and data wait another {figures.paused_s:.0f} s",
        evidence={"seconds_left": round(figures.paused_s), "weight_1m": figures.weight_1m},
    )


def stale_finding(doubts: Doubts) -> Finding | None:
    """The account is too old, or the venue takes longer to answer than it ever does; graver where money is at stake."""
    age_s = doubts.reconciled_age_s
    if age_s is None:
        return None
    if age_s > STALE_S:
        return kinds.STALE.found(
            f"the account was last reconciled {age_s:.0f} s ago",
            evidence={"age_s": age_s, "limit_s": STALE_S, "failing": doubts.failing},
            cause=doubts.failing or "",
            healable=doubts.failing is None,
        )
    if doubts.owed_s <= OWED_S:
        return None
    return kinds.STALE.found(
        f"the venue has owed an answer about the account for {doubts.owed_s:.0f} s",
        severity=Severity.HIGH if doubts.positions else Severity.MEDIUM,
        evidence={"owed_s": round(doubts.owed_s, 1), "limit_s": OWED_S, "age_s": age_s, "failing": doubts.failing},
        cause=doubts.failing or "",
        healable=False,
    )


def _stale(figures: Figures) -> Finding | None:
    return stale_finding(figures.doubts)


def _stream(figures: Figures) -> Finding | None:
    if figures.stream_down_s <= STREAM_DOWN_S:
        return None
    return kinds.STREAM.found(
        f"the user stream has been down for {figures.stream_down_s:.0f} s",
        evidence={"down_s": figures.stream_down_s, "ended": figures.stream_ended_because},
        cause=figures.stream_ended_because,
    )


def unclear_finding(doubts: Doubts) -> Finding | None:
    """Orders of which nobody knows; healable where the venue answers and there has been no proof all the same."""
    if not doubts.unclear or doubts.oldest_unclear_s <= UNCLEAR_S:
        return None
    orders = counted(len(doubts.unclear), "order")
    return kinds.UNCLEAR.found(
        f"the outcome of {orders} has been unclear for {doubts.oldest_unclear_s:.0f} s",
        evidence={"orders": list(doubts.unclear), "asked_in_vain": doubts.in_vain},
        cause=doubts.in_vain or "",
        healable=doubts.in_vain is None and doubts.oldest_unclear_s > UNCLEAR_LONG_S,
    )


def _unclear(figures: Figures) -> Finding | None:
    return unclear_finding(figures.doubts)


def _disagreeing(figures: Figures) -> Finding | None:
    if not figures.disagreeing:
        return None
    return kinds.LEDGER.found(
        f"fills and position differ in {', '.join(figures.disagreeing)}",
        evidence={"symbols": list(figures.disagreeing)},
    )


def _other_mode(figures: Figures) -> Finding | None:
    found = [stranger for stranger in figures.strangers if stranger.owner is Owner.OTHER_MODE]
    if not found:
        return None
    return kinds.OTHER_MODE.found(
        f"this account holds {len(found)} orders or positions that this application made in another mode",
        evidence={"found": [_named(stranger) for stranger in found[:20]]},
    )


def _foreign_orders(figures: Figures) -> Finding | None:
    found = [it for it in figures.strangers if it.owner is Owner.FOREIGN and it.kind != "position"]
    if not found:
        return None
    return kinds.FOREIGN.found(
        f"{len(found)} open orders were not made by this application",
        evidence={"orders": [_named(stranger) for stranger in found[:20]]},
    )


def _foreign_positions(figures: Figures) -> Finding | None:
    found = [it for it in figures.strangers if it.owner is Owner.FOREIGN and it.kind == "position"]
    if not found:
        return None
    return kinds.FOREIGN_POSITION.found(
        f"{', '.join(it.symbol for it in found)}: opened by somebody else",
        evidence={"positions": [_named(stranger) for stranger in found[:20]]},
    )


def _named(stranger: Stranger) -> str:
    return f"{stranger.kind} {stranger.symbol} {stranger.client_id}"


def _ledger(figures: Figures) -> Finding | None:
    fault = figures.ledger_fault
    return (
        None
        if fault is None
        else kinds.DB.found("exchange.db cannot be written", evidence={"error": fault}, cause=fault)
    )


_RULES = (
    _other_mode,
    _ledger,
    _banned,
    _stale,
    _slowed,
    _not_armed,
    _unclear,
    _disagreeing,
    _stream,
    _foreign_positions,
    _foreign_orders,
)
