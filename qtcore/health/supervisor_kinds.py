"""What may be wrong with the supervisor itself and its records."""

from __future__ import annotations

from qtcore.health.kinds import FindingKind
from qtcore.health.model import Reach, Remedy, Severity

_GAPS = "what happens now may be missing from the records; supervision itself goes on"
_OVER = "`qt report` does not name it any more"
_FREE_SPACE = Remedy.manual("df -h", "shows which disk is full", "the records are written again within seconds")

DIED = FindingKind(
    code="QT-SUPERVISOR-DIED",
    title="the supervisor ended without stopping in order",
    severity=Severity.CRITICAL,
    cause="it was killed, ran out of memory, or the machine went down",
    consequence="nothing is supervised; all hosts ended with it",
    fix="start it again with `qt up`; `qt events` shows its last entries",
    verify="qt status",
    remedies=(Remedy.manual("qt up", "goes on where the records end", "`qt status` shows it running"),),
    root=True,
    reach=Reach.EVERYTHING,
)
SILENT = FindingKind(
    code="QT-SUPERVISOR-SILENT",
    title="the supervisor holds the home and does not answer",
    severity=Severity.CRITICAL,
    cause="its process was stopped by a signal, is starved, or hangs",
    consequence="nothing is healed meanwhile, and nothing may be entered once the leases have run out",
    fix="`ps -o stat= PID` shows T when it was stopped: `kill -CONT PID`; otherwise end it, then `qt up`",
    verify="qt status",
    remedies=(Remedy.manual("kill -CONT PID", "wakes a process that was stopped; PID is in the summary"),),
    root=True,
    reach=Reach.EVERYTHING,
)
BOOT_LOOP = FindingKind(
    code="QT-SUPERVISOR-BOOT-LOOP",
    title="the supervisor itself has died repeatedly",
    severity=Severity.HIGH,
    cause="it was killed again and again soon after its start: by a person, by lack of memory, or by what starts it",
    consequence="it is cautious now: the posture stays tightened until it has lived for a while",
    fix="find in `qt events` and in the machine's log what ended it",
    verify=_OVER,
    remedies=(Remedy.manual("qt events", "shows when each run began and ended"),),
    reach=Reach.NOTHING,
)
SOURCE_SILENT = FindingKind(
    code="QT-POSTURE-SOURCE-SILENT",
    title="no posture from a source that must claim one",
    severity=Severity.HIGH,
    cause="the source is not running, or does not know what it needs to judge",
    consequence="nobody knows what is allowed, so the posture is the one of `posture.when_unknown`",
    fix="bring the source that the summary names back to health",
    verify="`qt status` shows the posture that is wanted",
    remedies=(
        Remedy.safe("restart", "starts the source anew, where it is a plugin", "it claims a posture"),
        Remedy.manual("qt status", "shows how the source does"),
    ),
    effect_of=(
        "QT-PLUGIN-DOWN",
        "QT-PLUGIN-HUNG",
        "QT-PLUGIN-QUARANTINED",
        "QT-PLUGIN-STOPPED",
        "QT-PLUGIN-WAITS",
        "QT-PLUGIN-IDLE",
    ),
)
JOURNAL_UNWRITABLE = FindingKind(
    code="QT-JOURNAL-UNWRITABLE",
    title="the journal takes no writes",
    severity=Severity.HIGH,
    cause="the disk is full, failing, or may only be read",
    consequence=_GAPS,
    fix="free space on the disk of the home folder",
    verify=_OVER,
    remedies=(_FREE_SPACE,),
)
JOURNAL_RECOVERED = FindingKind(
    code="QT-JOURNAL-RECOVERED",
    title="the journal was damaged and begun anew",
    severity=Severity.MEDIUM,
    cause="the disk, a person or another program damaged the file while nobody ran",
    consequence="what could be read was carried over; what could not is missing from the history of earlier runs",
    fix="keep the moved file until its loss has been looked into, and look at the disk's health",
    verify="the next `qt up` does not name it",
    remedies=(Remedy.manual("qt events", "shows what was carried over"),),
    reach=Reach.NOTHING,
)
STATE_UNWRITABLE = FindingKind(
    code="QT-STATE-UNWRITABLE",
    title="the state files cannot be written",
    severity=Severity.HIGH,
    cause="the disk is full, failing, or may only be read",
    consequence=_GAPS,
    fix="free space on the disk of the home folder",
    verify=_OVER,
    remedies=(_FREE_SPACE,),
)
RECORDS_REMOVED = FindingKind(
    code="QT-RECORDS-REMOVED",
    title="records were deleted while they were written",
    severity=Severity.HIGH,
    cause="a person or another program tidied the home folder of a running supervisor",
    consequence=_GAPS,
    fix="nothing is to be done now; to free space, stop first, or let the limits do it",
    verify=_OVER,
    remedies=(Remedy.manual("qt report", "shows how much space is used, and what the limits remove by themselves"),),
    root=True,
    reach=Reach.NOTHING,
)
TELEMETRY_LOST = FindingKind(
    code="QT-TELEMETRY-LOST",
    title="spans and log lines were lost",
    severity=Severity.HIGH,
    cause="the disk is full, failing, or slower than what is written",
    consequence=_GAPS,
    fix="free space on the disk of the home folder",
    verify=_OVER,
    remedies=(_FREE_SPACE,),
)
TELEMETRY_UNSENT = FindingKind(
    code="QT-TELEMETRY-UNSENT",
    title="spans do not reach the endpoint",
    severity=Severity.MEDIUM,
    cause="the endpoint that the OTEL_ variables name does not answer, or refuses",
    consequence="the endpoint lacks spans; the traces in the home folder are complete",
    fix="mend the endpoint or the OTEL_ variables; a changed variable needs a new `qt up`",
    verify=_OVER,
    remedies=(Remedy.manual("qt trace", "shows the same spans from the home folder"),),
    reach=Reach.NOTHING,
)
REPORT_UNWRITTEN = FindingKind(
    code="QT-REPORT-UNWRITTEN",
    title="the last report was not written",
    severity=Severity.MEDIUM,
    cause="the disk takes no writes, or the machine was too busy for the process that writes it",
    consequence="the home keeps no report of this time; `qt report` still makes one on demand",
    fix="free space on the disk of the home folder, then see whether `qt report` works",
    verify="`qt report list` shows a new one",
    remedies=(_FREE_SPACE,),
    reach=Reach.NOTHING,
)

KINDS = (
    DIED,
    SILENT,
    BOOT_LOOP,
    SOURCE_SILENT,
    JOURNAL_UNWRITABLE,
    JOURNAL_RECOVERED,
    STATE_UNWRITABLE,
    RECORDS_REMOVED,
    TELEMETRY_LOST,
    TELEMETRY_UNSENT,
    REPORT_UNWRITTEN,
)
