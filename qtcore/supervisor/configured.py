"""What a run was set up with, kept in the home for whoever asks later."""

from __future__ import annotations

from contextlib import suppress

from qtcore.config.audit_document import AuditDocument
from qtcore.records.atomic import replace_file
from qtcore.records.home import Home
from qtcore.telemetry.redaction import SECRETS


def keep_audit(home: Home, audit: AuditDocument) -> None:
    """Write `configuration.json` (0600); a disk that refuses is told by the journal's own finding."""
    content = SECRETS.clean(audit.model_dump_json(indent=1, by_alias=True).encode())
    with suppress(OSError):
        replace_file(home.configuration, content + b"\n")
