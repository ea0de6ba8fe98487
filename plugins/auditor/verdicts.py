"""What the rules said last, for people: each with its verdict, when it was reached, and on how much."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from plugins.auditor.patience import Case, Key, counting, is_disturbed, judged
from plugins.auditor.rules import RULES, Rule
from plugins.auditor.rules.rule import Verdict
from plugins.auditor.view import Moment, Scene


@dataclass(frozen=True, slots=True)
class Last:
    """The newest verdict of one rule; `sum` counts everything that it ever looked at."""

    verdict: Verdict
    at: datetime
    looks: int = 0
    looked_at: int = 0
    failure: str = ""


@dataclass(slots=True)
class Court:
    """All rules with their last verdicts and what stands open."""

    rules: tuple[Rule, ...] = RULES
    cases: dict[Key, Case] = field(default_factory=dict)
    last: dict[str, Last] = field(default_factory=dict)

    def sit(self, scene: Scene, moment: Moment) -> None:
        """Let every rule look once. One that raises is a broken sensor: it says so, and the others go on."""
        for rule in self.rules:
            try:
                seen, failure = rule.check(scene, moment), ""
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the rule's own
                seen, failure = Verdict(0, (), f"the rule failed: {type(error).__name__}"), f"{error}"
            disturbed = is_disturbed(rule, scene.lives, moment.wall)
            self.cases = judged(self.cases, rule, seen, moment.now_s, disturbed=disturbed)
            before = self.last.get(rule.name)
            self.last[rule.name] = Last(
                verdict=seen,
                at=moment.wall,
                looks=(before.looks if before else 0) + 1,
                looked_at=(before.looked_at if before else 0) + seen.looked_at,
                failure=failure,
            )

    @property
    def open(self) -> list[Case]:
        """What counts, in the order of the rules' gravity."""
        order = {rule.name: place for place, rule in enumerate(self.rules)}
        return sorted(counting(self.cases), key=lambda case: (order[case.rule.name], case.suspicion.subject))

    @property
    def in_doubt(self) -> bool:
        """Whether something is suspicious and does not count yet."""
        return any(not case.counts for case in self.cases.values())

    def word(self, rule: Rule) -> str:
        """The verdict in one or two words."""
        last = self.last.get(rule.name)
        if last is None:
            return "not looked yet"
        if last.failure:
            return "failed"
        if any(case.rule.name == rule.name for case in self.open):
            return "broken"
        if last.verdict.unseen:
            return "cannot look"
        if last.verdict.suspicions:
            return "waits"
        return "holds" if last.verdict.looked_at else "nothing to look at"
