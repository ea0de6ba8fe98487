"""A home with records in which secrets lie, and what a bundle of it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qtcore.doctor.check import Patient
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a journal of three events."""
    made = Home(tmp_path / "var")
    made.create()
    with Journal.open(made) as journal:
        journal.append(EventKind.SUPERVISOR_STARTED, "supervisor begins", details={"mode": "paper"})
        journal.append(EventKind.NOTE, "all is well")
        journal.append(EventKind.SUPERVISOR_STOPPED, "in order")
    return made


@pytest.fixture
def patient(home: Home, tmp_path: Path) -> Callable[..., Patient]:
    """The home with a configuration and an environment."""

    def made(environment: dict[str, str] | None = None, configuration: str = "version: 1\n") -> Patient:
        config = tmp_path / "plugins.yaml"
        config.write_text(configuration)
        return Patient(home, config, environment or {})

    return made
