"""Writes docs/schemas: one JSON Schema for each document that crosses a boundary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

import plugins.domain as domain
from qtcore.bundle.document import BundleManifest
from qtcore.config.audit_document import AuditDocument
from qtcore.config.manifest import Manifest
from qtcore.config.sections import Sections
from qtcore.control.host_message import HostMessage
from qtcore.control.requests import Request, Response
from qtcore.doctor.document import DoctorDocument
from qtcore.drills.document import Drills
from qtcore.drills.results import DrillRun
from qtcore.health.model import Condition, Finding, Healing, Health, Remedy
from qtcore.kernel.posture import PostureClaim
from qtcore.messaging.envelope import Envelope
from qtcore.records.journal_event import JournalEvent
from qtcore.records.state_file import StateFile
from qtcore.report.difference import ReportDifference
from qtcore.report.document import ReportDocument
from qtcore.report.open_findings import FindingsDocument
from qtcore.report.section import SectionsFile
from qtcore.report.status_document import StatusDocument

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "schemas"

CONTRACTS: dict[str, Any] = {
    "configuration": Sections,
    "configuration-audit": AuditDocument,
    "manifest": Manifest,
    "host-message": HostMessage,
    "envelope": Envelope,
    "health": Health,
    "condition": Condition,
    "finding": Finding,
    "remedy": Remedy,
    "healing": Healing,
    "journal-event": JournalEvent,
    "state-file": StateFile,
    "status": StatusDocument,
    "report": ReportDocument,
    "report-difference": ReportDifference,
    "report-sections": SectionsFile,
    "findings": FindingsDocument,
    "doctor": DoctorDocument,
    "bundle-manifest": BundleManifest,
    "drills": Drills,
    "drill-run": DrillRun,
    "posture-claim": PostureClaim,
    "control-request": Request,
    "control-response": Response,
    "candle": domain.Candle,
    "mark": domain.Mark,
    "signal": domain.Signal,
    "outcome": domain.Outcome,
    "intent": domain.Intent,
    "ack": domain.Ack,
    "fill": domain.Fill,
    "position": domain.Position,
    "stop-state": domain.StopState,
    "universe": domain.Universe,
    "ensemble-weights": domain.EnsembleWeights,
    "source-verdict": domain.SourceVerdict,
    "retraining-advice": domain.RetrainingAdvice,
    "instrument": domain.Instrument,
    "trading-policy": domain.TradingPolicy,
    "risk-budget": domain.RiskBudget,
    "portfolio-advice": domain.PortfolioAdvice,
}
"""File name to the type it describes."""


def schemas() -> Iterator[tuple[Path, str]]:
    """Each file and what must be in it."""
    for name, contract in CONTRACTS.items():
        schema = TypeAdapter(contract).json_schema(by_alias=True)
        document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        yield FOLDER / f"{name}.json", json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in schemas():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    main()
