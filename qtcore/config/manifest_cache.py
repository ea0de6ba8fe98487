"""What the inspector has seen before, kept in the home's cache.

A manifest is taken from here when nothing it depends on has changed: the files it was read from, its
settings, qtcore's version, the interpreter and the set of installed distributions.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from qtcore.config.cached_manifests import CACHE_NAME, cached_entries
from qtcore.config.inspected import Inspected, InspectionRequest
from qtcore.config.problem import Problem, Weight


def remembered_manifests(
    cache_dir: Path | None, requests: Mapping[str, InspectionRequest], root: Path
) -> dict[str, Inspected]:
    """Of the requested plugins, those for which looking again would show the same."""
    entries = cached_entries(cache_dir) if cache_dir else {}
    digest = cache(_digest)  # many plugins share files
    found = {}
    for name, request in requests.items():
        entry = entries.get(name)
        if entry is None or entry.get("key") != _key(request, root):
            continue
        try:
            inspected = Inspected.model_validate(entry.get("inspected"))
        except ValidationError:
            continue  # written by another version; it is looked at afresh
        if all(digest(file) == known for file, known in inspected.files.items()):
            found[name] = inspected
    return found


def remember_manifests(
    cache_dir: Path, requests: Mapping[str, InspectionRequest], found: Mapping[str, Inspected], root: Path
) -> list[Problem]:
    """Keep every manifest that could be read; one that must be looked at again each time has no key.

    Returns a note when there is no room to remember.
    """
    entries = {
        name: {
            "key": "" if inspected.misfits or inspected.looked_around else _key(requests[name], root),
            "root": str(root),
            "inspected": inspected.model_dump(mode="json"),
        }
        for name, inspected in found.items()
        if inspected.manifest.failure is None
    }
    try:
        _write_private(cache_dir / CACHE_NAME, json.dumps(entries).encode())
    except OSError as error:
        sentence = f"what was seen cannot be remembered ({error.strerror}: {cache_dir}); the next look takes longer"
        return [Problem(sentence, Weight.NOTE)]
    return []


def _write_private(path: Path, content: bytes) -> None:
    """Replace the file as a whole, readable by its owner only, so that two writers cannot mix."""
    path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".manifests-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _key(request: InspectionRequest, root: Path) -> str:
    parts = [request.use, json.dumps(request.settings, sort_keys=True, default=str), str(root), *_surroundings()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def _surroundings() -> tuple[str, ...]:
    installed = Path(sysconfig.get_path("purelib"))
    changed = str(installed.stat().st_mtime_ns) if installed.exists() else ""
    return importlib.metadata.version("qtcore"), sys.version, changed, os.environ.get("PYTHONPATH", "")


def _digest(file: str) -> str:
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return "gone"
