"""Every effective value and where it comes from: the configuration audit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qtcore.config.configuration import Configuration
from qtcore.config.manifest import Manifest
from qtcore.config.overrides import Source, SourceKind
from qtcore.config.shape import Location, is_secret, node_at

HIDDEN = "(set, not shown)"


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """One value in force; a secret's value is never in here."""

    name: str
    value: Any
    source: Source

    @property
    def shown(self) -> str:
        """The value as text."""
        return json.dumps(self.value, ensure_ascii=False, default=str)

    def as_json(self) -> dict[str, Any]:
        """The value, its name and its source as JSON data."""
        return {
            "name": self.name,
            "value": self.value,
            "source": self.source.kind.value,
            "where": self.source.where,
        }


def effective_values(configuration: Configuration, manifests: Mapping[str, Manifest]) -> list[EffectiveValue]:
    """The mode and all settings of enabled plugins, defaults included."""
    mode: Location = ("application", "mode")
    found = [EffectiveValue("application.mode", configuration.mode, configuration.source(mode))]
    for name, section in configuration.sections.plugins.items():
        if section.runs:
            found += _settings(configuration, manifests[name], section.settings)
    return found


def _settings(
    configuration: Configuration, manifest: Manifest, settings: Mapping[str, Any]
) -> Iterator[EffectiveValue]:
    properties = manifest.settings_schema.get("properties", {})
    for setting in dict.fromkeys([*properties, *settings]):
        path = ("plugins", manifest.name, "settings", setting)
        node = node_at(manifest.settings_schema, (setting,))
        is_set = setting in settings
        value = settings[setting] if is_set else node.get("default")
        if is_secret(node) and value is not None:
            value = HIDDEN
        source = configuration.source(path) if is_set else Source(SourceKind.DEFAULT, "default")
        yield EffectiveValue(f"{manifest.name}.{setting}", value, source)
