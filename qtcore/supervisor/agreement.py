"""Compares what running plugins say of shared facts, and asks them again where they disagree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from qtcore.documents import Facts
from qtcore.health.consistency import Disagreement, Memory, Statement, compare, shared_facts
from qtcore.health.model import Finding
from qtcore.health.plugin_kinds import FACTS_DISAGREE
from qtcore.supervisor.findings import FindingsBook
from qtcore.supervisor.rounds import HealthRounds

_LONGEST_VALUE = 200


class Agreement:
    """Asked every second."""

    def __init__(self, findings: FindingsBook, rounds: HealthRounds) -> None:
        self._findings = findings
        self._rounds = rounds
        self._memory = Memory()
        self._held: dict[str, Finding] = {}

    def check(self, now_s: float) -> bool:
        """Open and resolve; whether anything changed."""
        said = statements(self._rounds, now_s)
        self._memory, found, ask = compare(said, self._memory, now_s)
        for plugin in ask:
            self._rounds.ask_soon(plugin)
        holding = {item.fact: _finding(item, now_s) for item in found}
        changed = holding.keys() != self._held.keys()
        for fact in self._held.keys() - holding.keys():
            self._findings.resolve(None, FACTS_DISAGREE.code, "all who speak of it agree again", subject=fact)
        for fact, finding in holding.items():
            if fact not in self._held or finding.summary != self._held[fact].summary:
                self._findings.see(None, finding)
                changed = True
        self._held = holding
        return changed


def statements(rounds: HealthRounds, now_s: float) -> dict[str, list[Statement]]:
    """What is said of each shared fact in answers that have not run out."""
    said: dict[str, list[Statement]] = {}
    for reading in rounds.readings.values():
        if reading.health is None or reading.valid_until.monotonic_s <= now_s:
            continue
        for fact, value in shared_facts(reading.health.facts).items():
            heard_s, cadence_s = reading.observed_at.monotonic_s, rounds.cadence_s(reading.plugin)
            said.setdefault(fact, []).append(Statement(reading.plugin, reading.generation, value, heard_s, cadence_s))
    return said


def _finding(found: Disagreement, now_s: float) -> Finding:
    since = datetime.now(UTC) - timedelta(seconds=now_s - found.since_s)
    evidence: Facts = {item.plugin: item.value for item in found.statements}
    evidence["since"] = since.isoformat(timespec="seconds")
    told = "; ".join(f"{item.plugin} says {_short(item.said)}" for item in found.statements)
    return FACTS_DISAGREE.found(f"{found.fact}: {told}", subject=found.fact, evidence=evidence)


def _short(said: str) -> str:
    return said if len(said) <= _LONGEST_VALUE else f"{said[: _LONGEST_VALUE - 1]}…"
