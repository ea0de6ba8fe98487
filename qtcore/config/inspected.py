"""What the inspector is asked and what it answers, as JSON."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from qtcore.config.manifest import Manifest
from qtcore.documents import Document, PluginName

LIMIT_S = 45.0
"""How long one plugin may take to import and describe itself."""


class InspectionRequest(Document):
    """One plugin to look at."""

    name: PluginName
    use: str
    settings: dict[str, Any] = {}
    mode: str = ""
    limit_s: float = Field(default=LIMIT_S, gt=0)


class InspectionOrder(Document):
    """What the inspector reads: plugins to look at, and modules that several of them share.

    `preload` is imported once before the plugins' own processes are forked; it must name third-party
    modules only, which hosts preload anyway.
    """

    requests: tuple[InspectionRequest, ...]
    preload: tuple[str, ...] = ()


class SettingsMisfit(Document):
    """One setting that does not fit the plugin's settings class."""

    location: tuple[str | int, ...]
    sentence: str
    about_key: bool
    code: str | None = None


class Inspected(Document):
    """What was found: the manifest (or in it the failure) and what is wrong with the settings."""

    manifest: Manifest
    misfits: tuple[SettingsMisfit, ...] = ()
    files: dict[str, str] = Field(default={}, description="file -> SHA-256 of every file the manifest depends on")
    looked_around: bool = Field(default=False, description="the settings were checked against the world, which changes")
