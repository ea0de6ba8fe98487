"""What the tests of records share."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtcore.records.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A fresh home folder."""
    home = Home(tmp_path / "var")
    home.create()
    return home
