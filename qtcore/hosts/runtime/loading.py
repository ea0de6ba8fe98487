"""From `use` to a plugin class, without holding up the plugins that already run in this host."""

from __future__ import annotations

import importlib
import sys
import threading
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from qtcore.config.declarations import Unloadable
from qtcore.config.loading import load_class
from qtcore.errors import ConfigurationError
from qtcore.hosts.runtime.belongings import Belongings
from qtcore.plugin import Plugin, Settings
from qtcore.telemetry.redaction import SECRETS

# One import at a time: two threads inside one circular import see half-made modules.
_importing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin class and where it comes from."""

    cls: type[Plugin[Any]]

    @property
    def module_file(self) -> str | None:
        """The source file, if there is one."""
        return getattr(sys.modules.get(self.cls.__module__), "__file__", None)

    @property
    def package(self) -> str:
        """The prefix of module names that are this plugin's own code."""
        module = self.cls.__module__
        return module.rpartition(".")[0] or module


async def load(use: str, belongings: Belongings) -> Loaded:
    """Import what `use` names, in a thread when it is new here. Raises Unloadable."""
    if use.partition(":")[0] in sys.modules:
        return Loaded(load_class(use))
    return Loaded(await belongings.in_thread(partial(_import, use)))


def build_settings(cls: type[Plugin[Any]], values: dict[str, Any], plugin: str) -> Settings:
    """The plugin's validated settings. Raises ConfigurationError with one sentence."""
    kind = cls.settings_type()
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        said = "; ".join(_problem(dict(problem), kind) for problem in problems)
    raise ConfigurationError(f"the settings of {plugin} cannot be used: {said}")


def keep_secret(settings: object) -> None:
    """Register every secret value in the settings, at any depth, so that it is never written down."""
    match settings:
        case SecretStr():
            SECRETS.register(settings.get_secret_value())
        case SecretBytes():
            SECRETS.register(settings.get_secret_value().decode(errors="replace"))
        case BaseModel():
            for name in type(settings).model_fields:
                keep_secret(getattr(settings, name))
        case dict():
            for value in settings.values():
                keep_secret(value)
        case list() | tuple() | set() | frozenset():
            for value in settings:
                keep_secret(value)


def _import(use: str) -> type[Plugin[Any]]:
    with _importing:
        try:
            return load_class(use)
        except Unloadable as error:
            if error.failure.code != "module_missing":
                raise
        # Perhaps written a moment ago. Not done at first: it makes Python list every folder anew.
        importlib.invalidate_caches()
        return load_class(use)


def _problem(problem: dict[str, Any], kind: type[Settings]) -> str:
    where = ".".join(str(part) for part in problem["loc"]) or "settings"
    if problem["type"] == "extra_forbidden":
        close = get_close_matches(where, kind.model_fields, n=1)
        return f"unknown setting {where!r}" + (f", did you mean {close[0]!r}?" if close else "")
    message = str(problem["msg"])
    return f"{where}: {message[:1].lower()}{message[1:]}"
