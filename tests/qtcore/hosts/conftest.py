"""Fixtures of the host tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.qtcore.hosts.world import OpenWorld, world_in


@pytest.fixture
def open_world(tmp_path: Path) -> OpenWorld:
    """`async with open_world(preload_sets=[...]) as world`."""
    return world_in(tmp_path)
