"""What the tests of telemetry share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qtcore.records.home import Home
from qtcore.telemetry.setup import Telemetry, open_telemetry


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A fresh home folder."""
    home = Home(tmp_path / "var")
    home.create()
    return home


@pytest.fixture
def supervisor(home: Home) -> Iterator[Telemetry]:
    """Telemetry as the supervisor has it."""
    telemetry = open_telemetry(home, "supervisor", incarnation=1, application="demo", mode="paper")
    yield telemetry
    telemetry.close()


@pytest.fixture
def host(home: Home) -> Iterator[Telemetry]:
    """Telemetry as the third incarnation of the host `main` has it."""
    telemetry = open_telemetry(home, "host-main", incarnation=3, application="demo", mode="paper")
    yield telemetry
    telemetry.close()
