"""What came of drills, as a document with a published schema."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from qtcore.documents import Document

SCHEMA_VERSION = 1


class CheckLine(Document):
    """One check and whether it held within its time."""

    check: str
    holds: bool
    after_s: float | None = Field(default=None, description="since the fault, or since its end")
    wrong: str = Field(default="", description="what was seen instead")


class DrillResult(Document):
    """One drill: detected, named, handled, recovered, and nothing broken."""

    id: str
    title: str
    system: str
    heal: str = Field(description="letters of the catalogue's column")
    expected: tuple[str, ...] = Field(description="codes, one of which must be found; empty: the start is refused")
    detected: bool = False
    by: str = Field(default="", description="the finding, or the exit code, by which it was noticed")
    detect_s: float | None = None
    first: str = Field(default="", description="the code at the head of the report")
    cause_first: bool = False
    handling: tuple[CheckLine, ...] = ()
    handled: bool = False
    handle_s: float | None = None
    recovery: tuple[CheckLine, ...] = ()
    recovered: bool = Field(default=False, description="proven, or not to be seen by a check: see `over`")
    recover_s: float | None = Field(default=None, description="from the end of the fault")
    over: str = ""
    findings: tuple[str, ...] = Field(default=(), description="everything that was found, as code and plugin")
    wrong_findings: tuple[str, ...] = ()
    harm: dict[str, tuple[str, ...]] = Field(default={}, description="by kind, in sentences")
    error: str = Field(default="", description="why it could not be carried out")
    took_s: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        good = self.detected and self.cause_first and self.handled and self.recovered
        return good and not (self.wrong_findings or self.harmed or self.error)

    @property
    def harmed(self) -> tuple[str, ...]:
        """All harm in sentences."""
        return tuple(f"{kind}: {one}" for kind, found in self.harm.items() for one in found)

    @property
    def faults(self) -> tuple[str, ...]:
        """What was not as expected, in sentences."""
        found = [self.error] if self.error else []
        if not self.detected:
            found.append(f"not detected (expected {' or '.join(self.expected) or 'a refusal'}; {self.by or 'nothing'})")
        if self.detected and not self.cause_first:
            found.append(f"{self.first or 'nothing'} stands first")
        found += [f"{line.check}: {line.wrong}" for line in (*self.handling, *self.recovery) if not line.holds]
        found += [f"wrong finding: {one}" for one in self.wrong_findings]
        return (*found, *self.harmed)


class TwinResult(Document):
    """A system left alone as long as its drills took: nothing may be found."""

    system: str
    drills: tuple[str, ...]
    lasted_s: float
    raised: tuple[str, ...] = ()
    harm: dict[str, tuple[str, ...]] = {}
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether it was quiet."""
        return not (self.raised or self.error or any(self.harm.values()))


class Figures(Document):
    """The sums of a run; shares are between 0 and 1, times in seconds."""

    run: int
    passed: int
    detected: int
    detect_p50_s: float | None
    detect_p95_s: float | None
    cause_first: int
    handled: int
    recovered: int
    recover_p50_s: float | None
    recover_p95_s: float | None
    findings: int
    wrong_findings: int
    twins: int
    twins_raised: int
    harm: dict[str, int]


class DrillRun(Document):
    """A run of drills."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    at: AwareDatetime
    version: str
    machine: str
    seed: int
    took_s: float
    figures: Figures
    drills: tuple[DrillResult, ...]
    twins: tuple[TwinResult, ...]
    not_yet: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether every drill and every twin passed."""
        return all(one.passed for one in self.drills) and all(one.passed for one in self.twins)
