"""The artefacts of a home: `artefacts/<member>/<hash>/` and the pointers beside them.

Each change is one rename: killed at any instant, the store holds what it held before or what it should hold after, and
what lies half written is swept away by the next change.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from plugins.domain import MemberName
from plugins.learning.artefacts import disk, pointers
from plugins.learning.artefacts.damage import Damage, Damaged
from plugins.learning.artefacts.key import own_key, read_key
from plugins.learning.artefacts.manifest import FILE, Circumstances, Content, KeptFile, Manifest, manifest_of
from plugins.learning.artefacts.pointers import Pointers, pointers_of
from plugins.learning.classes import CLASS_ORDER
from qtcore import replace_file

KEPT = 10
"""Artefacts of a member that stay; those that a pointer names always do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An artefact that was put in; `unchanged` when the very same was there already."""

    hash: str
    unchanged: bool


Describe = Callable[[dict[str, KeptFile]], Content]
"""The content of an artefact from its files."""


class ArtefactStore:
    """Reading needs no lock and changes nothing; what changes it holds the member's lock for less than a second."""

    def __init__(self, home: Path) -> None:
        self.root = home / "artefacts"
        self._home = home

    def put(
        self, name: MemberName, write: Callable[[Path], None], describe: Describe, circumstances: Circumstances
    ) -> Kept:
        """Keep what `write` puts into the folder it is given, described by `describe`."""
        member, key = self.root / name, own_key(self._home)
        with disk.locked(member):
            disk.sweep(member)
            fresh = member / f"{disk.INCOMING}{uuid4().hex}"
            fresh.mkdir(mode=0o700)
            try:
                write(fresh)
                content = describe(_files(fresh))
                (fresh / FILE).write_bytes(Manifest.signed(key, content, circumstances).as_json())
                return self._placed(name, fresh, content.hash)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)

    def folder(self, name: MemberName, artefact: str) -> Path:
        """Where an artefact lies, or would."""
        return self.root / name / artefact

    def manifest(self, name: MemberName, artefact: str) -> Manifest:
        """What an artefact says of itself, if it is this home's. Raises Damaged."""
        try:
            manifest = manifest_of((self.folder(name, artefact) / FILE).read_bytes())
        except OSError as error:
            raise Damaged(Damage.MISSING, f"{name} {artefact[:12]} is not there ({error.strerror})") from error
        if not manifest.signed_by(read_key(self._home)):
            raise Damaged(Damage.FOREIGN, f"{name} {artefact[:12]} does not bear this home's signature")
        if manifest.content.hash != artefact or manifest.content.member is not name:
            raise Damaged(Damage.FOREIGN, f"what lies at {name} {artefact[:12]} says that it is something else")
        return manifest

    def verified(self, name: MemberName, artefact: str) -> Manifest:
        """The manifest, once every file was found to be what it says. Raises Damaged."""
        manifest = self.manifest(name, artefact)
        if manifest.content.classes != CLASS_ORDER:
            found = ", ".join(manifest.content.classes)
            raise Damaged(Damage.OTHER_CLASSES, f"{name} {artefact[:12]} was trained with the classes {found}")
        for file, kept in manifest.content.files.items():
            _check(self.folder(name, artefact) / file, kept)
        return manifest

    def versions(self, name: MemberName) -> list[tuple[str, Manifest | Damaged]]:
        """All artefacts of a member, newest first; those whose manifest is no good last, with what is wrong."""
        found = [(path.name, self._told(name, path.name)) for path in self._folders(name)]
        return sorted(found, key=_age, reverse=True)

    def pointers(self, name: MemberName) -> Pointers:
        """Where the pointers point; when the file is no good, where they pointed before."""
        for file in (pointers.FILE, pointers.BEFORE):
            try:
                text = (self.root / name / file).read_bytes()
            except FileNotFoundError:
                continue
            if (known := pointers_of(text)) is not None:
                return known
        return Pointers()

    def stamp(self, name: MemberName) -> tuple[int, ...]:
        """Changes whenever the pointers do; cheap enough to be looked at each second."""
        try:
            found = (self.root / name / pointers.FILE).stat()
        except FileNotFoundError:
            return ()
        return (found.st_mtime_ns, found.st_ino, found.st_size)  # two writes within one tick of the disk's clock differ

    def promote(self, name: MemberName, artefact: str, *, who: str, why: str, at: datetime) -> Pointers:
        """Let an artefact vote from now on. Raises Damaged for one that must not."""
        self.verified(name, artefact)
        return self._change(name, lambda now: now.promoted(artefact, who=who, why=why, at=at))

    def challenge(self, name: MemberName, artefact: str | None, *, who: str, why: str, at: datetime) -> Pointers:
        """Let an artefact be compared with the champion, or nothing any more."""
        if artefact is not None:
            self.verified(name, artefact)
        return self._change(name, lambda now: now.challenged(artefact, who=who, why=why, at=at))

    def fall_back(self, name: MemberName, *, who: str, why: str, at: datetime) -> Pointers:
        """Go back to the last earlier champion that is whole; to none when there is no such."""

        def fallen(now: Pointers) -> Pointers:
            good = next((artefact for artefact in now.earlier_champions() if self._is_whole(name, artefact)), None)
            return now.fallen_back(good, who=who, why=why, at=at)

        return self._change(name, fallen)

    def prune(self, name: MemberName, keep: int = KEPT) -> list[str]:
        """Delete the oldest artefacts beyond `keep` that no pointer names; says which."""
        with disk.locked(self.root / name):
            disk.sweep(self.root / name)
            spare = self.pointers(name).named
            old = [artefact for artefact, _ in self.versions(name)[keep:] if artefact not in spare]
            for artefact in old:
                disk.drop(self.folder(name, artefact))
        return old

    def _placed(self, name: MemberName, fresh: Path, artefact: str) -> Kept:
        place = self.folder(name, artefact)
        if place.exists():
            if self._is_whole(name, artefact):
                return Kept(artefact, unchanged=True)
            disk.drop(place)
        disk.move_in(fresh, place)
        return Kept(artefact, unchanged=False)

    def _change(self, name: MemberName, change: Callable[[Pointers], Pointers]) -> Pointers:
        member = self.root / name
        with disk.locked(member):
            now = self.pointers(name)
            replace_file(member / pointers.BEFORE, now.model_dump_json(indent=1).encode(), durable=True)
            changed = change(now)
            replace_file(member / pointers.FILE, changed.model_dump_json(indent=1).encode(), durable=True)
        return changed

    def _is_whole(self, name: MemberName, artefact: str) -> bool:
        try:
            self.verified(name, artefact)
        except Damaged:
            return False
        return True

    def _told(self, name: MemberName, artefact: str) -> Manifest | Damaged:
        try:
            return self.manifest(name, artefact)
        except Damaged as damaged:
            return damaged

    def _folders(self, name: MemberName) -> list[Path]:
        member = self.root / name
        return [path for path in member.iterdir() if path.is_dir() and path.name[0] != "."] if member.exists() else []


def _age(version: tuple[str, Manifest | Damaged]) -> float:
    found = version[1]
    return found.circumstances.made_at.timestamp() if isinstance(found, Manifest) else float("-inf")


def _files(folder: Path) -> dict[str, KeptFile]:
    return {
        path.name: KeptFile(sha256=disk.digest_of(path), size=path.stat().st_size) for path in sorted(folder.iterdir())
    }


def _check(path: Path, kept: KeptFile) -> None:
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise Damaged(Damage.MISSING, f"{path.name} is gone") from error
    if size != kept.size:
        raise Damaged(Damage.TRUNCATED, f"{path.name} has {size} bytes where {kept.size} were written")
    if disk.digest_of(path) != kept.sha256:
        raise Damaged(Damage.CORRUPTED, f"{path.name} does not hold what was written")
