"""Calls the functions by which an application lets outsiders act and judge; found by name, run in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from qtcore.errors import ConfigurationError


def outsider(function: str, application: Path) -> Callable[..., Any]:
    """The function of that name, looked for in the application's folder first. Raises ConfigurationError."""
    module, _, name = function.partition(":")
    if str(application) not in sys.path:
        sys.path.insert(0, str(application))
    try:
        found: Callable[..., Any] = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"drills.yaml names {function}, and there is none ({error})") from None
    return found
