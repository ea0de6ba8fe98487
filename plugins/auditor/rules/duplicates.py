"""One plan is carried out once, and one owner leads a position (F17, F22, G5, G9, B17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from plugins.auditor.rules.posture import BY_THE_VENUE
from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, by_hand, missing, unseen, verdict
from plugins.auditor.view import ZERO, Booked, Guard, Moment, Scene
from plugins.domain import Posture, Purpose
from qtcore import FindingKind, Severity

RECENT = timedelta(minutes=10)
"""What happened longer ago is history: it is in the ledger and in the journal."""

OURS = "qt-"

TURNED = FindingKind(
    code="QT-AUDIT-TURNED",
    title="a close that opened something",
    severity=Severity.CRITICAL,
    root=True,
    cause="an order that should only close did not say reduce-only, or was carried out twice",
    consequence="positions turn over and over, each time at the cost of spread and fees; the posture is reduce_only",
    fix="find who sent it: `qt orders --limit 20`, `qt strangers`; keep entries stopped until it is known",
    verify="ten minutes without another one: `qt invariants` shows the rule `closes_reduce` holding",
    remedies=(by_hand("qt kill on", "keeps entries stopped until a person allows them"), SHOW),
)
REPEATED = FindingKind(
    code="QT-AUDIT-REPEATED",
    title="one position entered more than once",
    severity=Severity.HIGH,
    root=True,
    cause="a plan was carried out twice, or two plans chose the same symbol at the same moment",
    consequence="more is at risk in one symbol than one plan meant; entries wait",
    fix="`qt orders --limit 20` shows the entries; reduce with `qt call exchange.reduce` if it is too much",
    verify="`qt invariants` shows the rule `one_entry` holding",
    remedies=(by_hand("qt positions", "shows how much is open"), SHOW),
)
OWNERS = FindingKind(
    code="QT-AUDIT-OWNERS",
    title="two owners of one position's stop",
    severity=Severity.HIGH,
    effect_of=("QT-EXCHANGE-FOREIGN",),
    cause="two engines place stops for one position, or an old one was never cancelled",
    consequence="the position may be closed twice, and the second close opens the other side",
    fix="cancel the one that should not be there: `qt strangers` or `qt orders`",
    verify="`qt invariants` shows the rule `one_owner` holding",
    remedies=(by_hand("qt strangers", "lists what others have on the account"), SHOW),
)


def check_closes_reduce(scene: Scene, moment: Moment) -> Verdict:
    """Fills of stops, exits and strangers: none may turn a position over or make it grow."""
    if scene.ledger is None:
        return unseen(missing(scene, "ledger"))
    entries = {order.id for order in scene.ledger.orders if order.purpose is Purpose.ENTRY}
    exits = {order.id for order in scene.ledger.orders if order.purpose is not Purpose.ENTRY}
    recent = [fill for fill in scene.ledger.fills if fill.at > moment.wall - RECENT and fill.client_id not in entries]
    return verdict(len(recent), (found for fill in recent if (found := _turned(fill, fill.client_id in exits))))


def _turned(fill: Booked, of_exit: bool) -> Suspicion | None:
    over = fill.before * fill.after < ZERO
    grew = of_exit and abs(fill.after) > abs(fill.before)
    if not (over or grew) or fill.client_id.startswith(BY_THE_VENUE):
        return None
    what = "turned it over" if over else "made it larger"
    summary = f"a close of {fill.symbol} {what}: from {fill.before:+f} to {fill.after:+f}"
    return Suspicion(TURNED, fill.symbol, summary, {"client_id": fill.client_id, "sequence": fill.sequence})


def check_one_entry(scene: Scene, moment: Moment) -> Verdict:
    """Round trips and the signals whose entries filled in them."""
    if scene.ledger is None:
        return unseen(missing(scene, "ledger"))
    signals = {order.id: order.signal_id or order.id for order in scene.ledger.orders if order.purpose is Purpose.ENTRY}
    of_round: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for fill in scene.ledger.fills:
        if fill.at > moment.wall - RECENT and fill.client_id in signals:
            of_round[fill.position_id, fill.symbol].add(signals[fill.client_id])
    return verdict(len(of_round), _repeated(of_round))


def _repeated(of_round: dict[tuple[str, str], set[str]]) -> Iterator[Suspicion]:
    for (position, symbol), signals in of_round.items():
        if len(signals) > 1:
            summary = f"{len(signals)} signals were entered in one position of {symbol}"
            yield Suspicion(REPEATED, symbol, summary, {"position": position, "signals": sorted(signals)})


def check_one_owner(scene: Scene, _: Moment) -> Verdict:
    """Stops that wait at the venue for one position: one closes it, and no stranger's stands beside it."""
    if scene.venue is None:
        return unseen(missing(scene, "venue"))
    stops = [guard for guard in scene.venue.guards if guard.is_stop and guard.symbol in scene.venue.positions]
    return verdict(len(stops), _doubled(scene, stops))


def _doubled(scene: Scene, stops: list[Guard]) -> Iterator[Suspicion]:
    for symbol, held in scene.venue.positions.items() if scene.venue else ():
        own = [guard for guard in stops if guard.symbol == symbol and guard.side is held.side.opposite]
        whole = [guard for guard in own if guard.quantity is None and not guard.kind.startswith("STOP_LIMIT")]
        if len(whole) > 1 and len({_owner(guard) for guard in whole}) > 1:
            summary = f"{len(whole)} stops of different owners close the {held.side.value} in {symbol}"
            yield Suspicion(OWNERS, symbol, summary, {"client_ids": [guard.client_id for guard in whole]})


def _owner(guard: Guard) -> str:
    return OURS if guard.client_id.startswith(OURS) else guard.client_id


CLOSES_REDUCE = Rule(
    name="closes_reduce",
    says="what closes a position never turns it over or makes it larger",
    looks_at="fills",
    incidents=("F17", "F21"),
    check=check_closes_reduce,
    kinds=(TURNED,),
    patience_s=0.0,
    posture=Posture.REDUCE_ONLY,
)
ONE_ENTRY = Rule(
    name="one_entry",
    says="each position was entered by one signal",
    looks_at="round trips",
    incidents=("G5", "G9", "D12"),
    check=check_one_entry,
    kinds=(REPEATED,),
    patience_s=0.0,
    posture=Posture.NO_ENTRIES,
)
ONE_OWNER = Rule(
    name="one_owner",
    says="the stops of a position have one owner",
    looks_at="stops",
    incidents=("F22", "B17"),
    check=check_one_owner,
    kinds=(OWNERS,),
    patience_s=5.0,
    needs=frozenset({"exchange", "position_monitor"}),
)
