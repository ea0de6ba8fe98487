"""What can be wrong with the models: what is always true of each kind of trouble."""

from __future__ import annotations

from plugins.domain import MemberName
from qtcore import FindingKind, Remedy, Severity

_TRAIN = Remedy.confirm("call retraining.train", "trains all models now; takes minutes of processor time")

STARVED = FindingKind(
    code="QT-MODELS-STARVED",
    title="no candle has been judged for too long",
    severity=Severity.MEDIUM,
    cause="no closed candle reaches the models: the feed is away, or the market stands still",
    consequence="no signals are made, so nothing is entered and nothing is exited by signal",
    fix="see the feed: `qt why feed`",
    verify="`qt call models.latest` shows recent candles",
    remedies=(Remedy.safe("call feed.resubscribe", "asks the feed to subscribe anew to all streams"),),
)
UNTRAINED = FindingKind(
    code="QT-MODELS-UNTRAINED",
    title="the first training has not ended",
    severity=Severity.LOW,
    cause="no member has a champion yet, or too few have to vote",
    consequence="signals come from the rule, labelled as what they are",
    fix="wait for the first training, or see what keeps it: `qt why retraining`",
    verify="`qt models list` shows champions",
    remedies=(_TRAIN,),
)
LIBRARY = FindingKind(
    code="QT-MODELS-LIBRARY",
    title="the library of a trained member is gone",
    severity=Severity.HIGH,
    cause="it was removed or upgraded, or the application runs in another environment than the one it was trained in",
    consequence="the ensemble decides without {subject}, or the rule speaks in its place; its artefact is kept as it "
    "is",
    fix="install it again as constraints.txt has it, then `qt restart models`",
    verify="`qt call models.votes` shows the vote of {subject}",
    remedies=(Remedy.manual("pip install -c constraints.txt '.[learning]'", "installs what members need"),),
    root=True,
)


def _artefact(member: MemberName) -> FindingKind:
    return FindingKind(
        code=f"QT-MODELS-ARTEFACT-{_suffix(member)}",
        title="the artefact of {subject} cannot be used",
        severity=Severity.HIGH,
        cause="its artefact is damaged, foreign, made for other features, or answers differently from when it was made",
        consequence="the ensemble decides without {subject}; its weight goes to the others",
        fix="healing goes back to the last good champion; where none is left, train anew",
        verify="`qt models list` shows its champion as whole",
        remedies=(
            Remedy.safe("heal", "goes back to the last good champion", "{subject} votes again, or is to be trained"),
            _TRAIN,
        ),
        healable=True,
    )


def _degenerate(member: MemberName) -> FindingKind:
    return FindingKind(
        code=f"QT-MODELS-DEGENERATE-{_suffix(member)}",
        title="the votes of {subject} are all the same",
        severity=Severity.MEDIUM,
        cause="it learned nothing, or what it is shown does not reach it",
        consequence="the ensemble decides without {subject}; its weight goes to the others",
        fix="train it anew, or go back: `qt models list`",
        verify="`qt call models.votes` shows its votes varying",
        remedies=(_TRAIN, Remedy.manual("qt models rollback {subject}", "goes back to the version before")),
    )


def _suffix(member: MemberName) -> str:
    return member.upper().replace("_", "-")


ARTEFACT = {member: _artefact(member) for member in MemberName}
DEGENERATE = {member: _degenerate(member) for member in MemberName}
FEW_MEMBERS = FindingKind(
    code="QT-MODELS-FEW-MEMBERS",
    title="too few members vote",
    severity=Severity.MEDIUM,
    cause="the others are absent for the reasons in the evidence",
    consequence="the ensemble is no more than those that are left; where nobody votes, the rule trades",
    fix="mend what keeps them away: `qt why deep`, `qt models list`",
    verify="`qt call models.votes` shows their votes",
    remedies=(_TRAIN, Remedy.manual("qt models list", "shows which artefact of each member votes")),
    effect_of=(
        LIBRARY.code,
        *(kind.code for kind in ARTEFACT.values()),
        *(f"QT-DEEP-ARTEFACT-{_suffix(member)}" for member in (MemberName.N_HITS, MemberName.PATCHTST)),
    ),
)
KINDS = (STARVED, UNTRAINED, LIBRARY, FEW_MEMBERS, *ARTEFACT.values(), *DEGENERATE.values())
