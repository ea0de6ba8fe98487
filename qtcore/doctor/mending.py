"""`qt doctor --fix`: safe remedies at once, others after a yes; only what the same check confirms counts as fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from qtcore.doctor.act import Act, Ask, act_of
from qtcore.doctor.acting import CannotAct, carry_out, remember_act
from qtcore.doctor.check import Patient
from qtcore.doctor.document import CheckLine, CheckState, RepairLine, RepairResult
from qtcore.doctor.examining import Subject, look_again
from qtcore.health.model import Finding, Remedy, RemedyKind
from qtcore.records.clock import instant_now

PROVEN_WITHIN_S = 15.0
"""How long a plugin may take to come back after what was asked of the supervisor."""

Consent = Callable[[Finding, Remedy], bool]
"""Whether a person says yes to a remedy that needs one."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One remedy that was carried out, or why it was not."""

    finding: Finding
    remedy: Remedy
    at: datetime
    failure: str | None
    sentence: str
    waits: bool = False
    """Its effect takes time."""


@dataclass(slots=True)
class Mending:
    """One round over everything that is wrong; what was done once is not done again for the next finding."""

    patient: Patient
    consent: Consent
    receipt: list[RepairLine] = field(default_factory=list)
    _done: dict[Act, str] = field(default_factory=dict)
    _declined: set[Act] = field(default_factory=set)

    def mend(self, subject: Subject, line: CheckLine) -> CheckLine:
        """Try the remedies of all that one check saw, gentlest first; what it sees in the end."""
        for kind in (RemedyKind.SAFE, RemedyKind.CONFIRM):
            while tried := list(self._try_next(kind, line)):
                line = self._proven(subject, line, tried)
                if any(one.failure for one in tried) or all(self._is_open(one, line) for one in tried):
                    break
        for finding in line.findings:
            self._leave(line, finding)
        return line

    def _try_next(self, kind: RemedyKind, line: CheckLine) -> Iterator[Tried]:
        """The first remedy of this kind that was not tried yet, for each finding."""
        for finding in line.findings:
            for remedy in finding.remedies:
                act = act_of(remedy, finding) if remedy.kind is kind else None
                if act is not None and not self._was_tried(line, finding, remedy):
                    if self._may(act, finding, remedy):
                        yield self._try(act, finding, remedy)
                    break

    def _may(self, act: Act, finding: Finding, remedy: Remedy) -> bool:
        """One question for each act, however many findings it is for."""
        if remedy.kind is RemedyKind.SAFE or act in self._done:
            return True
        if act not in self._declined and not self.consent(finding, remedy):
            self._declined.add(act)
        return act not in self._declined

    def _try(self, act: Act, finding: Finding, remedy: Remedy) -> Tried:
        now = datetime.now(UTC)
        if act in self._done:
            return Tried(finding, remedy, now, None, self._done[act], isinstance(act, Ask))
        try:
            sentence = self._done[act] = carry_out(act, self.patient)
        except CannotAct as error:
            return Tried(finding, remedy, now, str(error), str(error))
        if not isinstance(act, Ask) or act.op == "call":  # everything else the supervisor journals itself
            remember_act(self.patient, f"doctor: {remedy.act} for {finding.code}: {sentence}")
        return Tried(finding, remedy, now, None, sentence, isinstance(act, Ask))

    def _proven(self, subject: Subject, line: CheckLine, tried: Sequence[Tried]) -> CheckLine:
        """Look again with the same check, and write down what it says of each remedy."""
        done = [one for one in tried if one.failure is None]
        within_s = PROVEN_WITHIN_S if any(one.waits for one in done) else 0.0

        def over(seen: CheckLine) -> bool:
            return _says_something(seen) and not any(self._is_open(one, seen) for one in done)

        patient = replace(self.patient, now=instant_now())
        seen = look_again(patient, subject, over, within_s) if done else line
        for one in tried:
            if one.failure is not None:
                result = RepairResult.FAILED
            elif _says_something(seen) and not self._is_open(one, seen):
                result = RepairResult.FIXED
            else:
                result = RepairResult.NOT_FIXED
            proof = "" if one.failure else _proof(seen, one.finding, result)
            self._write(line, one, result, proof)
        return seen if _says_something(seen) else line

    def _leave(self, line: CheckLine, finding: Finding) -> None:
        """What nobody did is listed, so that a person can."""
        for remedy in finding.remedies:
            if self._was_tried(line, finding, remedy):
                continue
            match remedy.kind:
                case RemedyKind.MANUAL:
                    why = "only a person can do it"
                case _ if act_of(remedy, finding) is None:
                    why = "the doctor does not know how to do it"
                case RemedyKind.CONFIRM:
                    why = "it needs a yes"
                case RemedyKind.SAFE:
                    why = "what came before it did not help"
            self._write(line, Tried(finding, remedy, datetime.now(UTC), None, why), RepairResult.LEFT, "")

    def _was_tried(self, line: CheckLine, finding: Finding, remedy: Remedy) -> bool:
        return any(
            (done.check, done.code, done.act, done.subject) == (line.name, finding.code, remedy.act, finding.subject)
            for done in self.receipt
        )

    def _is_open(self, tried: Tried, line: CheckLine) -> bool:
        return tried.finding.fingerprint in {finding.fingerprint for finding in line.findings}

    def _write(self, line: CheckLine, tried: Tried, result: RepairResult, proof: str) -> None:
        self.receipt.append(
            RepairLine(
                check=line.name,
                code=tried.finding.code,
                subject=tried.finding.subject,
                kind=tried.remedy.kind,
                act=tried.remedy.act,
                at=tried.at,
                result=result,
                sentence=tried.sentence,
                proof=proof,
            )
        )


def _says_something(line: CheckLine) -> bool:
    """A check that hung, crashed or had nothing to look at proves nothing."""
    return line.state in {CheckState.FINE, CheckState.TROUBLE}


def _proof(seen: CheckLine, finding: Finding, result: RepairResult) -> str:
    if result is RepairResult.FIXED and seen.state is CheckState.TROUBLE:
        return f"{finding.code} is not named any more"
    return seen.sentence
