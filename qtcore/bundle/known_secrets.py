"""Which values must not leave this machine: from the environment, the configuration and key files.

A value counts as a secret by what its name or its setting says, not by what it looks like: what only looks like
one is found by `token_forms`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from qtcore.config.cached_manifests import cached_manifests
from qtcore.config.credentials import is_telling, passwords_in
from qtcore.config.shape import is_secret, node_at
from qtcore.hosts import proc
from qtcore.records.home import Home

SHORTEST = 4
_COMMON = frozenset({"true", "false", "none", "null", "default", "paper", "live", "testnet", "local", "localhost"})
_LARGEST_KEY_FILE = 64 * 1024
_KEY_FILES = ("*.key", "*.pem", "*.secret", "*.token", "*.p12", "*.keystore")


def known_secrets(home: Home, config: Path, environment: Mapping[str, str]) -> set[bytes]:
    """Every value that is known to be secret, as bytes; what cannot be read tells nothing."""
    found: set[bytes] = set()
    names = _secret_settings(home)
    for variables in (environment, _environment_of_supervisor(home)):
        found |= set(_of_environment(variables, names))
    data = _yaml(config)
    found |= set(_of_data(data))
    found |= set(_of_settings(data, names))
    for path in _key_files(home, data, environment):
        found |= set(_of_file(path))
    return {
        value for value in found if len(value) >= SHORTEST and value.decode(errors="replace").lower() not in _COMMON
    }


def _of_environment(variables: Mapping[str, str], settings: frozenset[str]) -> Iterator[bytes]:
    for name, value in variables.items():
        setting = name.removeprefix("QT_").lower().replace("__", ".")
        if is_telling(name) or setting in settings:
            yield from _of_value(value)
        yield from map(_bytes, passwords_in(value))


def _of_value(value: str) -> Iterator[bytes]:
    """A value, the password in it where it is an address, and its parts where it is JSON."""
    yield _bytes(value)
    yield _bytes(value.strip())
    yield from map(_bytes, passwords_in(value))
    with suppress(ValueError):
        yield from (_bytes(text) for _, text in _leaves("", json.loads(value)) if len(text) >= SHORTEST * 2)


def _of_data(data: Any) -> Iterator[bytes]:
    for name, text in _leaves("", data):
        if is_telling(name):
            yield _bytes(text)
        yield from map(_bytes, passwords_in(text))


def _of_settings(data: Any, names: frozenset[str]) -> Iterator[bytes]:
    plugins = data.get("plugins", {}) if isinstance(data, dict) else {}
    for plugin, section in plugins.items() if isinstance(plugins, dict) else ():
        settings = section.get("settings", {}) if isinstance(section, dict) else {}
        for setting, value in settings.items() if isinstance(settings, dict) else ():
            if f"{plugin}.{setting}" in names and isinstance(value, str):
                yield from _of_value(value)


def _secret_settings(home: Home) -> frozenset[str]:
    """Settings that their plugins declare secret, as `plugin.setting`."""
    found = set()
    for plugin, manifest in cached_manifests(home.cache).items():
        schema = manifest.get("settings_schema", {})
        found |= {f"{plugin}.{name}" for name in schema.get("properties", {}) if is_secret(node_at(schema, (name,)))}
    return frozenset(found)


def _environment_of_supervisor(home: Home) -> dict[str, str]:
    """It may have been started from another shell, with secrets that this one has never seen."""
    holder = home.holder
    if holder is None or not home.running:
        return {}
    pairs = (entry.partition("=") for entry in proc.environment(holder.pid))
    return {name: value for name, _, value in pairs if name}


def _key_files(home: Home, data: Any, environment: Mapping[str, str]) -> Iterator[Path]:
    """Files that hold secrets: by their place, their name, or the setting that names them."""
    yield from home.root.glob("keys/*")
    for pattern in _KEY_FILES:
        yield from home.root.rglob(pattern)
    named = [text for name, text in _leaves("", data) if name.endswith("_file")]
    named += [value for name, value in environment.items() if name.endswith(("_FILE", "CREDENTIALS"))]
    for text in named:
        path = Path(text)
        with suppress(OSError, ValueError):
            if path.is_file():
                yield path


def _of_file(path: Path) -> Iterator[bytes]:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_KEY_FILE:
            return
        content = path.read_bytes()
    except OSError:
        return
    yield content
    yield content.strip()
    text = content.decode(errors="replace")
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator and is_telling(name):
            yield _bytes(value.strip().strip("'\""))
        if len(line.strip()) >= SHORTEST * 4:
            yield _bytes(line.strip())
    with suppress(ValueError):
        yield from (_bytes(value) for _, value in _leaves("", json.loads(text)) if len(value) >= SHORTEST)
    with suppress(ValueError):
        yield base64.b64decode(content.strip(), validate=True)


def _leaves(name: str, data: Any) -> Iterator[tuple[str, str]]:
    """Each text below, with the name that it stands under."""
    match data:
        case str():
            yield name, data
        case bool() | None:
            return
        case int() | float():
            yield name, str(data)
        case dict():
            for key, value in data.items():
                yield from _leaves(str(key), value)
        case list():
            for value in data:
                yield from _leaves(name, value)


def _yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, ValueError, yaml.YAMLError):
        return None


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")
