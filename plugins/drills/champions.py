"""Homes with trained champions, and champions that are put in their place by an outsider's hand on the pointer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from plugins.domain import MemberName
from plugins.drills.place import Outside
from plugins.learning.artefacts import ArtefactStore, Circumstances, Content
from plugins.learning.artefacts.canary import Canary
from plugins.learning.artefacts.manifest import KeptFile
from plugins.learning.dataset import Samples, build_samples
from plugins.learning.features import History
from plugins.learning.schema import FeatureSchema
from plugins.learning.training import Trained, train_members

MEMBERS = (MemberName.XGBOOST, MemberName.LIGHTGBM)
NOW = datetime(2026, 1, 5, tzinfo=UTC)
START_MS = 1_735_689_600_000
BARS, EVERY_BARS, SEQUENCE = 1500, 2, 64
POINTERS = "pointers.json"
ODD = "odd.json"
"""Which artefacts of a home are not what they seem."""


def home(folder: Path, seed: int) -> None:
    """Train two members on made-up waves; beside each champion lies one of other features and one that lies."""
    samples, store = _samples(seed), ArtefactStore(folder)
    odd: dict[str, dict[str, str]] = {}
    for member in MEMBERS:
        first = _trained(samples.take(np.arange(len(samples) - 100)), store, member)
        champion = _trained(samples, store, member)
        for artefact, why in ((first, "first"), (champion, "newest")):
            store.promote(member, artefact, who="drills", why=why, at=NOW)
        odd[member] = {
            "features": _trained(_narrower(samples), store, member),
            "canary": _lying(store, member, champion),
        }
    (folder / ODD).write_text(json.dumps(odd))


def other_features(outside: Outside, member: str) -> None:
    """The champion is now one that was trained on fewer features."""
    _point(outside, member, "features")


def other_model(outside: Outside, member: str) -> None:
    """The champion is now one that answers otherwise than it says that it answered when it was made."""
    _point(outside, member, "canary")


def put_back(outside: Outside) -> None:
    """The pointers are as they were, where nobody else has put them right."""
    for member, text in outside.memory.pop("pointers", {}).items():
        path = _pointers(outside, member)
        if json.loads(path.read_text())["champion"] == outside.memory["odd"]:
            _replace(path, text)


def _point(outside: Outside, member: str, kind: str) -> None:
    path = _pointers(outside, member)
    text = path.read_text()
    outside.memory.setdefault("pointers", {})[member] = text
    outside.memory["odd"] = json.loads((outside.home / ODD).read_text())[member][kind]
    said: dict[str, Any] = json.loads(text)
    _replace(path, json.dumps(said | {"champion": outside.memory["odd"]}))


def _pointers(outside: Outside, member: str) -> Path:
    return outside.home / "artefacts" / member / POINTERS


def _replace(path: Path, text: str) -> None:
    new = path.with_name(".pointers.new")
    new.write_text(text)
    new.replace(path)


def _trained(samples: Samples, store: ArtefactStore, member: MemberName) -> str:
    (made,) = train_members(samples, store, made_at=NOW, members=[member])
    if not isinstance(made, Trained):
        raise OSError(f"{member} could not be trained for the drills: {made.reason}")
    return made.artefact


def _narrower(samples: Samples) -> Samples:
    """The same decisions without their last feature."""
    fewer = FeatureSchema(samples.schema.version, 60, samples.schema.features[:-1])
    return replace(samples, schema=fewer, features=samples.features[..., :-1])


def _lying(store: ArtefactStore, member: MemberName, honest: str) -> str:
    """A copy of an artefact, whole by every hash and signature, whose canary was told the opposite."""
    content, folder = store.manifest(member, honest).content, store.folder(member, honest)

    def write(fresh: Path) -> None:
        for name in content.files:
            shutil.copyfile(folder / name, fresh / name)
        canary = Canary.load(fresh)
        Canary(canary.history, canary.said[:, ::-1].copy()).save(fresh)

    def describe(files: dict[str, KeptFile]) -> Content:
        return content.model_copy(update={"files": files})

    return store.put(member, write, describe, Circumstances(made_at=NOW, seconds=1.0)).hash


def _samples(seed: int) -> Samples:
    return build_samples(dict(_histories(seed)), 60, every_bars=EVERY_BARS, sequence=SEQUENCE)


def _histories(seed: int) -> Iterator[tuple[str, History]]:
    """Two hours up and down in turn, so that there is something to learn."""
    for number, symbol in enumerate(("AUSDT", "BUSDT")):
        draw, minutes = np.random.default_rng(seed + number), np.arange(BARS)
        swing = 0.006 * np.sin(2 * np.pi * minutes / 120) * (-1) ** number
        close = 50 * np.exp(swing + draw.normal(0, 3e-4, BARS))
        opened = np.concatenate([close[:1], close[:-1]])
        high, low = np.maximum(opened, close) * 1.0003, np.minimum(opened, close) * 0.9997
        volume = draw.lognormal(2, 1, BARS)
        nothing = np.array([], dtype=np.int64)
        columns = {"open": opened, "high": high, "low": low, "close": close, "volume": volume}
        yield (
            symbol,
            History(START_MS + minutes.astype(np.int64) * 60_000, columns, nothing, nothing.astype(np.float64)),
        )
