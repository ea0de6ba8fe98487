"""How the door to the venue is doing, judged by its effect; pure."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.exchange.comparing import Stranger
from plugins.exchange.ids import Owner
from qtcore import Condition, Finding, Health, Severity, Status, counted

STALE_S = 15.0
STREAM_DOWN_S = 10.0
UNCLEAR_S = 15.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What health looks at; ages in real seconds."""

    reconciled_age_s: float | None
    failing: str | None
    stream_down_s: float
    stream_ended_because: str
    unclear: tuple[str, ...]
    oldest_unclear_s: float
    disagreeing: tuple[str, ...]
    strangers: tuple[Stranger, ...]
    ledger_fault: str | None
    positions: int
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
        status=min((_STATUS[finding.code] for finding in findings), key=lambda s: s.rank, default=_status(figures)),
        summary=findings[0].summary if findings else _reconciled(figures),
        conditions=conditions,
        findings=tuple(findings),
        facts={
            "reconciled_age_s": figures.reconciled_age_s,
            "stream_down_s": figures.stream_down_s,
            "unclear_orders": len(figures.unclear),
            "positions": figures.positions,
            "fills": figures.fills,
            "weight_1m": figures.weight_1m,
            "odd_symbols": figures.odd_symbols,
        },
    )


_STATUS = {
    "QT-EXCHANGE-STALE": Status.CRITICAL,
    # Restarting would not mend these, and the plugin that could start no more could close nothing either.
    "QT-EXCHANGE-DB": Status.DEGRADED,
    "QT-EXCHANGE-OTHER-MODE": Status.DEGRADED,
    "QT-EXCHANGE-BANNED": Status.DEGRADED,
    "QT-EXCHANGE-NOT-ARMED": Status.DEGRADED,
    "QT-EXCHANGE-UNCLEAR": Status.DEGRADED,
    "QT-EXCHANGE-LEDGER": Status.DEGRADED,
    "QT-EXCHANGE-STREAM": Status.DEGRADED,
    "QT-EXCHANGE-SLOWED": Status.DEGRADED,
    "QT-EXCHANGE-FOREIGN-POSITION": Status.HEALTHY,
    "QT-EXCHANGE-FOREIGN": Status.HEALTHY,
}


def _status(figures: Figures) -> Status:
    return Status.UNKNOWN if figures.reconciled_age_s is None else Status.HEALTHY


def _reconciled(figures: Figures) -> str:
    if figures.reconciled_age_s is None:
        return "not reconciled with the venue yet"
    return f"reconciled {figures.reconciled_age_s:.1f} s ago, {counted(figures.positions, 'position')}"


def _not_armed(figures: Figures) -> Finding | None:
    if figures.not_armed is None:
        return None
    return Finding(
        code="QT-EXCHANGE-NOT-ARMED",
        severity=Severity.MEDIUM,
        summary="mode live, and nobody has allowed entries",
        evidence={"why": figures.not_armed},
        cause=figures.not_armed,
        consequence="nothing is entered; what is held is protected and closed with real money all the same",
        fix="`qt arm FINGERPRINT --hours 8`, if real money is to be risked",
        verify="qt status",
    )


def _banned(figures: Figures) -> Finding | None:
    if not figures.banned_s:
        return None
    return Finding(
        code="QT-EXCHANGE-BANNED",
        severity=Severity.CRITICAL,
        summary=f"the venue has banned this address for another {figures.banned_s:.0f} s",
        evidence={"seconds_left": round(figures.banned_s)},
        cause="requests went on after the venue had asked for fewer (HTTP 418)",
        consequence="nothing can be entered, moved or closed from here; stops that are at the venue stay there",
        fix="stop whatever else uses this address; close by hand in the venue's own application if it cannot wait",
        verify="qt status",
    )


def _slowed(figures: Figures) -> Finding | None:
    if not figures.paused_s or figures.banned_s:
        return None
    return Finding(
        code="QT-EXCHANGE-SLOWED",
        severity=Severity.MEDIUM,
        summary=f"the venue asked for fewer requests; entries and data wait another {figures.paused_s:.0f} s",
        evidence={"seconds_left": round(figures.paused_s), "weight_1m": figures.weight_1m},
        cause="the address used up its request weight (HTTP 429); other programs on this address count too",
        consequence="no entries and no reconciliation for so long; exits go on",
        fix="none needed; if it comes back, see what else uses this address",
        verify="qt status",
    )


def _stale(figures: Figures) -> Finding | None:
    age_s = figures.reconciled_age_s
    if age_s is None or age_s <= STALE_S:
        return None
    return Finding(
        code="QT-EXCHANGE-STALE",
        severity=Severity.CRITICAL,
        summary=f"the account was last reconciled {age_s:.0f} s ago",
        evidence={"age_s": age_s, "limit_s": STALE_S, "failing": figures.failing},
        cause=figures.failing or "the venue does not answer in time",
        consequence="what is held and protected is not known for certain; entries are refused",
        fix="bring the venue back or repair the connection to it",
        verify="qt call exchange.reconcile",
        healable=True,
    )


def _stream(figures: Figures) -> Finding | None:
    if figures.stream_down_s <= STREAM_DOWN_S:
        return None
    return Finding(
        code="QT-EXCHANGE-STREAM",
        severity=Severity.MEDIUM,
        summary=f"the user stream has been down for {figures.stream_down_s:.0f} s",
        evidence={"down_s": figures.stream_down_s, "ended": figures.stream_ended_because},
        cause=figures.stream_ended_because,
        consequence="fills are noticed at the next reconciliation instead of at once",
        fix="none needed while the venue answers; it dials again by itself",
        verify="qt status",
        healable=True,
    )


def _unclear(figures: Figures) -> Finding | None:
    if not figures.unclear or figures.oldest_unclear_s <= UNCLEAR_S:
        return None
    return Finding(
        code="QT-EXCHANGE-UNCLEAR",
        severity=Severity.HIGH,
        summary=f"{len(figures.unclear)} orders have had an unclear outcome for {figures.oldest_unclear_s:.0f} s",
        evidence={"orders": list(figures.unclear)},
        cause="the venue's answer did not come, and it has not proved yet what happened",
        consequence="each may or may not be filled; its symbol takes no new entry",
        fix="wait for the venue; nothing is sent again before there is proof",
        verify="qt orders",
        healable=True,
    )


def _disagreeing(figures: Figures) -> Finding | None:
    if not figures.disagreeing:
        return None
    return Finding(
        code="QT-EXCHANGE-LEDGER",
        severity=Severity.HIGH,
        summary=f"fills and position differ in {', '.join(figures.disagreeing)}",
        evidence={"symbols": list(figures.disagreeing)},
        cause="the venue's list of trades does not add up to its position; history may be missing",
        consequence="profit and reasons of these positions cannot be booked",
        fix="compare the venue's trade list with the table fills of exchange.db",
        verify="qt call exchange.reconcile",
    )


def _other_mode(figures: Figures) -> Finding | None:
    found = [stranger for stranger in figures.strangers if stranger.owner is Owner.OTHER_MODE]
    if not found:
        return None
    return Finding(
        code="QT-EXCHANGE-OTHER-MODE",
        severity=Severity.CRITICAL,
        summary=f"this account holds {len(found)} orders or positions that this application made in another mode",
        evidence={"found": [_named(stranger) for stranger in found[:20]]},
        cause="two runs of different modes share one account, or the account belongs to another mode",
        consequence="one of them believes it plays while it does not: entries are refused, exits and stops go on",
        fix="stop both with `qt down`, find out whose account it is, and give each mode an account of its own",
        verify="qt strangers",
    )


def _foreign_orders(figures: Figures) -> Finding | None:
    found = [it for it in figures.strangers if it.owner is Owner.FOREIGN and it.kind != "position"]
    if not found:
        return None
    return Finding(
        code="QT-EXCHANGE-FOREIGN",
        severity=Severity.LOW,
        summary=f"{len(found)} open orders were not made by this application",
        evidence={"orders": [_named(stranger) for stranger in found[:20]]},
        cause="somebody else trades on this account",
        consequence="they are left alone; positions may change without us",
        fix="cancel them at the venue, or give the application an account of its own",
        verify="qt strangers",
    )


def _foreign_positions(figures: Figures) -> Finding | None:
    found = [it for it in figures.strangers if it.owner is Owner.FOREIGN and it.kind == "position"]
    if not found:
        return None
    return Finding(
        code="QT-EXCHANGE-FOREIGN-POSITION",
        severity=Severity.MEDIUM,
        summary=f"{', '.join(it.symbol for it in found)}: opened by somebody else",
        evidence={"positions": [_named(stranger) for stranger in found[:20]]},
        cause="somebody else trades on this account",
        consequence="they are protected and closed by the same rules as our own, and count against the limits",
        fix="close them by hand, or give the application an account of its own",
        verify="qt strangers",
    )


def _named(stranger: Stranger) -> str:
    return f"{stranger.kind} {stranger.symbol} {stranger.client_id}"


def _ledger(figures: Figures) -> Finding | None:
    if figures.ledger_fault is None:
        return None
    return Finding(
        code="QT-EXCHANGE-DB",
        severity=Severity.CRITICAL,
        summary="exchange.db cannot be written",
        evidence={"error": figures.ledger_fault},
        cause=figures.ledger_fault,
        consequence="no entries; protective and closing orders still go out and are written down later",
        fix="free space on the disk or repair it; exchange.db must not be deleted while positions are open",
        verify="qt status",
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
