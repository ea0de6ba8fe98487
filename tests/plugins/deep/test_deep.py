"""The nets' plugin: judges a batch, proves itself on its canaries, and goes back from what is damaged."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plugins.deep import Deep
from plugins.domain import MemberName, Standing
from plugins.learning.artefacts import ArtefactStore, load_voter
from plugins.learning.ballots import ballots_of
from plugins.learning.dataset import Samples, build_samples
from plugins.learning.features import FeatureRows
from plugins.learning.members import missing_library
from plugins.learning.training import Trained, train_members
from plugins.learning.windows_on_the_wire import NoWindows, packed, unpacked
from qtcore import CallFailed
from qtcore.testing import harness
from tests.plugins.learning.conftest import history

NOW = datetime(2026, 1, 5, tzinfo=UTC)
NET = MemberName.N_HITS
needs_torch = pytest.mark.skipif(missing_library(NET) is not None, reason="torch is not installed")


@pytest.fixture(scope="module")
def samples() -> Samples:
    return build_samples({f"{n}USDT": history(1500, seed=s) for s, n in enumerate("AB")}, 60, every_bars=2, sequence=64)


@pytest.fixture(scope="module")
def trained(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which N-HiTS was trained twice."""
    home = tmp_path_factory.mktemp("deep")
    store = ArtefactStore(home)
    for part in (samples, samples.take(np.arange(len(samples) - 50))):
        (result,) = train_members(part, store, made_at=NOW, members=[NET])
        assert isinstance(result, Trained)
        store.promote(NET, result.artefact, who="test", why="a test", at=NOW)
    return home


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "home")
    return tmp_path / "home"


def rows_of(samples: Samples) -> FeatureRows:
    few = samples.take(np.arange(20))
    names = tuple(f"S{number}" for number in range(20))
    return FeatureRows(samples.schema, int(few.decided_ms[-1]), names, few.sequences(64))


@needs_torch
@pytest.mark.anyio
async def test_judges_a_batch_as_the_artefact_does(home: Path, samples: Samples) -> None:
    """Over the wire comes what the voter itself would say; the net that was never trained says so."""
    rows, store = rows_of(samples), ArtefactStore(home)
    voter = load_voter(store, NET, store.pointers(NET).champion or "")
    async with harness(Deep, home=home) as h:
        await h.ready()
        told = await h.call("deep.predict", {"batch": packed(rows)})
        ballots = {ballot.member: ballot for ballot in ballots_of(told, len(rows))}
        said = ballots[NET].probabilities
        assert said is not None
        np.testing.assert_allclose(said, voter.judge(rows), atol=1e-6)
        assert ballots[MemberName.PATCHTST].standing is Standing.NOT_TRAINED
        assert (await h.health()).status == "healthy"
        with pytest.raises(CallFailed, match="windows"):
            await h.call("deep.predict", {"batch": packed(rows).model_copy(update={"windows": "AAAA"})})
        other = await h.call("deep.predict", {"batch": packed(rows).model_copy(update={"schema_hash": "other"})})
        assert other[NET]["standing"] == Standing.UNUSABLE


@needs_torch
@pytest.mark.anyio
async def test_another_champion_takes_over_and_a_stale_one_has_no_vote(home: Path, samples: Samples) -> None:
    """The pointer moves, and the next batches are judged by the new one; after a fortnight nobody is."""
    store, rows = ArtefactStore(home), rows_of(samples)
    async with harness(Deep, settings={"look_every_s": 0.01}, home=home) as h:
        await h.ready()
        before = store.pointers(NET).previous
        assert before is not None
        store.promote(NET, before, who="test", why="back", at=NOW)

        async def artefact() -> Any:
            return (await h.call("deep.predict", {"batch": packed(rows)}))[NET]["artefact"]

        for _ in range(2000):
            if await artefact() == before:
                break
        assert await artefact() == before
        late = replace(rows, closed_at_ms=rows.closed_at_ms + 15 * 86_400_000)
        told = await h.call("deep.predict", {"batch": packed(late)})
        assert told[NET]["standing"] == Standing.STALE


@needs_torch
@pytest.mark.anyio
async def test_e9_a_damaged_net_is_found_and_replaced(home: Path) -> None:
    """A flipped byte on the disk is found by the next look at health, and healed by the last good champion."""
    store = ArtefactStore(home)
    pointers = store.pointers(NET)
    async with harness(Deep, home=home) as h:
        await h.ready()
        file = store.folder(NET, pointers.champion or "") / "weights.safetensors"
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        (finding,) = (await h.health()).findings
        assert finding.code == "QT-DEEP-ARTEFACT-N-HITS"
        assert (pointers.previous or "?")[:12] in await h.heal(finding)
        assert (await h.health()).status == "healthy"
        assert store.pointers(NET).champion == pointers.previous


@pytest.mark.anyio
async def test_without_champions_there_is_nothing_to_judge_with(tmp_path: Path) -> None:
    """Before the first training it is healthy, says so, and has not imported torch for nothing."""
    async with harness(Deep, home=tmp_path) as h:
        await h.ready()
        health = await h.health()
        assert health.status == "healthy"
        assert "no net has been trained" in health.summary


def test_windows_survive_the_wire(samples: Samples) -> None:
    """What nets look at arrives bit for bit; the rest is missing; anything else is refused."""
    rows = rows_of(samples)
    back = unpacked(rows.schema, packed(rows))
    looked_at = np.isfinite(back.history).all(axis=(0, 1))
    assert looked_at.sum() == 6
    np.testing.assert_array_equal(back.history[..., looked_at], rows.history[..., looked_at])
    with pytest.raises(NoWindows):
        unpacked(rows.schema, packed(rows).model_copy(update={"windows": "not base64"}))
