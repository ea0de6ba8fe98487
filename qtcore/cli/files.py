"""Which configuration file is meant."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from qtcore.errors import RecordsDamaged
from qtcore.records.home import Home


def configuration_path(option: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The file meant by `--config`, else by QT_CONFIG, else `./plugins.yaml`; it need not exist."""
    return option or Path(environment.get("QT_CONFIG") or "plugins.yaml")


def configuration_of(home: Home, option: Path | None) -> Path:
    """The file that is meant here, else the one that the last run on this home was set up with; absolute."""
    here = configuration_path(option)
    if option is not None or here.exists():
        return here.absolute()
    from qtcore.config.audit_file import read_audit

    try:
        audit = read_audit(home.configuration)
    except RecordsDamaged:
        return here.absolute()
    return Path(audit.file) if audit else here.absolute()
