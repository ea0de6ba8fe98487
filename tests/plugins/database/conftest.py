"""Tests are not a package, so what they share is loaded by its path."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def made() -> ModuleType:
    """The module `followed`."""
    path = Path(__file__).with_name("followed.py")
    specification = importlib.util.spec_from_file_location("database_followed", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    return module
