"""Training: what is kept can be loaded and proves itself; the same training makes the same artefact."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from plugins.domain import MemberName
from plugins.learning.artefacts import ArtefactStore, Damage, Damaged, load_voter
from plugins.learning.artefacts.canary import Canary
from plugins.learning.dataset import Samples
from plugins.learning.held_out import Course
from plugins.learning.members import missing_library
from plugins.learning.schema import FeatureSchema
from plugins.learning.training import Failed, Trained, train_members

LATER = datetime(2026, 2, 1, tzinfo=UTC)
MEMBER = MemberName.LIGHTGBM
Home = tuple[Path, Trained]


def test_what_was_trained_votes(trained: Home, samples: Samples) -> None:
    """Loaded, it gives calibrated probabilities, and its manifest says what it learned from and how good it was."""
    home, result = trained
    voter = load_voter(ArtefactStore(home), MEMBER, result.artefact)
    said = voter.judge(samples.take(np.arange(50)))
    np.testing.assert_allclose(said.sum(axis=1), 1.0, atol=1e-9)
    content = voter.manifest.content
    assert content.training.samples == len(samples)
    assert content.training.digest == samples.digest
    assert content.metrics["n"] > len(samples) / 2
    assert content.metrics["log_loss"] == pytest.approx(content.metrics["prior_log_loss"], rel=0.1)
    assert content.metrics["ece"] < 0.15


def test_the_same_training_is_the_same_artefact(trained: Home, samples: Samples, tmp_path: Path) -> None:
    """Same data, seed and threads: the same hash, in another home and a month later; another seed, another hash."""
    _, result = trained
    store = ArtefactStore(tmp_path)
    (again,) = train_members(samples, store, made_at=LATER, members=[MEMBER])
    (other,) = train_members(samples, store, made_at=LATER, members=[MEMBER], course=Course(seed=2))
    (third,) = train_members(samples, store, made_at=LATER, members=[MEMBER])
    assert isinstance(again, Trained)
    assert isinstance(other, Trained)
    assert isinstance(third, Trained)
    assert again.artefact == result.artefact != other.artefact
    assert (again.unchanged, third.unchanged) == (False, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MemberName if name is not MEMBER])
def test_each_member_trains_and_repeats_itself(name: MemberName, samples: Samples, tmp_path: Path) -> None:
    """Every other member, too, goes all the way to an artefact that votes, told as it goes, twice the same."""
    if missing_library(name) is not None:
        pytest.skip(f"{name} is not installed")
    told: list[float] = []
    few = samples.take(np.arange(0, len(samples), 3))
    course = Course(steps=2)  # more folds teach nothing about repeating, and a net takes long
    hashes = set()
    for home in (tmp_path / "a", tmp_path / "b"):
        (result,) = train_members(
            few,
            ArtefactStore(home),
            made_at=LATER,
            members=[name],
            course=course,
            told=lambda _, __, done: told.append(done),
        )
        assert isinstance(result, Trained)
        load_voter(ArtefactStore(home), name, result.artefact)
        hashes.add(result.artefact)
    assert len(hashes) == 1
    first = told[: told.index(1.0) + 1]
    assert first == sorted(first)
    assert len(first) > 5


def test_e24_what_cannot_be_trained_is_said(samples: Samples, tmp_path: Path) -> None:
    """E24: no samples, no model; never a mock that took no time."""
    few = samples.take(np.arange(30))
    (failed,) = train_members(few, ArtefactStore(tmp_path), made_at=LATER, members=[MEMBER])
    assert isinstance(failed, Failed)
    assert "few" in failed.reason
    assert not ArtefactStore(tmp_path).versions(MEMBER)


def test_e8_other_features_are_refused(samples: Samples, tmp_path: Path) -> None:
    """E8: an artefact trained on other columns than this version makes does not vote."""
    fewer = FeatureSchema(samples.schema.version, 60, samples.schema.features[:-1])
    old = replace(samples, schema=fewer, features=samples.features[..., :-1])
    (result,) = train_members(old, ArtefactStore(tmp_path), made_at=LATER, members=[MEMBER])
    assert isinstance(result, Trained)
    with pytest.raises(Damaged) as found:
        load_voter(ArtefactStore(tmp_path), MEMBER, result.artefact)
    assert found.value.damage is Damage.OTHER_SCHEMA


def test_e17_a_model_that_says_something_else_now_is_refused(trained: Home, tmp_path: Path) -> None:
    """E17: whole by every hash, but another library makes it answer differently: its canary shows it."""
    home, result = trained
    shutil.copytree(home, tmp_path / "home")
    voter = load_voter(ArtefactStore(tmp_path / "home"), MEMBER, result.artefact)
    assert voter.examine() is None
    changed = replace(voter, canary=Canary(voter.canary.history, voter.canary.said[:, ::-1].copy()))
    with pytest.raises(Damaged) as found:
        changed.examine()
    assert found.value.damage is Damage.CANARY
