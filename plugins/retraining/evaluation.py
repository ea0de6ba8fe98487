"""How good every version is on candles that it has not learned from, for a person who asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from plugins.domain import MemberName
from plugins.learning.archive import FOLDER, Archive
from plugins.learning.artefacts import ArtefactStore
from plugins.learning.artefacts.damage import Damaged
from plugins.learning.artefacts.voter import load_voter
from plugins.learning.dataset import Samples
from plugins.learning.metrics import quality
from plugins.retraining.order import History
from plugins.retraining.work import samples_of
from qtcore import QtError

MOST_SAMPLES = 20_000
LEAST = 50


class NothingToJudgeBy(QtError):
    """There is no history on disk."""


def evaluated(home: Path, *, market: str, bars: int) -> dict[str, Any]:
    """Every version of every member. Raises NothingToJudgeBy."""
    folder = _folder(home, market)
    interval = next(iter(Archive(folder).intervals()), None)
    if interval is None:
        raise NothingToJudgeBy(f"{folder} holds no candles; `qt data fetch` or `qt data import` brings some")
    symbols = tuple(Archive(folder).symbols(interval))
    history = History(
        folder=folder, interval=interval, symbols=symbols, bars=bars, samples=MOST_SAMPLES, horizon_bars=24
    )
    samples, store = samples_of(history), ArtefactStore(home)
    return {
        "market": folder.name,
        "interval": interval,
        "decisions": len(samples),
        "models": {
            str(member): {artefact[:12]: _judged(store, member, artefact, samples) for artefact, _ in versions}
            for member in MemberName
            if (versions := store.versions(member))
        },
    }


def _judged(store: ArtefactStore, member: MemberName, artefact: str, samples: Samples) -> dict[str, Any]:
    role = _role(store, member, artefact)
    try:
        voter = load_voter(store, member, artefact)
    except (Damaged, ImportError) as error:
        return {"role": role, "unusable": str(error)}
    learned_ms = voter.manifest.content.training.last_ms
    unseen = samples.take(np.flatnonzero(samples.decided_ms > learned_ms))
    said = voter.judge(unseen) if len(unseen) else np.empty((0, 3))
    able = np.flatnonzero(np.isfinite(said).all(axis=1))
    if len(able) < LEAST:
        return {
            "role": role,
            "decisions": len(able),
            "says": f"fewer than {LEAST} decisions that it has not learned from",
        }
    found = quality(said[able], unseen.labels[able], unseen.weights[able])
    return {
        "role": role,
        "decisions": found.n,
        "log_loss": round(found.log_loss, 4),
        "brier": round(found.brier, 4),
        "calibration_gap": round(found.ece, 4),
        "accuracy": round(found.accuracy, 4),
    }


def _role(store: ArtefactStore, member: MemberName, artefact: str) -> str:
    now = store.pointers(member)
    roles = {now.champion: "champion", now.challenger: "challenger", now.previous: "previous"}
    return roles.get(artefact, "kept")


def _folder(home: Path, market: str) -> Path:
    parent = home / FOLDER
    folders = sorted((path for path in parent.glob("*/") if path.is_dir()), key=lambda path: path.stat().st_mtime)
    if market:
        folders = [path for path in folders if path.name == market]
    if not folders:
        raise NothingToJudgeBy(
            f"{parent} has no history{f' of {market}' if market else ''}; `qt data check` lists what there is"
        )
    return folders[-1]
