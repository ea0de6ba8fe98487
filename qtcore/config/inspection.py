"""Has every configured plugin looked at by the inspector, and says what is wrong with any."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from qtcore.config.configuration import Configuration
from qtcore.config.inspected import LIMIT_S, Inspected, InspectionOrder, InspectionRequest
from qtcore.config.manifest import Manifest
from qtcore.config.manifest_cache import remember_manifests, remembered_manifests
from qtcore.config.problem import Problem, Weight
from qtcore.config.sections import HostSection
from qtcore.config.shape import is_secret, node_at
from qtcore.config.source_kind import SourceKind
from qtcore.config.variables import unknown_variables
from qtcore.errors import ConfigurationError

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
        name: InspectionRequest(
            name=name, use=section.use, settings=section.settings, mode=configuration.mode, limit_s=limit_s
        )
        for name, section in configuration.sections.plugins.items()
    }
    remembered = remembered_manifests(cache_dir, requests, configuration.root)
    missing = [request for name, request in requests.items() if name not in remembered]
    preload = _preload(configuration, missing)
    fresh = await _inspected(missing, preload, configuration.root, progress) if missing else {}
    found = {name: remembered.get(name) or fresh[name] for name in requests}
    manifests = {name: inspected.manifest for name, inspected in found.items()}
    problems = [problem for name in found for problem in _problems(configuration, name, found[name])]
    problems += unknown_variables(configuration, manifests)
    if cache_dir is not None and fresh:
        problems += remember_manifests(cache_dir, requests, found, configuration.root)
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


def _problems(configuration: Configuration, name: str, inspected: Inspected) -> Iterator[Problem]:
    weight = Weight.ERROR if configuration.sections.plugins[name].runs else Weight.FINDING
    if failure := inspected.manifest.failure:
        line = f":{failure.line}" if failure.line is not None else ""
        place = f" ({_shortened(failure.file, configuration.root)}{line})" if failure.file else ""
        where = configuration.where(("plugins", name, "use"))
        yield Problem(failure.sentence + place, weight, where=where, plugin=name)
        return
    for misfit in inspected.misfits:
        path = ("plugins", name, "settings", *misfit.location)
        where = configuration.where(path, about_key=misfit.about_key)
        setting = ".".join(map(str, (name, *misfit.location)))
        yield Problem(misfit.sentence, weight, where=where, plugin=name, code=misfit.code, names=(setting,))
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
