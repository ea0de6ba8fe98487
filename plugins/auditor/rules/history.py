"""The history has what exchange.db has, and nothing that it has not (G3, G4, G6, G8, G10, G11, G12, H15, D6)."""

from __future__ import annotations

from collections.abc import Iterator

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, by_itself, missing, unseen, verdict
from plugins.auditor.view import ZERO, HistoryTruth, LedgerTruth, Moment, Scene, age_s
from qtcore import FindingKind, Severity

YOUNG_S = 2.0
"""A fill may take so long to be stored."""

YOUNG_ROW_S = 1.0
"""The two files are not read at the same instant."""

REBUILD = by_itself(
    "call database.rebuild",
    "fetches every fill of the exchange again, folds every row anew, and puts away what no fill supports",
    "rows and fills agree",
)

ROWS = FindingKind(
    code="QT-AUDIT-ROWS",
    title="rows of the history that are not what happened",
    severity=Severity.HIGH,
    root=True,
    cause="a row was written or changed by another writer than its owner, or was left open when its position closed",
    consequence="whoever counts rows believes what is not so: slots, exposure, profit, signals",
    fix="`qt call database.rebuild` folds every row anew from the fills and puts away what no fill supports",
    verify="`qt invariants` shows the rules `history_rows` and `signal_rows` holding",
    remedies=(REBUILD, SHOW),
)
UNSTORED = FindingKind(
    code="QT-OUTCOME-UNSTORED",
    title="closed positions without a stored trade",
    severity=Severity.CRITICAL,
    effect_of=("QT-DATABASE-UNWRITABLE", "QT-DATABASE-DAMAGED", "QT-DATABASE-LAG", "QT-PLUGIN-STOPPED"),
    cause="the writer of the history is stopped, or its rows were removed",
    consequence="profit shows as nothing, and what learns from trades learns nothing",
    fix="`qt start database` if it is stopped; `qt call database.rebuild` fetches everything again from the exchange",
    verify="`qt trades` lists the closes that `qt invariants` named",
    remedies=(REBUILD, SHOW),
)
_NO_SIGNALS = "another writer put rows into the table of signals that are no signals"


def check_closes(scene: Scene, moment: Moment) -> Verdict:
    """The newest closes of exchange.db against the stored trades."""
    if scene.ledger is None or scene.history is None:
        return unseen(missing(scene, "ledger", "history"))
    due = [fill for fill in scene.ledger.fills if fill.closes and age_s(fill.at, moment.wall) > YOUNG_S]
    lost = [fill for fill in due if closed_id(scene.ledger, fill.sequence) not in scene.history.trades]
    if not lost:
        return verdict(len(due), ())
    first = lost[0]
    summary = (
        f"{len(lost)} of {len(due)} closed positions have no stored trade, the oldest since "
        f"{age_s(first.at, moment.wall):.0f} s ({first.symbol})"
    )
    names = [closed_id(scene.ledger, fill.sequence) for fill in lost[:10]]
    return verdict(len(due), [Suspicion(UNSTORED, "", summary, {"positions": [*names], "closes": len(due)})])


def closed_id(ledger: LedgerTruth, sequence: int) -> str:
    """The round trip that a fill closed; one that turned a position over bears the name of the next."""
    fills = [fill for fill in ledger.fills if fill.sequence <= sequence]
    last = fills[-1]
    if last.after == ZERO:
        return last.position_id
    before = [fill for fill in fills[:-1] if fill.symbol == last.symbol]
    return before[-1].position_id if before else last.position_id


def check_rows(scene: Scene, moment: Moment) -> Verdict:
    """Open rows of the history against each symbol's position by exchange.db."""
    if scene.ledger is None or scene.history is None:
        return unseen(missing(scene, "ledger", "history"))
    found = [*_odd_rows(scene.ledger, scene.history, moment), *_no_positions(scene.history)]
    return verdict(len(scene.history.open) + len(scene.history.odd_positions), found)


def _no_positions(history: HistoryTruth) -> Iterator[Suspicion]:
    for name in history.odd_positions:
        yield Suspicion(ROWS, name, f"the row {name} in the table of positions is no position", {"row": name})


def _odd_rows(ledger: LedgerTruth, history: HistoryTruth, moment: Moment) -> Iterator[Suspicion]:
    for row in history.open:
        amount, since = ledger.after.get(row.symbol, (ZERO, None))
        if since is not None and age_s(since, moment.wall) < YOUNG_S:
            continue
        if age_s(row.updated_at, moment.wall) < YOUNG_ROW_S:
            continue
        told = row.side.sign * row.quantity
        if told != amount:
            summary = f"the history has {row.id} open with {told:+f}, and by its fills {row.symbol} is {amount:+f}"
            evidence = {"row": row.id, "row_quantity": str(told), "exchange_db": str(amount)}
            yield Suspicion(ROWS, row.id, summary, evidence)


def check_signal_rows(scene: Scene, _: Moment) -> Verdict:
    """The newest rows of the table of signals: each is a signal."""
    if scene.history is None:
        return unseen(missing(scene, "history"))
    odd = scene.history.no_signals
    if not odd:
        return verdict(scene.history.made, ())
    summary = f"{len(odd)} rows in the table of signals are no signals, like {odd[0]}"
    suspicion = Suspicion(ROWS, "signals", summary, {"ids": [*odd[:10]]}, cause=_NO_SIGNALS)
    return verdict(scene.history.made + len(odd), [suspicion])


CLOSES = Rule(
    name="closes",
    says="each closed position is a stored trade",
    looks_at="closes",
    incidents=("G6", "I8", "B18"),
    check=check_closes,
    kinds=(UNSTORED,),
    patience_s=2.0,
    needs=frozenset({"database", "exchange"}),
    repair="database.rebuild",
)
HISTORY_ROWS = Rule(
    name="history_rows",
    says="the history has open exactly what the fills in exchange.db leave open",
    looks_at="open rows",
    incidents=("G3", "G4", "G8", "G10", "G11", "G12", "H15"),
    check=check_rows,
    kinds=(ROWS,),
    patience_s=1.0,
    needs=frozenset({"database", "exchange"}),
    repair="database.rebuild",
)
SIGNAL_ROWS = Rule(
    name="signal_rows",
    says="each row in the table of signals is a signal",
    looks_at="rows",
    incidents=("D6", "D2", "D5"),
    check=check_signal_rows,
    kinds=(ROWS,),
    patience_s=0.0,
    repair="database.rebuild",
)
