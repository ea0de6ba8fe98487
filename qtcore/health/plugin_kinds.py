"""What the framework may find about any plugin, whatever it does."""

from __future__ import annotations

from qtcore.health.kinds import FindingKind
from qtcore.health.model import Reach, Remedy, Severity

_HEALTHY = "`qt status` shows {plugin} healthy"
_WHY = Remedy.manual("qt why {plugin}", "tells what happened to it and what was tried")

DOWN = FindingKind(
    code="QT-PLUGIN-DOWN",
    title="not running, and tried again",
    severity=Severity.HIGH,
    cause="it raised, returned, was killed or was not ready in time; the summary says which",
    consequence="its work is not done meanwhile, and plugins that need it are paused",
    fix="none needed if it comes back, for it is started again with growing pauses; otherwise read `qt why {plugin}` "
    "and `qt logs {plugin}`, and mend the cause",
    verify=_HEALTHY,
    remedies=(Remedy.safe("restart", "starts it now, without waiting for the pause to end", "it is running"), _WHY),
    effect_of=("QT-PLUGIN-HUNG",),
)
HUNG = FindingKind(
    code="QT-PLUGIN-HUNG",
    title="its process has stopped answering",
    severity=Severity.HIGH,
    cause="something holds the process without giving control back: an endless loop, a call that blocks, or a lock "
    "that is never released",
    consequence="its timers, messages and health stand still, and so do those of all plugins in the same host",
    fix="none needed at first: the stacks are kept, then the host is killed and begun anew; if it comes back, "
    "`qt why {plugin}` shows the line that blocks, which belongs into a thread",
    verify=_HEALTHY,
    remedies=(Remedy.safe("restart", "ends it, by force if need be, and starts it anew", "it is running"), _WHY),
    root=True,
)
RESTARTS = FindingKind(
    code="QT-PLUGIN-RESTARTS",
    title="keeps restarting",
    severity=Severity.MEDIUM,
    cause="it starts well and fails again a while later; the journal has the cause of each end",
    consequence="its work is interrupted again and again, although it looks well in between",
    fix="read the causes in `qt why {plugin}` and mend what they have in common",
    verify="`qt status` shows no new restart of {plugin} for an hour",
    remedies=(_WHY,),
    effect_of=("QT-PLUGIN-DOWN", "QT-PLUGIN-HUNG"),
)
IDLE = FindingKind(
    code="QT-PLUGIN-IDLE",
    title="alive, but without progress",
    severity=Severity.HIGH,
    cause="what it works on does not arrive, or its loop waits for something that never comes",
    consequence="nothing comes of it although its process runs; whoever relies on its results gets none",
    fix="see whether what it reads arrives (`qt why {plugin}`), then restart it",
    verify="`qt status` shows {plugin} healthy, and its progress grows",
    remedies=(Remedy.safe("restart", "begins its work from the start", "its progress grows"), _WHY),
)
SENSOR = FindingKind(
    code="QT-PLUGIN-SENSOR",
    title="its health cannot be read",
    severity=Severity.MEDIUM,
    cause="its `health` hook raises, or does not answer in time",
    consequence="nobody knows how it does: it counts as unknown, and trouble in it is noticed later",
    fix="the error stands in `qt why {plugin}`; mend the hook, or what it asks",
    verify=_HEALTHY,
    remedies=(
        Remedy.confirm("restart", "helps where the hook waits for ever; it interrupts work that may be well"),
        _WHY,
    ),
)
OUTDATED = FindingKind(
    code="QT-PLUGIN-OUTDATED",
    title="its last answer has run out",
    severity=Severity.MEDIUM,
    cause="it has not said how it does for longer than its last answer holds: its host is starved, blocked or away",
    consequence="what is shown of it may no longer be true, so it counts as unknown",
    fix="see in `qt why {plugin}` whether its host runs and has processor time; end what else uses the machine",
    verify=_HEALTHY,
    remedies=(Remedy.confirm("restart", "begins it anew where it does not answer by itself"), _WHY),
    effect_of=("QT-PLUGIN-HUNG",),
)
WAITS = FindingKind(
    code="QT-PLUGIN-WAITS",
    title="paused until what it needs is there",
    severity=Severity.MEDIUM,
    cause="a plugin that it needs is not running",
    consequence="it does nothing until then, on purpose: without what it needs its results would be wrong",
    fix="none needed here, for it starts by itself; see to the plugin that the summary names",
    verify=_HEALTHY,
    remedies=(Remedy.manual("qt why {plugin}", "names what it waits for, and since when"),),
)
STOPPED = FindingKind(
    code="QT-PLUGIN-STOPPED",
    title="stopped by a person",
    severity=Severity.LOW,
    cause="somebody ran `qt stop`; the journal has who, when and why",
    consequence="its work is not done until somebody starts it",
    fix="`qt start {plugin}` when it is wanted again",
    verify="`qt status` shows {plugin} running",
    remedies=(Remedy.confirm("start", "starts it again, against what a person has decided", "it is running"),),
    root=True,
)
QUARANTINED = FindingKind(
    code="QT-PLUGIN-QUARANTINED",
    title="taken out, because it kept failing",
    severity=Severity.HIGH,
    cause="it failed more often than its budget allows, or in a way that trying again cannot mend",
    consequence="its work is not done until a trial run proves itself, or a person releases it; the summary says which",
    fix="read `qt why {plugin}`, mend the cause, then `qt release {plugin}`",
    verify=_HEALTHY,
    remedies=(Remedy.confirm("release", "gives it another chance with a fresh budget", "it is running"), _WHY),
    effect_of=("QT-PLUGIN-DOWN", "QT-PLUGIN-HUNG"),
)
VITAL_AWAY = FindingKind(
    code="QT-VITAL-AWAY",
    title="vital, and does not come back",
    severity=Severity.HIGH,
    cause="each new start fails; the summary has the last reason",
    consequence="the posture is tightened until it is back; it is tried again for ever, with long pauses",
    fix="read `qt why {plugin}` and mend the cause; `qt restart {plugin}` then ends the pause",
    verify=_HEALTHY,
    remedies=(Remedy.safe("restart", "tries again now, with fresh budgets", "it is running"), _WHY),
    effect_of=("QT-PLUGIN-DOWN", "QT-PLUGIN-HUNG"),
)
HEALING_SPENT = FindingKind(
    code="QT-HEALING-SPENT",
    title="left as it is, because healing did not help",
    severity=Severity.HIGH,
    cause="the acts that may heal it were tried, and each re-check still found it unwell",
    consequence="nothing more is tried by itself; what the finding in the evidence says goes on",
    fix="follow the fix of the finding that the evidence names; `qt why {plugin}` has what was tried",
    verify=_HEALTHY,
    remedies=(Remedy.confirm("restart", "starts it anew and gives healing a fresh budget"), _WHY),
)
CRASH_LOOP = FindingKind(
    code="QT-HOST-CRASH-LOOP",
    title="its host process dies again and again",
    severity=Severity.HIGH,
    cause="one plugin in it, or a library that one uses, kills the whole process",
    consequence="all plugins of this host are away; it is begun anew with growing pauses",
    fix="find in `qt why {plugin}` and `qt events` who was at work at each end; give that plugin a `host` of its own "
    "in plugins.yaml",
    verify=_HEALTHY,
    remedies=(Remedy.confirm("restart", "begins the host now, with all its plugins"), _WHY),
    effect_of=("QT-PLUGIN-DOWN", "QT-PLUGIN-HUNG"),
)
UNKILLABLE = FindingKind(
    code="QT-HOST-UNKILLABLE",
    title="its host process does not die",
    severity=Severity.HIGH,
    cause="the kernel holds the process in a call that cannot be interrupted, most often to a disk or network share "
    "that does not answer",
    consequence="its plugins stay away, for two of one kind must never be active at once",
    fix="bring the disk or share back (`ps -o stat,wchan` tells what it waits for), or else restart the machine",
    verify=_HEALTHY,
    remedies=(Remedy.manual("qt why {plugin}", "names the process and since when it was to die"),),
)
UNKNOWN_LEVEL = FindingKind(
    code="QT-POSTURE-UNKNOWN-LEVEL",
    title="claims a posture that is not on the scale",
    severity=Severity.HIGH,
    cause="the plugin and `posture.levels` in plugins.yaml name different levels",
    consequence="the claim counts for nothing; if a claim of it is required, the posture is tightened instead",
    fix="claim a level of the scale, or add this one to posture.levels",
    verify="`qt report` does not name it any more",
    remedies=(Remedy.manual("qt check", "shows the scale that is configured"),),
    root=True,
)
FACTS_DISAGREE = FindingKind(
    code="QT-FACTS-DISAGREE",
    title="two plugins say different things of one fact",
    severity=Severity.HIGH,
    cause="they are configured differently, or one of them still holds what was true before",
    consequence="they act on different worlds: what one writes, the other may never see",
    fix="compare the values in the evidence, correct the setting that is wrong, and restart the plugin that had it",
    verify="`qt report` does not name it any more",
    remedies=(
        Remedy.confirm("restart", "makes it read what is true now; helps where only its memory is old"),
        Remedy.manual("qt check", "shows each setting with its source"),
    ),
    root=True,
)
UNDECLARED = FindingKind(
    code="QT-FINDING-UNDECLARED",
    title="reports a code that it does not declare",
    severity=Severity.LOW,
    cause="the code is missing in its hook `findings`",
    consequence="what it reports is kept, but has no cause, fix or documentation beyond what it says itself",
    fix="declare the code as a FindingKind in the hook `findings` of {plugin}",
    verify="`qt plugins test` passes for it",
    remedies=(Remedy.manual("qt plugins test {plugin}", "fails until the code is declared"),),
    root=True,
    reach=Reach.NOTHING,
)

KINDS = (
    DOWN,
    HUNG,
    RESTARTS,
    IDLE,
    SENSOR,
    OUTDATED,
    WAITS,
    STOPPED,
    QUARANTINED,
    VITAL_AWAY,
    HEALING_SPENT,
    CRASH_LOOP,
    UNKILLABLE,
    UNKNOWN_LEVEL,
    FACTS_DISAGREE,
    UNDECLARED,
)
