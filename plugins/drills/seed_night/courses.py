"""Follows each problem from the moment it is brought about to its finding and its proven healing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from plugins.drills.seed_night.documents import Course, Problem, Proof
from qtcore.drills.observing import Records, Seen

Prove = Callable[[Problem], str]
"""What shows that a problem is healed; empty as long as nothing does."""


@dataclass
class Followed:
    """One problem under way."""

    problem: Problem
    began_s: float
    found_s: float | None = None
    by: str = ""
    healed_s: float | None = None
    proof: str = ""
    person: str = ""
    matched: list[Seen] = field(default_factory=list)

    def look(self, records: Records, now_s: float, prove: Prove) -> None:
        """Take in what the journal holds now; its times are seconds since zero on the journal's own clock."""
        self._find(records)
        if self.problem.healed and self.healed_s is None and (proof := self._proof(prove)):
            self.healed_s, self.proof = now_s - self.began_s, proof
            if self.found_s is None and self.problem.healed in {Proof.ATTENDED, Proof.FUNDING_ENDED}:
                self.found_s, self.by = self.healed_s, proof

    def _find(self, records: Records) -> None:
        problem = self.problem
        fits = [one for one in records.findings if one.code in problem.found and self._about(one) and self._still(one)]
        if problem.found:
            self.matched = fits
        if fits and self.found_s is None:
            first = min(fits, key=lambda one: one.opened_s)
            self.found_s, self.by = (
                max(0.0, first.opened_s - self.began_s),
                f"{first.code} ({first.plugin or 'supervisor'})",
            )

    def _about(self, one: Seen) -> bool:
        problem = self.problem
        return (
            not problem.plugin or one.plugin in {problem.plugin, ""}
        ) and problem.subject in f"{one.subject} {one.text}"

    def _still(self, one: Seen) -> bool:
        return one.resolved_s is None or one.resolved_s > self.began_s

    def _proof(self, prove: Prove) -> str:
        if self.problem.healed is not Proof.RESOLVED:
            return prove(self.problem)
        over = self.matched and all(one.resolved_s is not None for one in self.matched)
        return f"{', '.join(sorted({one.code for one in self.matched}))} resolved after a re-check" if over else ""

    @property
    def pending(self) -> bool:
        """Whether something must still be seen."""
        return (bool(self.problem.found) and self.found_s is None) or (
            self.problem.healed is not None and self.healed_s is None
        )

    def course(self) -> Course:
        """What became of it."""
        problem = self.problem
        if problem.refused:
            expects = "refusal"
        elif problem.quiet:
            expects = "quiet"
        else:
            expects = "both" if problem.healed and problem.person else "healing" if problem.healed else "person"
        return Course(
            key=problem.key,
            title=problem.title,
            at_s=round(self.began_s, 3),
            found_s=_rounded(self.found_s),
            by=self.by,
            healed_s=_rounded(self.healed_s),
            proof=self.proof,
            person=self.person,
            expects=expects,
        )


def refused(problem: Problem, said: str, took_s: float) -> Course:
    """What became of a problem that had to refuse the start."""
    missing = [word for word in problem.refused if word not in said]
    followed = Followed(problem, 0.0)
    if not missing:
        followed.found_s = took_s
        followed.by = f"the start is refused, naming {', '.join(problem.refused)}"
    else:
        followed.by = f"the refusal does not say {', '.join(missing)}"
    return followed.course()


def unexplained(
    records: Records, followed: Iterable[Followed], explained: Sequence[str], began_s: float
) -> tuple[str, ...]:
    """Findings that nothing of what was brought about explains."""
    known = {code for one in followed for code in one.problem.found} | set(explained)
    found = {
        f"{one.code} ({one.plugin or 'supervisor'})" + (f" {one.subject}" if one.subject else "")
        for one in records.findings
        if one.opened_s >= began_s and one.code not in known
    }
    return tuple(sorted(found))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
