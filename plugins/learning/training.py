"""From samples to artefacts: each member is judged on what it did not learn from, calibrated, fitted on all, and kept.

Called in a process of its own (it takes minutes and all it is given of the processor); nothing here touches pointers.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from plugins.domain import MemberName
from plugins.learning.artefacts import ArtefactStore, Circumstances, Content, Training
from plugins.learning.artefacts.canary import DECISIONS, Canary
from plugins.learning.artefacts.manifest import KeptFile
from plugins.learning.artefacts.voter import CALIBRATION
from plugins.learning.calibration import Calibration
from plugins.learning.classes import CLASS_ORDER
from plugins.learning.dataset import Samples
from plugins.learning.held_out import Course, Told, cross_calibrated, folds_of, held_out, metrics_of, untold
from plugins.learning.members import FitReport, Member, Untrainable, missing_library, new_member
from plugins.learning.members.weighing import enough
from plugins.learning.rows import Floats, Ints


@dataclass(frozen=True, slots=True)
class Trained:
    """A member that was trained and kept; `unchanged` when it is, bit for bit, one that was kept before.

    `judged` are the indices of the decisions that were held out, `said` [n, 3] what was said of them, calibrated.
    """

    member: MemberName
    artefact: str
    unchanged: bool
    report: FitReport
    metrics: dict[str, float]
    seconds: float
    judged: Ints
    said: Floats


@dataclass(frozen=True, slots=True)
class Failed:
    """A member that could not be trained, and why."""

    member: MemberName
    reason: str


def train_members(
    samples: Samples,
    store: ArtefactStore,
    *,
    made_at: datetime,
    members: Iterable[MemberName] = tuple(MemberName),
    course: Course | None = None,
    reason: str = "",
    told: Told = untold,
) -> list[Trained | Failed]:
    """Train each member that is installed; one that cannot be trained does not keep the others from it."""
    training = _Training(samples, store, course or Course(), made_at, reason, told)
    return [training.trained(name) for name in members]


@dataclass(frozen=True, slots=True)
class _Training:
    """One training of several members on the same samples."""

    samples: Samples
    store: ArtefactStore
    course: Course
    made_at: datetime
    reason: str
    told: Told

    def trained(self, name: MemberName) -> Trained | Failed:
        """Train one member, unless that cannot be."""
        if (library := missing_library(name)) is not None:
            return Failed(name, f"{library} is not installed")
        try:
            return self._train(name)
        except (Untrainable, ValueError) as error:
            return Failed(name, str(error))

    def _train(self, name: MemberName) -> Trained:
        began = time.monotonic()
        enough(self.samples)
        index, said = held_out(self.samples, name, self.course, self.told)
        judged = self.samples.take(index)
        metrics = metrics_of(judged, said)
        calibration = Calibration.fit(said, judged.labels, judged.weights)
        member = new_member(name)
        report = self._fit(name, member)
        canary = _canary(self.samples, member, calibration)

        def write(folder: Path) -> None:
            member.save(folder)
            (folder / CALIBRATION).write_text(calibration.model_dump_json(indent=1), encoding="utf-8")
            canary.save(folder)

        def describe(files: dict[str, KeptFile]) -> Content:
            return self._content(name, report, metrics, files)

        seconds = time.monotonic() - began
        parent = self.store.pointers(name).champion
        now = Circumstances(made_at=self.made_at, seconds=seconds, parent=parent, reason=self.reason)
        kept = self.store.put(name, write, describe, now)
        self.told(name, "kept", 1.0)
        return Trained(
            name, kept.hash, kept.unchanged, report, metrics, seconds, index, cross_calibrated(judged, said)[0]
        )

    def _fit(self, name: MemberName, member: Member) -> FitReport:
        folds = len(folds_of(self.samples, name, self.course))
        return member.fit(
            self.samples,
            seed=self.course.seed,
            threads=self.course.threads,
            progress=lambda done: self.told(name, "the whole history", (folds + done) / (folds + 1)),
        )

    def _content(
        self, name: MemberName, report: FitReport, metrics: dict[str, float], files: dict[str, KeptFile]
    ) -> Content:
        return Content(
            member=name,
            classes=CLASS_ORDER,
            schema_hash=self.samples.schema.hash,
            feature_schema=self.samples.schema.document(),
            files=files,
            training=Training(
                digest=self.samples.digest,
                samples=len(self.samples),
                symbols=len(self.samples.symbols),
                first_ms=int(self.samples.decided_ms.min()),
                last_ms=int(self.samples.decided_ms.max()),
                seed=self.course.seed,
                threads=self.course.threads,
                rounds=report.rounds,
            ),
            metrics=metrics,
            libraries=_libraries(),
            machine=f"{platform.system()} {platform.machine()}",
        )


def _canary(samples: Samples, member: Member, calibration: Calibration) -> Canary:
    """Decisions spread over the history that the member can judge."""
    tried = samples.take(np.linspace(0, len(samples) - 1, min(len(samples), 8 * DECISIONS)).astype(np.int64))
    history = tried.sequences(member.length)
    said = calibration.apply(member.predict(tried))
    able = np.flatnonzero(np.isfinite(said).all(axis=1))[:: max(1, len(tried) // DECISIONS)][:DECISIONS]
    if not len(able):
        raise Untrainable("it cannot judge the decisions that it was trained on")
    return Canary(history[able], said[able])


def _libraries() -> dict[str, str]:
    found = {}
    for library in ("numpy", "xgboost-cpu", "xgboost", "lightgbm", "torch", "safetensors"):
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
