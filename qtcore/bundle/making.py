"""Makes a bundle: all parts at once in processes of their own, cleaned there, packed here, within the time allowed."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qtcore.bundle.collecting import PARTS, Collected, Part
from qtcore.bundle.document import MANIFEST, SCHEMA_VERSION, BundleLine, BundleManifest, LeftOut, PartLine
from qtcore.bundle.known_secrets import known_secrets
from qtcore.bundle.pseudonyms import Pseudonyms
from qtcore.bundle.scrubbing import Scrubber
from qtcore.doctor.apart import do_apart
from qtcore.doctor.check import Patient
from qtcore.doctor.examining import examine, own_subjects
from qtcore.doctor.job import Ending, Job, Outcome
from qtcore.doctor.told import document_of
from qtcore.errors import EnvironmentRefused

MOST_BYTES = 9_500_000
"""Of all parts before they are packed, so that the file stays below 10 MB however little they can be packed."""

SECONDS = 5.0
_FOR_SECRETS = 0.25
"""The share of the time in which values are looked for that must not leave."""
_FOR_PACKING = 0.25
_LEAST_S = 0.2
_ALWAYS = (
    LeftOut(what="databases", because="they are large and hold more than the trouble; the journal's end is here"),
    LeftOut(what="keys, artefacts and backups", because="they never leave the machine in a bundle"),
)


@dataclass(slots=True)
class _Kept:
    """What will be in the bundle: each part with the place where it lies cleaned, and what will not be."""

    parts: list[tuple[PartLine, Path]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=lambda: list(_ALWAYS))

    @property
    def bytes(self) -> int:
        """Of all parts, unpacked."""
        return sum(line.bytes for line, _ in self.parts)


def make_bundle(patient: Patient, output: Path, *, seconds: float = SECONDS) -> BundleLine:
    """Write the bundle (0600). Raises EnvironmentRefused where it cannot be written, or where no secret is known."""
    begun = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="qt-bundle-") as folder:
            kept = _collected(patient, Path(folder), begun, seconds)
            manifest = BundleManifest(
                schema=SCHEMA_VERSION,
                at=patient.now,
                made_by=version("qtcore"),
                running=patient.home.running,
                asked_s=seconds,
                took_s=round(time.monotonic() - begun, 3),
                parts=tuple(line for line, _ in kept.parts),
                left_out=tuple(kept.left_out),
            )
            _pack(kept, manifest, output)
    except OSError as error:
        why = error.strerror or error
        raise EnvironmentRefused(
            f"the bundle {output} cannot be written ({why}); name another place with -o"
        ) from error
    return BundleLine(
        file=str(output),
        at=datetime.now(UTC),
        bytes=output.stat().st_size,
        parts=len(kept.parts),
        removed=sum(line.removed for line, _ in kept.parts),
        left_out=tuple(kept.left_out),
        took_s=round(time.monotonic() - begun, 3),
    )


def _collected(patient: Patient, folder: Path, begun: float, seconds: float) -> _Kept:
    secrets = _secrets(patient, seconds * _FOR_SECRETS)
    scrubber = Scrubber(secrets, Pseudonyms.of_this_machine())
    left_s = max(_LEAST_S, begun + seconds * (1 - _FOR_PACKING) - time.monotonic())
    parts = (*PARTS, Part("doctor", _doctor))
    jobs = [Job(part.name, _loaded(partial(_collect, part, patient, scrubber, folder)), left_s) for part in parts]
    kept = _Kept()
    for outcome in do_apart(jobs):
        _keep(kept, outcome, folder)
    return kept


def _secrets(patient: Patient, within_s: float) -> set[bytes]:
    """What must not leave. Where that cannot be found out, nothing leaves."""

    def found() -> list[str]:
        return [value.hex() for value in known_secrets(patient.home, patient.config, patient.environment)]

    (outcome,) = do_apart([Job("secrets", _loaded(found), within_s)])
    if outcome.ending is not Ending.ANSWERED:
        raise EnvironmentRefused(
            f"which values are secret cannot be found out ({outcome.sentence}), so no bundle is made; "
            "mend what hangs there, or allow more time with --seconds"
        )
    return {bytes.fromhex(value) for value in outcome.answer}


def _loaded(work: Callable[[], Any]) -> Callable[[], Callable[[], Any]]:
    return lambda: work


def _collect(part: Part, patient: Patient, scrubber: Scrubber, folder: Path) -> list[dict[str, Any]]:
    """Read, clean and lay down one part; in a process of its own."""
    return [
        _laid_down(item, folder / f"{part.name}-{number}", scrubber).model_dump()
        for number, item in enumerate(part.collect(patient))
    ]


def _laid_down(item: Collected, path: Path, scrubber: Scrubber) -> PartLine:
    name, _ = scrubber.clean(item.name.encode())
    clean, removed = scrubber.clean(item.content)
    path.write_bytes(clean)
    digest = hashlib.sha256(clean).hexdigest()
    return PartLine(name=name.decode(errors="replace"), bytes=len(clean), sha256=digest, removed=removed, cut=item.cut)


def _doctor(patient: Patient) -> Iterator[Collected]:
    """The framework's own checks; those of plugins import much, and look at what is not in a bundle."""
    begun = time.monotonic()
    lines = examine(patient, own_subjects(patient))
    document = document_of(
        lines,
        at=datetime.now(UTC),
        home=str(patient.root),
        running=patient.home.running,
        took_s=time.monotonic() - begun,
    )
    yield Collected("doctor.json", document.model_dump_json(indent=1, by_alias=True).encode())


def _keep(kept: _Kept, outcome: Outcome, folder: Path) -> None:
    """Its files in order, as far as there is room."""
    if outcome.ending is not Ending.ANSWERED:
        kept.left_out.append(LeftOut(what=outcome.name, because=outcome.sentence))
        return
    known = {line.name for line, _ in kept.parts}
    for number, row in enumerate(outcome.answer):
        line = PartLine.model_validate(row)
        if kept.bytes + line.bytes > MOST_BYTES:
            kept.left_out.append(LeftOut(what=line.name, because="the bundle would be larger than 10 MB"))
        elif line.name not in known:
            kept.parts.append((line, folder / f"{outcome.name}-{number}"))
            known.add(line.name)


def _pack(kept: _Kept, manifest: BundleManifest, output: Path) -> None:
    """Put everything into one file that only its owner may read; it appears whole or not at all."""
    temporary = output.with_name(f".{output.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(MANIFEST, manifest.model_dump_json(indent=1, by_alias=True))
            for line, path in kept.parts:
                packed.write(path, line.name)
        temporary.replace(output)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
