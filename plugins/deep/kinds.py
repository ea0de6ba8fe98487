"""What can be wrong with the nets: what is always true of each kind of trouble."""

from __future__ import annotations

from plugins.domain import MemberName
from qtcore import FindingKind, Remedy, Severity

NETS = (MemberName.N_HITS, MemberName.PATCHTST)


def _artefact(net: MemberName) -> FindingKind:
    return FindingKind(
        code=f"QT-DEEP-ARTEFACT-{net.upper().replace('_', '-')}",
        title="the artefact of {subject} cannot be used",
        severity=Severity.HIGH,
        cause="its artefact is damaged, foreign, made for other features, or answers differently from when it was made",
        consequence="the ensemble decides without {subject}; its weight goes to the others",
        fix="healing goes back to the last good champion; where none is left, train anew",
        verify="`qt models list` shows its champion as whole",
        remedies=(
            Remedy.safe("heal", "goes back to the last good champion", "{subject} votes again, or is to be trained"),
            Remedy.confirm("call retraining.train", "trains all models now; takes minutes of processor time"),
        ),
        healable=True,
    )


LIBRARY = FindingKind(
    code="QT-DEEP-LIBRARY",
    title="the library of a trained net is gone",
    severity=Severity.HIGH,
    cause="it was removed or upgraded, or the application runs in another environment than the one it was trained in",
    consequence="the ensemble decides without {subject}; its artefact is kept as it is",
    fix="install it again as constraints.txt has it, then `qt restart deep`; or do without nets (DEEP=0)",
    verify="`qt call models.votes` shows the vote of {subject}",
    remedies=(Remedy.manual("pip install -c constraints.txt '.[learning,deep]'", "installs what nets need"),),
    root=True,
)
ARTEFACT = {net: _artefact(net) for net in NETS}
KINDS = (LIBRARY, *ARTEFACT.values())
