"""Every effective value, where it comes from and what it means; of secrets only fingerprints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qtcore.config.configuration import Configuration
from qtcore.config.manifest import Manifest
from qtcore.config.meaning import NOTHING, Meaning, meaning_of
from qtcore.config.overrides import Source
from qtcore.config.shape import Location, is_secret, keys_at, node_at
from qtcore.config.source_kind import SourceKind

EMPTY = "(empty)"
_FINGERPRINT_DIGITS = 8


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """One value in force; a secret's value is never in here."""

    name: str
    value: Any
    source: Source
    secret: bool = False
    meaning: Meaning = NOTHING

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
    """The mode and all settings of enabled plugins, defaults included, nested ones as `plugin.setting.part`."""
    mode: Location = ("application", "mode")
    found = [EffectiveValue("application.mode", configuration.mode, configuration.source(mode))]
    for name, section in configuration.sections.plugins.items():
        if section.runs and name in manifests:
            found += _Settings(configuration, manifests[name]).below((), section.settings, {})
    return found


def secret_shown(value: Any) -> str | None:
    """What stands for a secret: the beginning of its SHA-256."""
    if value is None:
        return None
    text = str(value)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_FINGERPRINT_DIGITS]
    return f"sha256:{digest}" if text else EMPTY


@dataclass(frozen=True, slots=True)
class _Settings:
    configuration: Configuration
    manifest: Manifest

    def below(
        self, above: tuple[str, ...], given: Mapping[str, Any], default: Mapping[str, Any]
    ) -> Iterator[EffectiveValue]:
        """The settings under `above`, of which `given` is set and `default` applies otherwise."""
        schema = self.manifest.settings_schema
        for setting in dict.fromkeys([*_ordered(schema, above), *given]):
            path = (*above, setting)
            node = node_at(schema, path)
            usual = default.get(setting, node.get("default"))
            value = given.get(setting, usual)
            if isinstance(value, Mapping) and keys_at(schema, path):
                nested = given.get(setting)
                yield from self.below(path, nested if isinstance(nested, Mapping) else {}, _usual(nested, usual))
            else:
                yield self._leaf(path, node, value, is_set=setting in given)

    def _leaf(self, path: tuple[str, ...], node: Mapping[str, Any], value: Any, *, is_set: bool) -> EffectiveValue:
        location = ("plugins", self.manifest.name, "settings", *path)
        source = self.configuration.source(location) if is_set else Source(SourceKind.DEFAULT, "default")
        secret = is_secret(node)
        shown = secret_shown(value) if secret else value
        return EffectiveValue(".".join((self.manifest.name, *path)), shown, source, secret, meaning_of(node))


def _ordered(schema: Mapping[str, Any], above: tuple[str, ...]) -> list[str]:
    """As the author wrote them at the top; by name below."""
    return list(schema.get("properties", {})) if not above else keys_at(schema, above)


def _usual(given: Any, usual: Any) -> Mapping[str, Any]:
    """A part that is given in part takes the rest from its own class, not from what its parent would put there."""
    return usual if given is None and isinstance(usual, Mapping) else {}
