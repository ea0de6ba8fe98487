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


ARTEFACT = {net: _artefact(net) for net in NETS}
KINDS = tuple(ARTEFACT.values())
