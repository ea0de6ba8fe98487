"""Every kind of finding that ships: of the framework and of all plugins in plugins.yaml, as the inspector reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from qtcore.config.declarations import manifest_of
from qtcore.config.loading import load_class
from qtcore.config.manifest import Manifest
from qtcore.health import configuration_kinds, home_kinds, plugin_kinds, supervisor_kinds
from qtcore.health.kinds import FindingKind

ROOT = Path(__file__).resolve().parent.parent

FRAMEWORK: Mapping[str, tuple[FindingKind, ...]] = {
    "Any plugin": plugin_kinds.KINDS,
    "The supervisor and its records": supervisor_kinds.KINDS,
    "The configuration": configuration_kinds.KINDS,
    "The home and the machine": home_kinds.KINDS,
}


def shipped_manifests() -> dict[str, Manifest]:
    """What each plugin of the application declares, by its name."""
    sections = yaml.safe_load((ROOT / "plugins.yaml").read_text(encoding="utf-8"))["plugins"]
    return {
        name: manifest_of(load_class(section["use"]), name=name, use=section["use"])
        for name, section in sections.items()
    }


def groups(manifests: Mapping[str, Manifest]) -> dict[str, tuple[FindingKind, ...]]:
    """All kinds by whose they are."""
    return {**FRAMEWORK, **{name: manifest.findings for name, manifest in manifests.items() if manifest.findings}}
