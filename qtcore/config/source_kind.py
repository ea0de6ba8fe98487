"""Where an effective value comes from; apart from the reading of it, for those who only look at results."""

from __future__ import annotations

from enum import StrEnum


class SourceKind(StrEnum):
    """Where an effective value comes from, weakest first."""

    DEFAULT = "default"
    FILE = "file"
    ALIAS = "alias"
    ENVIRONMENT = "environment"
    OPTION = "option"
