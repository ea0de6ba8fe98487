"""Files and folders that are either there whole or not at all, also after power loss."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from qtcore.records.atomic import UNFINISHED, sync

INCOMING, DROPPED = ".incoming-", ".dropped-"


def make_folder(folder: Path) -> None:
    """A private folder, and its parents private too where they are made."""
    if not folder.parent.exists():
        make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def move_in(fresh: Path, place: Path) -> None:
    """Let a finished folder appear under its name; its files are on the disk before its name is."""
    for file in fresh.iterdir():
        file.chmod(0o600)
        sync(file)
    sync(fresh)
    fresh.rename(place)
    sync(place.parent)


def drop(folder: Path) -> None:
    """Take a folder away: under its name it is gone at once, however long deleting it takes."""
    away = folder.with_name(f"{DROPPED}{uuid4().hex}")
    folder.rename(away)
    shutil.rmtree(away)


def sweep(parent: Path) -> None:
    """Remove what a crash left half written or half deleted. Call with the lock held."""
    for path in [*parent.glob(f"{INCOMING}*"), *parent.glob(f"{DROPPED}*"), *parent.glob(UNFINISHED)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one process changes a folder at a time; the lock goes with the process."""
    make_folder(folder)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def digest_of(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
