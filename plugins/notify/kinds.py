"""What can keep a person from being told: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Remedy, Severity

_HEALTHY = "`qt status` shows notify healthy"

BLIND = FindingKind(
    code="QT-NOTIFY-BLIND",
    title="the journal cannot be read",
    severity=Severity.HIGH,
    cause="the journal was moved or damaged, or its disk does not answer",
    consequence="nobody is told of anything",
    fix="see `qt events`; mend or move the journal",
    verify=_HEALTHY,
    remedies=(
        Remedy.safe("heal", "tries again at once, and writes the memory anew"),
        Remedy.manual("qt events", "shows whether the journal can be read"),
    ),
    healable=True,
    effect_of=("QT-JOURNAL-UNWRITABLE",),
)
FORGOT = FindingKind(
    code="QT-NOTIFY-FORGOT",
    title="what was told cannot be kept",
    severity=Severity.MEDIUM,
    cause="the disk is full, failing, or may only be read",
    consequence="after a restart something may be told twice or not at all",
    fix="free space on the disk of the home folder",
    verify=_HEALTHY,
    remedies=(
        Remedy.safe("heal", "writes the memory anew", "the memory is written"),
        Remedy.manual("df -h", "shows which disk is full"),
    ),
    healable=True,
    effect_of=("QT-LOGS-DISK", "QT-STATE-UNWRITABLE", "QT-JOURNAL-UNWRITABLE"),
)


def _undelivered(receiver: str) -> FindingKind:
    return FindingKind(
        code=f"QT-NOTIFY-{receiver.upper()}",
        title=f"notices do not reach the {receiver} receiver",
        severity=Severity.HIGH,
        cause="its settings are wrong, or its server is away or refuses",
        consequence="a person may not learn what must be known; notices.jsonl in the home has them all",
        fix=f"check the settings of {receiver} and whether its server is up, then `qt notify test`",
        verify="`qt why notify` shows the test delivered",
        remedies=(
            Remedy.safe("heal", "tries at once to deliver what waits", "nothing waits any more"),
            Remedy.manual("qt notify test", "sends a notice that means nothing to every receiver"),
        ),
        healable=True,
    )


UNDELIVERED = {receiver: _undelivered(receiver) for receiver in ("webhook", "mail")}
KINDS = (BLIND, FORGOT, *UNDELIVERED.values())
