"""The audit of the configuration that a run was started with, as `qt up` left it in the home."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import ValidationError

from qtcore.config.audit_document import AuditDocument
from qtcore.records.home import Home

FILE_NAME = "configuration.json"


def configuration_of(home: Home) -> tuple[AuditDocument | None, str]:
    """The audit, None where there is none; and a sentence where it cannot be read."""
    path = home.root / FILE_NAME
    try:
        return AuditDocument.model_validate_json(path.read_bytes()), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, ValidationError):
        return None, f"the audit of the configuration in {path} cannot be read; the next `qt up` writes it anew"


def has_changed(audit: AuditDocument) -> bool:
    """Whether the file is another one than at the start; one that is not here (another machine) says nothing."""
    try:
        return hashlib.sha256(Path(audit.file).read_bytes()).hexdigest() != audit.file_sha256
    except OSError:
        return False
