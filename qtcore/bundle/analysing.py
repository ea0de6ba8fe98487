"""Looks into a bundle from elsewhere: it is opened with suspicion, and only inside a scratch folder.

Anybody may have made the file, so nothing in it is believed before it is checked: names that lead out of the folder,
links, files that unpack to more than they may, and contents that are not what the manifest says.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from qtcore.bundle.document import MANIFEST, BundleManifest
from qtcore.bundle.restoring import restore_journal
from qtcore.doctor.check import Patient
from qtcore.errors import EnvironmentRefused
from qtcore.records.home import Home

MOST_FILES = 2_000
MOST_BYTES = 64 * 1024 * 1024
MOST_PACKED = 200
"""No text of ours packs better than this; what does is meant to fill the disk."""
_CHUNK = 64 * 1024
_KINDS = 0o170000
_REGULAR = 0o100000


@contextmanager
def opened(file: Path) -> Iterator[Patient]:
    """The bundle as something that the doctor can look at, gone afterwards. Raises EnvironmentRefused."""
    with tempfile.TemporaryDirectory(prefix="qt-doctor-") as name:
        folder = Path(name)
        manifest = _unpacked(file, folder)
        home = Home(folder)
        restore_journal(home.journal, folder / "journal.jsonl")
        yield Patient(home, folder / "plugins.yaml", {}, manifest.at, elsewhere=True)


def _unpacked(file: Path, folder: Path) -> BundleManifest:
    try:
        with zipfile.ZipFile(file) as packed:
            entries = packed.infolist()
            _refuse_suspicious(entries, file)
            for entry in entries:
                _unpack(packed, entry, folder, file)
        manifest = BundleManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        missing = error.filename if str(error.filename) == str(file) else MANIFEST
        raise EnvironmentRefused(f"there is no {missing}; name a file that `qt bundle` wrote") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValidationError, json.JSONDecodeError, OSError):
        raise EnvironmentRefused(f"{file} is no bundle, or is damaged; name a file that `qt bundle` wrote") from None
    _refuse_changed(manifest, folder, file)
    return manifest


def _refuse_suspicious(entries: list[zipfile.ZipInfo], file: Path) -> None:
    names = [entry.filename for entry in entries]
    if len(names) > MOST_FILES or len(set(names)) < len(names):
        raise EnvironmentRefused(
            f"{file} holds {len(names)} files, too many or one twice; `qt bundle` makes no such file"
        )
    for entry in entries:
        kind = (entry.external_attr >> 16) & _KINDS
        if not _stays_inside(entry.filename) or kind not in {0, _REGULAR}:
            raise EnvironmentRefused(
                f'{file} holds "{entry.filename}", which would not stay in its folder; `qt bundle` makes no such file'
            )
    total = sum(entry.file_size for entry in entries)
    worst = max((entry.file_size / max(1, entry.compress_size) for entry in entries), default=0)
    if total > MOST_BYTES or (worst > MOST_PACKED and total > MOST_BYTES // 8):
        raise EnvironmentRefused(
            f"{file} would unpack to {total / 2**20:,.0f} MB; a bundle has at most {MOST_BYTES / 2**20:.0f}"
        )


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and ".." not in path.parts
        and "\\" not in name
        and ":" not in name
        and "\0" not in name
        and not name.endswith("/")
        and len(path.parts) <= 3
    )


def _unpack(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, file: Path) -> None:
    """No more than the entry says it holds, whatever comes out of it."""
    target = folder / entry.filename
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = 0
    with packed.open(entry) as source, target.open("xb") as to:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > entry.file_size:
                raise EnvironmentRefused(f"{file} holds more than it says; `qt bundle` makes no such file")
            to.write(chunk)


def _refuse_changed(manifest: BundleManifest, folder: Path, file: Path) -> None:
    for part in manifest.parts:
        path = folder / part.name
        known = _stays_inside(part.name) and path.is_file()
        if not known or hashlib.sha256(path.read_bytes()).hexdigest() != part.sha256:
            raise EnvironmentRefused(f"{part.name} in {file} is not what was put there; ask for the bundle again")
