"""A home with artefacts of a member that needs no training, and one that has been trained."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plugins.domain import MemberName
from plugins.learning.artefacts import ArtefactStore
from plugins.learning.dataset import Samples, build_samples
from plugins.learning.training import Trained, train_members
from tests.plugins.learning.artefacts.made_up import put_text
from tests.plugins.learning.conftest import history

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def samples() -> Samples:
    """Decisions on three symbols' made-up history."""
    return build_samples(
        {f"{name}USDT": history(2400, seed=seed) for seed, name in enumerate("ABC")}, 60, every_bars=3, sequence=64
    )


@pytest.fixture(scope="session")
def trained(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """A home in which LightGBM was trained."""
    home = tmp_path_factory.mktemp("trained")
    (result,) = train_members(samples, ArtefactStore(home), made_at=NOW, members=[MemberName.LIGHTGBM])
    assert isinstance(result, Trained)
    return home, result


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str], str]:
    """`put("text")`: keep an artefact of that content, a minute after the one before; returns its hash."""
    minutes = iter(range(10_000))

    def keep(text: str) -> str:
        return put_text(ArtefactStore(tmp_path), text, NOW + timedelta(minutes=next(minutes)))

    return keep
