"""Each member: learns what can be learned, repeats itself exactly, and says when it has nothing to go by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plugins.domain import MemberName
from plugins.learning.features import FeatureRows
from plugins.learning.members import (
    NETS,
    FitReport,
    Member,
    Unloadable,
    Untrainable,
    load_member,
    missing_library,
    new_member,
)
from tests.plugins.learning.members.lessons import Lesson

Make = Callable[..., Lesson]
MEMBERS = [
    pytest.param(name, marks=pytest.mark.skipif(missing_library(name) is not None, reason=f"{name} is not installed"))
    for name in MemberName
]


def fitted(name: MemberName, lesson: Lesson, seed: int = 3) -> tuple[Member, FitReport]:
    member = new_member(name)
    return member, member.fit(lesson, seed=seed, threads=1, progress=lambda _: None)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def saved(member: Member, folder: Path) -> Path:
    folder.mkdir()
    member.save(folder)
    return folder


@pytest.mark.parametrize("name", MEMBERS)
def test_learns_repeats_and_comes_back(name: MemberName, lesson: Make, tmp_path: Path) -> None:
    """A learnable rule is found out of sample; the same fit gives the same bytes; what is loaded says the same."""
    heard: list[float] = []
    member = new_member(name)
    report = member.fit(lesson(), seed=3, threads=1, progress=heard.append)
    fresh = lesson(400, seed=2)
    said = member.predict(fresh)
    assert said.shape == (400, 3)
    np.testing.assert_allclose(said.sum(axis=1), 1.0, atol=1e-6)
    assert (said.argmax(axis=1) == fresh.labels).mean() > 0.5
    assert report.samples + report.held_back <= 2000
    assert report.rounds >= 1
    assert heard == sorted(heard)
    assert 0 < heard[-1] <= 1

    again, _ = fitted(name, lesson())
    kept = saved(member, tmp_path / "a")
    assert files(kept) == files(saved(again, tmp_path / "b"))
    np.testing.assert_allclose(load_member(name, kept).predict(fresh), said, atol=1e-12)
    assert files(saved(load_member(name, kept), tmp_path / "c")) == files(kept)


@pytest.mark.parametrize("name", MEMBERS)
def test_one_prediction_does_not_depend_on_the_others(name: MemberName, lesson: Make) -> None:
    """Asked alone or in a batch, a decision gets the same answer."""
    member, _ = fitted(name, lesson(600))
    fresh = lesson(50, seed=5)
    together = member.predict(fresh)
    for place in (0, 7, 49):
        np.testing.assert_allclose(member.predict(fresh.take(np.array([place]))), together[[place]], atol=1e-6)


@pytest.mark.parametrize("name", MEMBERS)
def test_what_cannot_be_learned_is_refused(name: MemberName, lesson: Make) -> None:
    """Too few decisions, or a class that never occurs: no model, and the reason."""
    with pytest.raises(Untrainable, match="too few"):
        fitted(name, lesson(150))
    one_sided = replace(lesson(600), labels=np.full(600, 2, dtype=np.int64))
    with pytest.raises(Untrainable, match="down or flat"):
        fitted(name, one_sided)


@pytest.mark.parametrize("name", MEMBERS)
def test_e18_a_foreign_file_is_refused(name: MemberName, tmp_path: Path) -> None:
    """E18: a scaler, metadata or a 166-byte file is not a model, whatever its name says."""
    for file in ("model.json", "model.txt", "weights.safetensors", "net.json"):
        (tmp_path / file).write_bytes(b'{"scaler": [1, 2, 3]}'.ljust(166))
    with pytest.raises(Unloadable):
        load_member(name, tmp_path)


@pytest.mark.parametrize("name", [param for param in MEMBERS if param.values[0] in NETS])
def test_e5_a_net_does_not_judge_a_window_with_holes(name: MemberName, lesson: Make) -> None:
    """Too little history, or a missing figure in it, is no coverage: NaN, never a guess from zeros."""
    member, _ = fitted(name, lesson(600))
    history = lesson(3, seed=4).sequences(64).copy()
    history[0, :10] = np.nan
    history[1, 63] = np.nan
    said = member.predict(FeatureRows(lesson(600).schema, 0, ("A", "B", "C"), history))
    assert np.isnan(said).all(axis=1).tolist() == [True, True, False]


@pytest.mark.parametrize("name", [param for param in MEMBERS if param.values[0] in NETS])
def test_e6_a_net_of_another_shape_is_not_loaded(name: MemberName, lesson: Make, tmp_path: Path) -> None:
    """Weights for another length or another member do not load into this one."""
    kept = saved(fitted(name, lesson(600))[0], tmp_path / "net")
    shape = kept / "net.json"
    whole = shape.read_text()
    shape.write_text(whole.replace('"length": 64', '"length": 120').replace('"length":64', '"length":120'))
    with pytest.raises(Unloadable):
        load_member(name, kept)
    shape.write_text(whole)
    (other,) = set(NETS) - {name}
    with pytest.raises(Unloadable):
        load_member(other, kept)
