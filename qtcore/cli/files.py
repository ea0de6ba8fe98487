"""Which configuration file is meant."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def configuration_path(option: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The file meant by `--config`, else by QT_CONFIG, else `./plugins.yaml`; it need not exist."""
    return option or Path(environment.get("QT_CONFIG") or "plugins.yaml")
