"""Configurations written into a folder, and what `load_configuration` says of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from qtcore.config.configuration import Configuration, load_configuration
from qtcore.config.problem import ConfigurationRefused

Load = Callable[..., Configuration]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a plugins.yaml and return its path."""

    def write_file(text: str) -> Path:
        path = tmp_path / "plugins.yaml"
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def load(write: Callable[[str], Path]) -> Load:
    """Load a plugins.yaml given as text, with an environment and options."""

    def loaded(
        text: str, environment: Mapping[str, str] | None = None, options: Mapping[str, str] | None = None
    ) -> Configuration:
        return load_configuration(write(text), environment or {}, options or {})

    return loaded


@pytest.fixture
def refused(load: Load) -> Callable[..., list[str]]:
    """The sentences with which a configuration is refused."""

    def sentences(*arguments: object, **named: object) -> list[str]:
        with pytest.raises(ConfigurationRefused) as caught:
            load(*arguments, **named)
        return str(caught.value).splitlines()

    return sentences
