"""From samples to artefacts: judge each member on decisions it did not learn from, calibrate it, fit it on all, keep it.

Called in a process of its own (it takes minutes and all it is given of the processor); nothing here touches pointers.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
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
from plugins.learning.members import NETS, FitReport, Member, Untrainable, missing_library, new_member
from plugins.learning.metrics import quality
from plugins.learning.rows import Floats, Ints
from plugins.learning.validation import Fold, combinatorial, judged_paths, walk_forward

Told = Callable[[MemberName, str, float], None]
"""Told which member is at which stage, and the part of that member's training that is done."""


@dataclass(frozen=True, slots=True)
class Course:
    """How thoroughly to judge: trees by combinatorial folds, nets, which take longer, by walking forward."""

    blocks: int = 4
    judged_blocks: int = 2
    steps: int = 3
    seed: int = 1
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Trained:
    """A member that was trained and kept; `unchanged` when it is, bit for bit, one that was kept before."""

    member: MemberName
    artefact: str
    unchanged: bool
    report: FitReport
    metrics: dict[str, float]
    seconds: float


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
    told: Told = lambda _member, _stage, _done: None,
) -> list[Trained | Failed]:
    """Train each member that is installed; one that cannot be trained does not keep the others from it."""
    results: list[Trained | Failed] = []
    for name in members:
        if (library := missing_library(name)) is not None:
            results.append(Failed(name, f"{library} is not installed"))
            continue
        try:
            results.append(_train(samples, store, name, course or Course(), made_at, reason, told))
        except (Untrainable, ValueError) as error:
            results.append(Failed(name, str(error)))
    return results


def held_out(samples: Samples, name: MemberName, course: Course, told: Told = lambda *_: None) -> tuple[Ints, Floats]:
    """Indices of decisions and what a member that had not learned from them said, averaged over its fits."""
    folds = folds_of(samples, name, course)
    done = iter(range(len(folds)))

    def fit(part: Samples) -> Callable[[Samples], Floats]:
        member, fold = new_member(name), next(done)
        share = 1 / (len(folds) + 1)
        member.fit(
            part,
            seed=course.seed,
            threads=course.threads,
            progress=lambda part_done: told(name, f"fold {fold + 1} of {len(folds)}", (fold + part_done) * share),
        )
        return member.predict

    return _averaged(judged_paths(samples, folds, fit), len(samples))


def folds_of(samples: Samples, name: MemberName, course: Course) -> list[Fold]:
    """Raises ValueError when there is too little history."""
    if name in NETS:
        return walk_forward(samples, folds=course.steps)
    return combinatorial(samples, folds=course.blocks, test_folds=course.judged_blocks)


def _train(
    samples: Samples,
    store: ArtefactStore,
    name: MemberName,
    course: Course,
    made_at: datetime,
    reason: str,
    told: Told,
) -> Trained:
    began = time.monotonic()
    index, said = held_out(samples, name, course, told)
    judged = samples.take(index)
    calibration = Calibration.fit(said, judged.labels, judged.weights)
    metrics = _metrics(judged, said)
    member = new_member(name)
    folds = len(folds_of(samples, name, course))
    share = 1 / (folds + 1)
    report = member.fit(
        samples,
        seed=course.seed,
        threads=course.threads,
        progress=lambda done: told(name, "the whole history", (folds + done) * share),
    )
    canary = _canary(samples, member, calibration)

    def write(folder: Path) -> None:
        member.save(folder)
        (folder / CALIBRATION).write_text(calibration.model_dump_json(indent=1), encoding="utf-8")
        canary.save(folder)

    seconds = time.monotonic() - began
    kept = store.put(
        name,
        write,
        lambda files: _content(samples, name, course, report, metrics, files),
        Circumstances(made_at=made_at, seconds=seconds, parent=store.pointers(name).champion, reason=reason),
    )
    told(name, "kept", 1.0)
    return Trained(name, kept.hash, kept.unchanged, report, metrics, seconds)


def _averaged(paths: list[tuple[Ints, Floats]], count: int) -> tuple[Ints, Floats]:
    """Over the paths on which a decision was judged; those that nobody could judge are left out."""
    total, times = np.zeros((count, len(CLASS_ORDER))), np.zeros(count)
    for index, said in paths:
        known = np.isfinite(said).all(axis=1)
        np.add.at(total, index[known], said[known])
        np.add.at(times, index[known], 1.0)
    judged = np.flatnonzero(times)
    return judged, total[judged] / times[judged, np.newaxis]


def _metrics(judged: Samples, said: Floats) -> dict[str, float]:
    """Of what was said of decisions that were held out, calibrated on the half that it is not judged on."""
    if not len(judged):
        raise Untrainable("no decision could be judged out of sample")
    half = len(judged) // 2
    halves = [np.arange(half), np.arange(half, len(judged))]
    calibrated, prior = np.empty_like(said), np.empty_like(said)
    for mine, other in (halves, halves[::-1]):
        labels, weights = judged.labels[other], judged.weights[other]
        calibrated[mine] = Calibration.fit(said[other], labels, weights).apply(said[mine])
        prior[mine] = Calibration.prior(labels, weights).apply(said[mine])
    found = {key: float(value) for key, value in asdict(quality(calibrated, judged.labels, judged.weights)).items()}
    known_nothing = quality(prior, judged.labels, judged.weights).log_loss
    return {**found, "prior_log_loss": known_nothing, "skill": 1 - found["log_loss"] / known_nothing}


def _canary(samples: Samples, member: Member, calibration: Calibration) -> Canary:
    """Decisions spread over the history that the member can judge."""
    tried = samples.take(np.linspace(0, len(samples) - 1, min(len(samples), 8 * DECISIONS)).astype(np.int64))
    history = tried.sequences(member.length)
    said = calibration.apply(member.predict(tried))
    able = np.flatnonzero(np.isfinite(said).all(axis=1))[:: max(1, len(tried) // DECISIONS)][:DECISIONS]
    if not len(able):
        raise Untrainable("it cannot judge the decisions that it was trained on")
    return Canary(history[able], said[able])


def _content(
    samples: Samples,
    name: MemberName,
    course: Course,
    report: FitReport,
    metrics: dict[str, float],
    files: dict[str, KeptFile],
) -> Content:
    return Content(
        member=name,
        classes=CLASS_ORDER,
        schema_hash=samples.schema.hash,
        feature_schema=samples.schema.document(),
        files=files,
        training=Training(
            digest=samples.digest,
            samples=len(samples),
            symbols=len(samples.symbols),
            first_ms=int(samples.decided_ms.min()),
            last_ms=int(samples.decided_ms.max()),
            seed=course.seed,
            threads=course.threads,
            rounds=report.rounds,
        ),
        metrics=metrics,
        libraries=_libraries(),
        machine=f"{platform.system()} {platform.machine()}",
    )


def _libraries() -> dict[str, str]:
    found = {}
    for library in ("numpy", "xgboost-cpu", "xgboost", "lightgbm", "torch", "safetensors"):
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
