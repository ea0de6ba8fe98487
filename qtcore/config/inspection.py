"""Has every configured plugin looked at by the inspector, and remembers what was seen.

A manifest is taken from the cache when nothing it depends on has changed: the files it was read
from, its settings, qtcore's version, the interpreter and the set of installed distributions.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
import sysconfig
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream
from pydantic import ValidationError

from qtcore.config.configuration import Configuration
from qtcore.config.inspected import LIMIT_S, Inspected, InspectionOrder, InspectionRequest
from qtcore.config.manifest import Manifest
from qtcore.config.overrides import SourceKind
from qtcore.config.problem import Problem, Weight
from qtcore.config.sections import HostSection
from qtcore.config.shape import is_secret, node_at
from qtcore.config.variables import unknown_variables
from qtcore.errors import ConfigurationError

CACHE_NAME = "manifests.json"
_OVERHEAD_S = 10.0
_LONGEST_LINE = 16_000_000


@dataclass(frozen=True, slots=True)
class Inspection:
    """The manifests of all configured plugins, and what is wrong with plugins, settings and variables."""

    manifests: Mapping[str, Manifest]
    problems: tuple[Problem, ...]


def _silent(_: str) -> None:
    """Progress that nobody wants to hear."""


async def inspect(
    configuration: Configuration,
    cache_dir: Path | None,
    progress: Callable[[str], None] = _silent,
    *,
    limit_s: float = LIMIT_S,
) -> Inspection:
    """Look at every configured plugin without starting any.

    `cache_dir` is created (0700) when there is something to remember; None remembers nothing.
    `progress` hears a plugin's name once it has been looked at afresh; `limit_s` is what one
    plugin may take. Raises ConfigurationError when the inspector itself does not answer.
    """
    requests = {
        name: InspectionRequest(name=name, use=section.use, settings=section.settings, limit_s=limit_s)
        for name, section in configuration.sections.plugins.items()
    }
    remembered = _remembered(cache_dir, requests, configuration.root)
    missing = [request for name, request in requests.items() if name not in remembered]
    preload = _preload(configuration, missing)
    fresh = await _inspected(missing, preload, configuration.root, progress) if missing else {}
    found = {name: remembered.get(name) or fresh[name] for name in requests}
    manifests = {name: inspected.manifest for name, inspected in found.items()}
    problems = [problem for name in found for problem in _problems(configuration, name, found[name])]
    problems += unknown_variables(configuration, manifests)
    if cache_dir is not None and fresh:
        problems += _remember(cache_dir, requests, found, configuration.root)
    return Inspection(manifests, tuple(problems))


def _preload(configuration: Configuration, requests: list[InspectionRequest]) -> tuple[str, ...]:
    """What hosts preload, where that serves several of the plugins to look at: it is worth importing once."""
    sections = configuration.sections
    hosts = [sections.hosts.get(sections.plugins[request.name].host, HostSection()) for request in requests]
    uses = Counter(module for host in hosts for module in host.preload)
    return tuple(sorted(module for module, count in uses.items() if count > 1))


async def _inspected(
    requests: list[InspectionRequest], preload: tuple[str, ...], root: Path, progress: Callable[[str], None]
) -> dict[str, Inspected]:
    found: dict[str, Inspected] = {}
    patience_s = sum(request.limit_s for request in requests) + _OVERHEAD_S
    with tempfile.TemporaryFile() as complaints:
        with anyio.move_on_after(patience_s):
            async with aclosing(_answers(requests, preload, root, complaints)) as answers:
                async for inspected in answers:
                    found[inspected.manifest.name] = inspected
                    progress(inspected.manifest.name)
        complaints.seek(0)
        last_words = complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
    lost = [request for request in requests if request.name not in found]
    if lost and preload:  # a preloaded module may have ended or stopped the inspector; the plugins are not to blame
        return found | await _inspected(lost, (), root, progress)
    if lost:
        names = ", ".join(request.name for request in lost)
        raise ConfigurationError(
            f"the inspector ended before it had looked at {names} (its last words: {last_words or 'none'}); "
            "run `qt check` again, and report this if it happens twice"
        )
    return found


async def _answers(
    requests: list[InspectionRequest], preload: tuple[str, ...], root: Path, complaints: IO[bytes]
) -> AsyncGenerator[Inspected]:
    command = [sys.executable, "-P", "-m", "qtcore.hosts.inspector"]
    async with await anyio.open_process(command, env=_environment(root), stderr=complaints) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None  # noqa: S101 - pipes are the default
        assert stdout is not None  # noqa: S101
        order = InspectionOrder(requests=tuple(requests), preload=preload)
        await stdin.send(order.model_dump_json().encode())
        await stdin.aclose()
        lines = BufferedByteReceiveStream(stdout)
        for _ in requests:
            try:
                yield Inspected.model_validate_json(await lines.receive_until(b"\n", _LONGEST_LINE))
            except (anyio.IncompleteRead, anyio.EndOfStream):
                return


def _environment(root: Path) -> dict[str, str]:
    path = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


# --- the cache ----------------------------------------------------------------------------------


def _remembered(cache_dir: Path | None, requests: Mapping[str, InspectionRequest], root: Path) -> dict[str, Inspected]:
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


def cached_entries(cache_dir: Path) -> dict[str, dict[str, object]]:
    """The raw cache; empty when there is none or it cannot be read, for it can always be made again."""
    try:
        data = json.loads((cache_dir / CACHE_NAME).read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _remember(
    cache_dir: Path, requests: Mapping[str, InspectionRequest], found: Mapping[str, Inspected], root: Path
) -> list[Problem]:
    entries = {
        name: {"key": _key(requests[name], root), "root": str(root), "inspected": inspected.model_dump(mode="json")}
        for name, inspected in found.items()
        if inspected.manifest.failure is None and not inspected.misfits and not inspected.looked_around
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


# --- what is wrong ------------------------------------------------------------------------------


def _problems(configuration: Configuration, name: str, inspected: Inspected) -> Iterator[Problem]:
    weight = Weight.ERROR if configuration.sections.plugins[name].enabled else Weight.FINDING
    if failure := inspected.manifest.failure:
        place = f" ({_shortened(failure.file, configuration.root)}:{failure.line})" if failure.file else ""
        where = configuration.where(("plugins", name, "use"))
        yield Problem(failure.sentence + place, weight, where=where, plugin=name)
        return
    for misfit in inspected.misfits:
        path = ("plugins", name, "settings", *misfit.location)
        where = configuration.where(path, about_key=misfit.about_key)
        yield Problem(misfit.sentence, weight, where=where, plugin=name)
    yield from _secrets_in_file(configuration, inspected.manifest)


def _secrets_in_file(configuration: Configuration, manifest: Manifest) -> Iterator[Problem]:
    for setting in configuration.sections.plugins[manifest.name].settings:
        path = ("plugins", manifest.name, "settings", setting)
        secret = is_secret(node_at(manifest.settings_schema, (setting,)))
        if secret and configuration.source(path).kind is SourceKind.FILE:
            sentence = (
                f'"{setting}" is a secret and must not stand in a file of settings; remove it here and set '
                f"QT_{manifest.name.upper()}__{setting.upper()} in the environment"
            )
            yield Problem(sentence, where=configuration.where(path), plugin=manifest.name)


def _shortened(file: str, root: Path) -> str:
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file
