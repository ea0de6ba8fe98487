"""What can be wrong with the paper venue: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Reach, Remedy, Severity

FAULT = FindingKind(
    code="QT-VENUE-FAULT",
    title="the venue misbehaves on purpose",
    severity=Severity.MEDIUM,
    cause="somebody asked for the fault, to rehearse what happens then",
    consequence="the venue misbehaves on purpose: what follows from it elsewhere is a rehearsal",
    fix="wait until it is over, or end it with `qt call paper_exchange.clear_faults`",
    verify="`qt call paper_exchange.faults` lists none",
    remedies=(
        Remedy.confirm("call paper_exchange.clear_faults", "ends the rehearsal: all faults are off", "no fault is on"),
    ),
    reach=Reach.NOTHING,  # a rehearsal that explains itself would rehearse nothing
    root=True,
)
LEDGER = FindingKind(
    code="QT-VENUE-LEDGER",
    title="the venue's ledger cannot be written",
    severity=Severity.CRITICAL,
    cause="the disk is full, failing, or may only be read",
    consequence="every order is refused and the market stands still: nothing is said that is not kept",
    fix="free disk space, or make the home folder writable",
    verify="the next moment of the market is written by itself within a second",
    remedies=(
        Remedy.confirm(
            """call logs.prune '{"keep_days": 0}'""",
            "deletes all older parts of logs in the home, which frees space where there are any",
        ),
        Remedy.manual("df -h", "shows which disk is full", "the market moves again"),
    ),
    effect_of=("QT-LOGS-DISK", "QT-STATE-UNWRITABLE", "QT-JOURNAL-UNWRITABLE"),
)
MARKET_ENDED = FindingKind(
    code="QT-VENUE-MARKET-ENDED",
    title="the recorded market has come to its end",
    severity=Severity.MEDIUM,
    cause="the recording holds no more",
    consequence="prices stand still; orders are still taken at the last price",
    fix="start with a longer recording or a simulated market, and another home folder",
    verify="`qt status` shows market time moving",
    remedies=(
        Remedy.manual(
            "qt up --market simulated --home DIR", "begins anew on a market that does not end, in a new home"
        ),
    ),
    root=True,
)
STALLED = FindingKind(
    code="QT-VENUE-STALLED",
    title="the market stands still",
    severity=Severity.CRITICAL,
    cause="the machine does not keep up with the speed that was asked for, or the venue's loop is blocked",
    consequence="no price moves, no stop fires, no order is filled",
    fix="restart the plugin; if it comes back, lower the speed",
    verify="`qt status` shows market time moving",
    remedies=(Remedy.confirm("restart", "opens the venue anew where its ledger ends", "market time moves"),),
)

KINDS = (FAULT, LEDGER, MARKET_ENDED, STALLED)
