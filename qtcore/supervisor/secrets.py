"""The secrets of this run, so that they can be removed by value from whatever is recorded."""

from __future__ import annotations

from collections.abc import Mapping

from qtcore.config.configuration import Configuration
from qtcore.config.manifest import Manifest
from qtcore.config.shape import is_secret, node_at
from qtcore.telemetry.redaction import SECRETS


def register_secrets(configuration: Configuration, manifests: Mapping[str, Manifest]) -> None:
    """Remember the value of every setting that its plugin declares secret."""
    for plugin, section in configuration.sections.plugins.items():
        for setting, value in section.settings.items():
            if is_secret(node_at(manifests[plugin].settings_schema, (setting,))) and isinstance(value, str):
                SECRETS.register(value)
