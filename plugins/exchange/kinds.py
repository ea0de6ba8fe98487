"""What can be wrong at the door to the venue: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Reach, Remedy, Severity

_STATUS = "`qt status` shows exchange healthy"
_RECONCILE = Remedy.safe(
    "call exchange.reconcile", "asks the venue what is really there; sends no order", "`reconciled` in its answer"
)
_STRANGERS = Remedy.manual("qt strangers", "lists what this application did not make")

OTHER_MODE = FindingKind(
    code="QT-EXCHANGE-OTHER-MODE",
    title="the account holds what another mode made",
    severity=Severity.CRITICAL,
    cause="two runs of different modes share one account, or the account belongs to another mode",
    consequence="one of them believes it plays while it does not: entries are refused, exits and stops go on",
    fix="stop both with `qt down`, find out whose account it is, and give each mode an account of its own",
    verify="qt strangers",
    remedies=(_STRANGERS,),
    root=True,
)
DB = FindingKind(
    code="QT-EXCHANGE-DB",
    title="exchange.db cannot be written",
    severity=Severity.CRITICAL,
    cause="the disk is full, failing, or may only be read",
    consequence="no entries; protective and closing orders still go out and are written down later",
    fix="free space on the disk or repair it; exchange.db must not be deleted while positions are open",
    verify=_STATUS,
    remedies=(
        Remedy.confirm(
            """call logs.prune '{"keep_days": 0}'""",
            "deletes all older parts of logs in the home, which frees space where there are any",
        ),
        Remedy.manual("df -h", "shows which disk is full", "exchange.db is written again within seconds"),
    ),
    effect_of=("QT-LOGS-DISK", "QT-STATE-UNWRITABLE", "QT-JOURNAL-UNWRITABLE"),
)
DB_DAMAGED = FindingKind(
    code="QT-EXCHANGE-DB-DAMAGED",
    title="exchange.db was damaged and is rebuilt from the venue",
    severity=Severity.HIGH,
    cause="the disk or something else wrote into the file",
    consequence="fills, orders and stops come back from the venue; reasons of earlier orders are lost",
    fix="look at the file that was kept, which the evidence names, and at the disk's health",
    verify="qt trades",
    remedies=(_RECONCILE,),
    root=True,
)
BANNED = FindingKind(
    code="QT-EXCHANGE-BANNED",
    title="the venue has banned this address",
    severity=Severity.CRITICAL,
    cause="requests went on after the venue had asked for fewer (HTTP 418)",
    consequence="nothing can be entered, moved or closed from here; stops that are at the venue stay there",
    fix="stop whatever else uses this address; close by hand in the venue's own application if it cannot wait",
    verify=_STATUS,
    remedies=(Remedy.manual("qt positions", "shows what is open, to close by hand what cannot wait"),),
)
STALE = FindingKind(
    code="QT-EXCHANGE-STALE",
    title="the account has not been reconciled for too long",
    severity=Severity.CRITICAL,
    cause="the venue does not answer in time",
    consequence="what is held and protected is not known for certain; entries are refused",
    fix="bring the venue back or repair the connection to it",
    verify="qt call exchange.reconcile",
    remedies=(
        Remedy.safe("heal", "dials the user stream again and reconciles", "reconciled a moment ago"),
        _RECONCILE,
    ),
    healable=True,
    effect_of=("QT-EXCHANGE-BANNED", "QT-EXCHANGE-SLOWED"),
)
SLOWED = FindingKind(
    code="QT-EXCHANGE-SLOWED",
    title="the venue asked for fewer requests",
    severity=Severity.MEDIUM,
    cause="the address used up its request weight (HTTP 429); other programs on this address count too",
    consequence="no entries and no reconciliation for so long; exits go on",
    fix="none needed; if it comes back, see what else uses this address",
    verify=_STATUS,
    remedies=(Remedy.manual("qt status", "shows whether it has passed by itself"),),
)
NOT_ARMED = FindingKind(
    code="QT-EXCHANGE-NOT-ARMED",
    title="mode live, and nobody has allowed entries",
    severity=Severity.MEDIUM,
    cause="nobody has armed this account, or the time it was armed for is over",
    consequence="nothing is entered; what is held is protected and closed with real money all the same",
    fix="`qt arm FINGERPRINT --hours 8`, if real money is to be risked",
    verify=_STATUS,
    remedies=(Remedy.manual("qt arm FINGERPRINT --hours 8", "allows entries with real money for eight hours"),),
    reach=Reach.NOTHING,
    root=True,
)
UNCLEAR = FindingKind(
    code="QT-EXCHANGE-UNCLEAR",
    title="orders with an unclear outcome",
    severity=Severity.HIGH,
    cause="the venue's answer did not come, and it has not proved yet what happened",
    consequence="each may or may not be filled; its symbol takes no new entry",
    fix="wait for the venue; nothing is sent again before there is proof",
    verify="qt orders",
    remedies=(
        Remedy.safe("heal", "dials the user stream again and reconciles", "`qt orders` shows none unclear"),
        _RECONCILE,
    ),
    healable=True,
    effect_of=("QT-EXCHANGE-STALE", "QT-EXCHANGE-BANNED"),
)
LEDGER = FindingKind(
    code="QT-EXCHANGE-LEDGER",
    title="fills and position differ",
    severity=Severity.HIGH,
    cause="the venue's list of trades does not add up to its position; history may be missing",
    consequence="profit and reasons of these positions cannot be booked",
    fix="compare the venue's trade list with the table fills of exchange.db",
    verify="qt call exchange.reconcile",
    remedies=(_RECONCILE, Remedy.manual("qt trades", "shows what is booked, to compare with the venue's list")),
)
STREAM = FindingKind(
    code="QT-EXCHANGE-STREAM",
    title="the user stream is down",
    severity=Severity.MEDIUM,
    cause="the venue, or the way to it, closed the stream",
    consequence="fills are noticed at the next reconciliation instead of at once",
    fix="none needed while the venue answers; it dials again by itself",
    verify=_STATUS,
    remedies=(Remedy.safe("heal", "dials the user stream again and reconciles", "the stream is open"),),
    healable=True,
)
FOREIGN_POSITION = FindingKind(
    code="QT-EXCHANGE-FOREIGN-POSITION",
    title="positions that somebody else opened",
    severity=Severity.MEDIUM,
    cause="somebody else trades on this account",
    consequence="they are protected and closed by the same rules as our own, and count against the limits",
    fix="close them by hand, or give the application an account of its own",
    verify="qt strangers",
    remedies=(_STRANGERS,),
    reach=Reach.NOTHING,
    root=True,
)
FOREIGN = FindingKind(
    code="QT-EXCHANGE-FOREIGN",
    title="orders that somebody else made",
    severity=Severity.LOW,
    cause="somebody else trades on this account",
    consequence="they are left alone; positions may change without us",
    fix="cancel them at the venue, or give the application an account of its own",
    verify="qt strangers",
    remedies=(_STRANGERS,),
    reach=Reach.NOTHING,
    root=True,
)

KINDS = (
    OTHER_MODE,
    DB,
    DB_DAMAGED,
    BANNED,
    STALE,
    SLOWED,
    NOT_ARMED,
    UNCLEAR,
    LEDGER,
    STREAM,
    FOREIGN_POSITION,
    FOREIGN,
)
