"""What the doctor may find wrong with a home folder and with the machine that it lies on."""

from __future__ import annotations

from qtcore.health.kinds import FindingKind
from qtcore.health.model import Reach, Remedy, Severity

_OVER = "`qt doctor` does not name it any more"

PERMISSIONS = FindingKind(
    code="QT-HOME-PERMISSIONS",
    title="others may read or change what is in the home",
    severity=Severity.HIGH,
    cause="a person or a copying program set the permissions of {subject}",
    consequence="whoever has an account on this machine may read settings and records, or change them",
    fix="`qt doctor --fix` takes the permissions of others away",
    verify=_OVER,
    remedies=(Remedy.safe("chmod u=rwX,go= {subject}", "lets only the owner in", "only the owner may read it"),),
    root=True,
)
FOREIGN = FindingKind(
    code="QT-HOME-FOREIGN",
    title="a part of the home belongs to somebody else",
    severity=Severity.HIGH,
    cause="something was run as another user, often as root",
    consequence="the supervisor cannot write {subject}, or somebody else may change it",
    fix="give {subject} to the user that runs the supervisor, with `chown`",
    verify=_OVER,
    remedies=(Remedy.manual("chown", "gives it to the user that runs the supervisor"),),
    root=True,
)
LEFTOVER = FindingKind(
    code="QT-HOME-LEFTOVER",
    title="a half-written file was left behind",
    severity=Severity.LOW,
    cause="a process was killed while it replaced a file",
    consequence="it takes space; nobody reads it",
    fix="`qt doctor --fix` removes it",
    verify=_OVER,
    remedies=(Remedy.safe("rm {subject}", "removes the half-written file", "the file is gone"),),
    root=True,
)
SPACE = FindingKind(
    code="QT-HOME-SPACE",
    title="the disk of the home is nearly full",
    severity=Severity.HIGH,
    cause="records, backups or something else on the same disk have grown",
    consequence="soon nothing can be recorded, and nothing new may be entered",
    fix="free space on that disk, or move the home to a larger one",
    verify=_OVER,
    remedies=(Remedy.manual("df -h; df -i", "shows which disk is full, and of what"),),
    root=True,
    reach=Reach.EVERYTHING,
)
DAMAGED = FindingKind(
    code="QT-HOME-DAMAGED",
    title="a record cannot be read",
    severity=Severity.HIGH,
    cause="the disk, a person or another program changed {subject}",
    consequence="what it told is missing from status, report and history",
    fix="see what the summary says; a running supervisor writes state files and sections anew",
    verify=_OVER,
    remedies=(Remedy.manual("qt report", "shows what is missing because of it"),),
    root=True,
)
LARGE = FindingKind(
    code="QT-HOME-LARGE",
    title="records have outgrown their limit",
    severity=Severity.LOW,
    cause="rotation does not work, or the files of earlier versions were never removed",
    consequence="the disk fills sooner than it should",
    fix="stop with `qt down`, remove the oldest parts, and start again",
    verify=_OVER,
    remedies=(Remedy.manual("du -sh", "shows which files are the largest"),),
    root=True,
)
SOCKET = FindingKind(
    code="QT-SUPERVISOR-SOCKET",
    title="the sockets are not as they should be",
    severity=Severity.MEDIUM,
    cause="a program that tidies temporary folders removed {subject}, or its permissions were changed",
    consequence="`qt` cannot reach the supervisor, or hosts cannot reach each other",
    fix="`qt down` where it still answers, else end the supervisor's process; then `qt up`",
    verify=_OVER,
    remedies=(Remedy.manual("qt up", "makes the folder and its sockets anew"),),
    root=True,
)
ORPHANS = FindingKind(
    code="QT-SUPERVISOR-ORPHANS",
    title="processes of a dead supervisor still run",
    severity=Severity.CRITICAL,
    cause="they held out when their supervisor was killed: stopped by a signal, or stuck in the kernel",
    consequence="they hold files, ports and memory, and a stopped one would go on with what it was doing",
    fix="end process {subject}; `qt doctor --fix` does it after a yes",
    verify=_OVER,
    remedies=(Remedy.confirm("kill -KILL {subject}", "ends the process", "the process is gone"),),
    root=True,
)
CLOCK = FindingKind(
    code="QT-MACHINE-CLOCK",
    title="the clock has been set, or is wrong",
    severity=Severity.HIGH,
    cause="a person or a time service set the clock by more than it drifts",
    consequence="times in the records do not fit each other, and a venue may refuse what is signed",
    fix="let a time service keep the clock; then start again, so that nothing counts on the old time",
    verify=_OVER,
    remedies=(Remedy.manual("timedatectl", "shows what keeps the clock, and whether it is in step"),),
    root=True,
    reach=Reach.EVERYTHING,
)
PROTECTION = FindingKind(
    code="QT-MACHINE-PROTECTION",
    title="this machine lacks a protection",
    severity=Severity.MEDIUM,
    cause="the kernel is too old, or a container takes it away",
    consequence="what stands in for it is slower, or less sure",
    fix="run on a kernel and in a container that grants it; the summary says which",
    verify=_OVER,
    remedies=(Remedy.manual("uname -r", "shows which kernel runs"),),
    root=True,
)
LIMITS = FindingKind(
    code="QT-MACHINE-LIMITS",
    title="a limit of this machine is low",
    severity=Severity.MEDIUM,
    cause="the limits of the session or of the machine were never raised, or others use it up",
    consequence="hosts may fail to start, or end when they need more",
    fix="raise the limit that the summary names, or end what uses it up",
    verify=_OVER,
    remedies=(Remedy.manual("ulimit -a", "shows the limits of this session"),),
    root=True,
)
PACKAGES = FindingKind(
    code="QT-MACHINE-PACKAGES",
    title="an installed package is not the one that is known to work",
    severity=Severity.LOW,
    cause="something was installed or upgraded by hand",
    consequence="what was tested together is not what runs",
    fix="`pip install -c constraints.txt` with the extras that you use",
    verify=_OVER,
    remedies=(Remedy.manual("pip install -c constraints.txt .", "installs what is known to work together"),),
    root=True,
)
PORT = FindingKind(
    code="QT-MACHINE-PORT",
    title="a port that is needed is taken",
    severity=Severity.HIGH,
    cause="another program, or another home's supervisor, listens on {subject}",
    consequence="`qt up` refuses to start",
    fix="end that program, or set another port",
    verify=_OVER,
    remedies=(Remedy.manual("ss -ltnp", "shows who listens where"),),
    root=True,
)
REFUSED = FindingKind(
    code="QT-CONFIG-REFUSED",
    title="the configuration would not start",
    severity=Severity.HIGH,
    cause="plugins.yaml or a variable was changed since it last worked",
    consequence="what runs goes on; the next `qt up` refuses",
    fix="correct what the summary names; `qt check` shows everything",
    verify="`qt check` is content",
    remedies=(Remedy.manual("qt check", "names everything that is wrong, with its place"),),
    root=True,
)
UNSEEN = FindingKind(
    code="QT-CONFIG-UNSEEN",
    title="plugins have changed since they were looked at",
    severity=Severity.LOW,
    cause="their code, their settings or an installed package changed",
    consequence="whether they still fit together is not known before the next look",
    fix="`qt check` looks at them",
    verify=_OVER,
    remedies=(Remedy.manual("qt check", "looks at every plugin, and starts nothing"),),
    root=True,
)
UNWELL = FindingKind(
    code="QT-PLUGIN-UNWELL",
    title="not well, and names no finding",
    severity=Severity.MEDIUM,
    cause="its health says so in words alone",
    consequence="it works less well than it should, or nothing is known about it",
    fix="`qt why {plugin}` tells what led to it",
    verify="`qt status` shows it healthy",
    remedies=(
        Remedy.manual("qt why {plugin}", "shows what it says of itself, and since when"),
        Remedy.confirm("restart", "begins it anew; helps where only its memory is wrong"),
    ),
)
CHECK_FAILED = FindingKind(
    code="QT-DOCTOR-CHECK",
    title="a check itself has failed",
    severity=Severity.MEDIUM,
    cause="the check has a defect, or what it looks at does not answer",
    consequence="nothing is known about what it looks at",
    fix="see its sentence in `qt doctor`; where it hangs, so may whoever else uses the same thing",
    verify=_OVER,
    remedies=(Remedy.manual("qt doctor", "runs the check again"),),
    root=True,
)

KINDS = (
    PERMISSIONS,
    FOREIGN,
    LEFTOVER,
    SPACE,
    DAMAGED,
    LARGE,
    SOCKET,
    ORPHANS,
    CLOCK,
    PROTECTION,
    LIMITS,
    PACKAGES,
    PORT,
    REFUSED,
    UNSEEN,
    UNWELL,
    CHECK_FAILED,
)
