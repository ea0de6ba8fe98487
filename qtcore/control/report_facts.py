"""What only the living supervisor knows and the report prints: the answer to `report_facts`."""

from __future__ import annotations

from pydantic import Field

from qtcore.documents import Document
from qtcore.health.model import Finding


class ReportFacts(Document):
    """What only the living supervisor knows and the report prints."""

    posture_reasons: tuple[str, ...] = ()
    host_pids: dict[str, int | None] = {}
    findings: tuple[Finding, ...] = Field(default=(), description="open findings about the supervisor itself")
    missing_protections: tuple[str, ...] = Field(
        default=(), description="sentences, each naming a protection this machine lacks and what replaces it"
    )
    health_asked: int = Field(default=0, ge=0, description="questions about health in this run")
    health_missed: int = Field(default=0, ge=0, description="of those, how many had no answer in time")
    report_every_s: float = Field(default=0.0, ge=0, description="how often a report is kept; 0: never")
