"""Homes in every state, and checks of every kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qtcore.doctor.check import Check, Patient, Verdict
from qtcore.doctor.examining import Subject
from qtcore.records.home import Home


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    """A home that was made in order and in which nothing has run."""
    home = Home(tmp_path / "var")
    home.create()
    return Patient(home, tmp_path / "plugins.yaml")


@pytest.fixture
def subject() -> Callable[..., Subject]:
    """A check from a function."""

    def made(name: str, look: Callable[[Patient], Verdict], deadline_s: float = 2.0) -> Subject:
        return Subject(name, lambda: Check(name, look, deadline_s), deadline_s)

    return made
