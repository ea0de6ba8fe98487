"""No entry leaves while posture or kill forbid it, and everything is of one mode (H10, A1, A3, A8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, by_hand, missing, unseen, verdict
from plugins.auditor.view import Booked, Moment, PostureSpan, Scene
from plugins.domain import Mode, Posture, Purpose
from qtcore import FindingKind, Severity

GRACE = timedelta(seconds=1.5)
"""A word on its way: an entry sent within this time of a tightening had not heard it."""

RECENT = timedelta(minutes=10)
OURS = "qt-"
BY_THE_VENUE = ("autoclose-", "adl_autoclose", "settlement_autoclose-", "algo-")

FORBIDDEN = FindingKind(
    code="QT-AUDIT-POSTURE",
    title="an entry although entries were stopped",
    severity=Severity.CRITICAL,
    root=True,
    cause="an order came to the venue past the door, or the door did not obey the kill switch or the posture",
    consequence="what was meant to be stopped goes on with real risk; the posture is tightened to reduce_only",
    fix="find who sends: `qt strangers`, `qt orders --limit 20`; change the API key if it was not this application",
    verify="`qt invariants` shows the rule `entries_obey` holding",
    remedies=(by_hand("qt kill on", "keeps entries stopped until a person allows them"), SHOW),
)
WRONG_MODE = FindingKind(
    code="QT-AUDIT-MODE",
    title="orders or addresses of another mode",
    severity=Severity.CRITICAL,
    root=True,
    cause="the ledger or the venue belongs to another mode than this run",
    consequence="what looks like play may be real money, or the reverse; entries wait",
    fix="stop with `qt down`; give each mode a home and an account of its own",
    verify="`qt invariants` shows the rule `one_mode` holding",
    remedies=(by_hand("qt down", "stops everything; stops on the venue stay"), SHOW),
)


def check_obedience(scene: Scene, moment: Moment) -> Verdict:
    """Entries sent, and positions grown, while the kill switch was on or the posture forbade it."""
    if scene.ledger is None:
        return unseen(missing(scene, "ledger"))
    since = moment.wall - RECENT
    sent = {order.id: order.sent_at for order in scene.ledger.orders if order.purpose is Purpose.ENTRY}
    recent = [(name, at) for name, at in sent.items() if at is not None and at > since]
    grown = [fill for fill in scene.ledger.fills if fill.at > since and fill.client_id not in sent and _grows(fill)]
    entries = [*((name, at, "sent") for name, at in recent), *((fill.client_id, fill.at, "filled") for fill in grown)]
    return verdict(len(entries), _forbidden(scene, entries))


def _grows(fill: Booked) -> bool:
    return abs(fill.after) > abs(fill.before)


def _forbidden(scene: Scene, entries: list[tuple[str, datetime, str]]) -> Iterator[Suspicion]:
    for name, at, what in entries:
        if why := _why_not(scene, at):
            summary = f"an entry was {what} at {at:%H:%M:%S} although {why}"
            yield Suspicion(FORBIDDEN, "", summary, {"client_id": name, "at": at.isoformat()})
            return


def _why_not(scene: Scene, at: datetime) -> str:
    if scene.kill.on and scene.kill.when is not None and at > scene.kill.when + GRACE:
        return f"the kill switch had been on since {scene.kill.when:%H:%M:%S}"
    span = _in_force(scene.postures, at)
    if span is not None and span.forbids and at > span.since + GRACE:
        return f"the posture had been {span.level} since {span.since:%H:%M:%S}"
    return ""


def _in_force(postures: tuple[PostureSpan, ...], at: datetime) -> PostureSpan | None:
    before = [span for span in postures if span.since <= at]
    return before[-1] if before else None


def check_mode(scene: Scene, _: Moment) -> Verdict:
    """The address's mode, and the mode in the ids of orders and fills, against the mode of this run."""
    ledger = scene.ledger
    ids = [] if ledger is None else [*(order.id for order in ledger.orders), *(fill.client_id for fill in ledger.fills)]
    if scene.address is None and not ids:
        return unseen(missing(scene, "address", "ledger") or "no order yet, and nobody says where the venue is")
    return verdict(len(ids) + (scene.address is not None), [*_strange_ids(scene, ids), *_strange_address(scene)])


def _strange_ids(scene: Scene, ids: list[str]) -> Iterator[Suspicion]:
    ours = f"{OURS}{scene.mode[0]}-"
    strange = [name for name in ids if _is_of_another_mode(name, ours)]
    if strange:
        summary = f"{len(strange)} orders in exchange.db bear ids of another mode than {scene.mode}, like {strange[0]}"
        yield Suspicion(WRONG_MODE, "orders", summary, {"ids": strange[:10], "mode": scene.mode})


def _is_of_another_mode(name: str, ours: str) -> bool:
    return (name.startswith(OURS) and not name.startswith(ours)) or name.upper().startswith("PAPER-")


def _strange_address(scene: Scene) -> Iterator[Suspicion]:
    address = scene.address
    if address is None:
        return
    if address.mode != scene.mode:
        summary = f"the venue's address is of mode {address.mode.value}, and this run is in mode {scene.mode}"
        yield Suspicion(WRONG_MODE, "address", summary, {"address": address.origin, "mode": scene.mode})
    elif address.mode is Mode.PAPER and not address.origin:
        yield Suspicion(WRONG_MODE, "address", "mode paper has no paper venue, only the venue's own hosts")


ENTRIES_OBEY = Rule(
    name="entries_obey",
    says="no entry is sent, and no position grows, while kill switch or posture forbid entries",
    looks_at="entries",
    incidents=("H10", "H5", "A15"),
    check=check_obedience,
    kinds=(FORBIDDEN,),
    patience_s=0.0,
    posture=Posture.REDUCE_ONLY,
)
ONE_MODE = Rule(
    name="one_mode",
    says="venue, orders and fills are of the mode that this run is in",
    looks_at="ids and addresses",
    incidents=("A1", "A3", "A8", "A10"),
    check=check_mode,
    kinds=(WRONG_MODE,),
    patience_s=1.0,
    posture=Posture.NO_ENTRIES,
)
