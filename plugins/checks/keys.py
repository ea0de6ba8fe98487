"""Who may read what this application signs with."""

from __future__ import annotations

import stat
from pathlib import Path

from qtcore import Patient, Seen, Skipped, Trouble, Verdict

_OTHERS = 0o077


def keys(patient: Patient) -> Verdict:
    """Only the owner may read keys and credentials."""
    named = patient.setting("exchange.credentials_file")
    files = [*(patient.root / "keys").glob("*"), *([Path(str(named))] if named else [])]
    present = [path for path in files if path.exists()]
    if not present:
        return Skipped("there is no key file")
    open_ = [path for path in present if stat.S_IMODE(path.stat().st_mode) & _OTHERS]
    told = f"{len(present)} files that only their owner may read"
    return Trouble.of((_open_to_others(path, patient.root) for path in open_), told)


def _open_to_others(path: Path, home: Path) -> Seen:
    subject = str(path.relative_to(home)) if path.is_relative_to(home) else str(path)
    summary = f"others may read {path}, which holds a key; change the key if they did"
    return Seen("QT-HOME-PERMISSIONS", summary, subject)
