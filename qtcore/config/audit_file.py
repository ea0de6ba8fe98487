"""Reading the audit that the last `qt up` left in the home."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from qtcore.config.audit_document import AuditDocument
from qtcore.errors import RecordsDamaged


def read_audit(path: Path) -> AuditDocument | None:
    """What is in the file; None where there is none. Raises RecordsDamaged when it is something else."""
    try:
        return AuditDocument.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error.errors(include_url=False)[0]["msg"])
        cure = "the next `qt up` writes it anew"
        raise RecordsDamaged(f"{path} is no audit of a configuration ({why}); {cure}") from None
