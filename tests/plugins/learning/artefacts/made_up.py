"""Artefacts that hold a line of text; also the program whose children are killed at each step of changing a store."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plugins.domain import MemberName
from plugins.learning.artefacts import ArtefactStore, Circumstances, Content, Training
from plugins.learning.artefacts.manifest import KeptFile
from plugins.learning.classes import CLASS_ORDER

MEMBER = MemberName.XGBOOST
TRAINING = Training(digest="d", samples=1, symbols=1, first_ms=0, last_ms=1, seed=1, threads=1, rounds=1)
STEPS = ("rename", "replace", "fsync", "unlink", "rmdir", "open")


def describe(files: dict[str, KeptFile], classes: tuple[str, ...] = CLASS_ORDER) -> Content:
    return Content(
        member=MEMBER,
        classes=classes,
        schema_hash="s",
        feature_schema={},
        files=files,
        training=TRAINING,
        metrics={},
        libraries={},
        machine="",
    )


def written(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "model.txt").write_text(text)
        (folder / "calibration.json").write_text("{}")

    return write


def put_text(store: ArtefactStore, text: str, at: datetime) -> str:
    return store.put(MEMBER, written(text), describe, Circumstances(made_at=at, seconds=1.0)).hash


def die_at(step: int) -> None:
    """End this process without a word at its `step`-th change of the disk."""
    left = [step]

    def dying(original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os._exit(137)
            return original(*args, **kwargs)

        return call

    for name in STEPS:
        setattr(os, name, dying(getattr(os, name)))


def change(home: Path, step: int) -> None:
    """Put a second artefact, promote it, and prune down to one; die at `step`, unless that is 0."""
    store, at = ArtefactStore(home), datetime(2026, 1, 6, tzinfo=UTC)
    if step:
        die_at(step)
    second = put_text(store, "second", at)
    store.promote(MEMBER, second, who="test", why="better", at=at)
    store.prune(MEMBER, keep=1)


def in_a_child(home: Path, step: int) -> int:
    """Change the store in a process of its own, forked so that it need not import anything; its exit status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        change(home, step)
        status = 0
    finally:
        os._exit(status)


def main() -> None:
    """For each line `STEP HOME` on stdin a child, and its exit status on stdout."""
    for line in sys.stdin:
        step, home = line.rstrip("\n").split(" ", 1)
        print(in_a_child(Path(home), int(step)), flush=True)


if __name__ == "__main__":
    main()
