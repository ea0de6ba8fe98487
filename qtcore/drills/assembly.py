"""Puts a system together for a drill: its own copy of the application's configuration, in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from qtcore.config.source_file import read_source
from qtcore.drills.document import Drills, Fault, System

CONFIGURATION = "plugins.yaml"


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that a start needs, as plain values."""

    name: str
    configuration: dict[str, Any]
    market: str
    speed: str
    environment: dict[str, str]
    ports: tuple[str, ...]
    files: dict[str, str]
    home: str | None

    def hurt(self, fault: Fault, patch: Mapping[str, Any]) -> Assembly:
        """The same with what lies in the start of a fault; `patch` is what its `configure` returned."""
        return replace(
            self,
            configuration=merged(merged(self.configuration, fault.configuration), patch),
            environment=self.environment | fault.environment,
            files=self.files | fault.files,
        )


def system_of(drills: Drills, name: str) -> System:
    """A system with everything of the one that it is like."""
    own = drills.systems[name]
    if not own.like:
        return own
    base = system_of(drills, own.like)
    return base.model_copy(
        update={
            "like": "",
            "market": own.market or base.market,
            "speed": own.speed or base.speed,
            "without": tuple(one for one in base.without if one not in own.with_) + own.without,
            "home": own.home or base.home,
            "configuration": merged(base.configuration, own.configuration),
            "environment": base.environment | own.environment,
            "ports": tuple(dict.fromkeys((*base.ports, *own.ports))),
            "ready": own.ready or base.ready,
            "twin": own.twin or base.twin,
            "known": (*base.known, *own.known),
        }
    )


def assembled(drills: Drills, name: str, application: Path, seed: int) -> Assembly:
    """The undisturbed system, from the application's own `plugins.yaml`."""
    system = system_of(drills, name)
    configuration = merged(read_source(application / CONFIGURATION).data, system.configuration)
    for plugin in system.without:
        configuration["plugins"][plugin] = configuration["plugins"].get(plugin, {}) | {"enabled": False}
    return Assembly(
        name=name,
        configuration=configuration,
        market=system.market.replace("{seed}", str(seed)),
        speed=system.speed,
        environment=dict(system.environment),
        ports=system.ports,
        files={},
        home=system.home,
    )


def merged(base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings merged at every depth; anything else of the patch replaces what was there."""
    found: dict[str, Any] = {
        key: merged(value, {}) if isinstance(value, Mapping) else value for key, value in base.items()
    }
    for key, value in patch.items():
        before = found.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        found[key] = merged(before, value) if both else value  # type: ignore[arg-type]
    return found


def written(assembly: Assembly, folder: Path) -> Path:
    """Write the copy and the files beside it; the path of the copy."""
    for name, text in assembly.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    path = folder / CONFIGURATION
    path.write_text(as_text(assembly.configuration), encoding="utf-8")
    return path


def as_text(configuration: Mapping[str, Any]) -> str:
    """The configuration as a file; the same text for the same configuration."""
    return yaml.safe_dump(dict(configuration), sort_keys=False)
