"""What a check of the doctor is, and what it may say; plugins contribute theirs through the hook `checks`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qtcore.config.audit_document import AuditDocument
from qtcore.config.audit_file import read_audit
from qtcore.doctor.job import DEADLINE_S
from qtcore.documents import Instant
from qtcore.health.model import Finding
from qtcore.records.clock import instant_now
from qtcore.records.home import Home


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at: a home on this machine, or what a bundle kept of one elsewhere."""

    home: Home
    config: Path
    """plugins.yaml, as `--config` or the last run named it; it need not exist."""
    environment: Mapping[str, str] = field(default_factory=dict)
    now: Instant = field(default_factory=instant_now)
    """On a bundle the moment that it was made."""
    elsewhere: bool = False
    """It comes from a bundle: what this machine is like says nothing about it."""

    @property
    def root(self) -> Path:
        """The home folder."""
        return self.home.root

    @property
    def audit(self) -> AuditDocument | None:
        """What the last run was set up with. Raises RecordsDamaged."""
        return read_audit(self.home.configuration)

    def setting(self, name: str, default: Any = None) -> Any:
        """`plugin.setting` as the last run had it; never a secret."""
        audit = self.audit
        found = next((value for value in audit.values if value.name == name), None) if audit else None
        return default if found is None or found.secret or found.value is None else found.value


@dataclass(frozen=True, slots=True)
class Fine:
    """All is well; the sentence says what was seen."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A kind of trouble, named by its code alone: a check need not import the plugin that declares it."""

    code: str
    summary: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something is wrong, each thing as a finding with its remedies, or by the code of its kind."""

    findings: tuple[Finding | Seen, ...]

    @classmethod
    def of(cls, findings: Iterable[Finding | Seen], fine: str) -> Trouble | Fine:
        """Trouble, unless there is none."""
        found = tuple(findings)
        return cls(found) if found else Fine(fine)


@dataclass(frozen=True, slots=True)
class Skipped:
    """There is nothing to look at here."""

    because: str


Verdict = Fine | Trouble | Skipped


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at. `look` reads and changes nothing; it runs in a process of its own and may be killed."""

    name: str
    """As people see it: `database.integrity`."""
    look: Callable[[Patient], Verdict]
    deadline_s: float = DEADLINE_S
    elsewhere: bool = False
    """It can also look at a bundle from another machine."""
