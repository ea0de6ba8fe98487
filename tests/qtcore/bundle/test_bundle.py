"""A bundle is complete, says what it lacks, and is looked into with suspicion."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from qtcore.bundle.analysing import opened
from qtcore.bundle.document import MANIFEST, BundleManifest
from qtcore.bundle.making import MOST_BYTES, make_bundle
from qtcore.doctor.check import Patient
from qtcore.doctor.document import CheckState
from qtcore.doctor.examining import examine, subjects
from qtcore.errors import EnvironmentRefused


def _read(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_everything_is_in_it_and_the_manifest_says_so(patient: Callable[..., Patient], tmp_path: Path) -> None:
    """Each part with its hash; what is missing with the reason."""
    looked_at = patient()
    (looked_at.home.logs / "main.jsonl").write_text('{"event": "started"}\n')
    file = tmp_path / "b.zip"
    made = make_bundle(looked_at, file, seconds=20.0)
    parts = _read(file)
    manifest = BundleManifest.model_validate_json(parts[MANIFEST])
    assert {"status.json", "report.json", "journal.jsonl", "logs/main.jsonl", "plugins.yaml", "doctor.json"} <= {*parts}
    assert {"versions.json", "system.json", "files.json", "stacks.txt", "plugins.json"} <= {*parts}
    assert {part.name for part in manifest.parts} == {*parts} - {MANIFEST}
    assert all(hashlib.sha256(parts[part.name]).hexdigest() == part.sha256 for part in manifest.parts)
    assert [item.what for item in manifest.left_out] == ["databases", "keys, artefacts and backups"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.parts == len(manifest.parts)
    assert len(parts["journal.jsonl"].splitlines()) == 3


def test_long_logs_are_cut_to_their_end_and_the_whole_stays_small(
    patient: Callable[..., Patient], tmp_path: Path
) -> None:
    """Random text, which cannot be packed."""
    looked_at = patient()
    for number in range(80):
        (looked_at.home.logs / f"host-{number}.jsonl").write_text(os.urandom(150_000).hex() + "\nlast line\n")
    file = tmp_path / "b.zip"
    make_bundle(looked_at, file, seconds=30.0)
    manifest = BundleManifest.model_validate_json(_read(file)[MANIFEST])
    assert file.stat().st_size <= 10_000_000
    assert sum(part.bytes for part in manifest.parts) <= MOST_BYTES
    cut = [part for part in manifest.parts if part.name.startswith("logs/")]
    assert cut
    assert all(part.cut for part in cut)
    assert "the bundle would be larger than 10 MB" in {item.because for item in manifest.left_out} or len(cut) == 80


def test_a_part_that_hangs_is_left_out_and_named(patient: Callable[..., Patient], tmp_path: Path) -> None:
    """A pipe where a log should be: whoever opens it waits for ever. The time that was allowed is kept."""
    looked_at = patient()
    os.mkfifo(looked_at.home.logs / "stuck.jsonl")
    begun = time.monotonic()
    file = tmp_path / "b.zip"
    made = make_bundle(looked_at, file, seconds=4.0)
    assert "logs" in {item.what for item in made.left_out}
    assert "journal.jsonl" in _read(file)
    assert time.monotonic() - begun < 12.0


def test_the_doctor_looks_at_a_bundle_with_the_same_checks(patient: Callable[..., Patient], tmp_path: Path) -> None:
    """What this machine is like is not asked; nothing is left of it afterwards."""
    file = tmp_path / "b.zip"
    make_bundle(patient(), file, seconds=20.0)
    with opened(file) as elsewhere:
        folder = elsewhere.root
        lines = {line.name: line for line in examine(elsewhere, subjects(elsewhere))}
    assert lines["journal.in_order"].sentence == "events 1 to 3, without a gap"
    assert "machine.memory" not in lines
    assert all(line.state in {CheckState.FINE, CheckState.SKIPPED} for line in lines.values())
    assert not folder.exists()


def _made_by_hand(file: Path, parts: dict[str, bytes], **entry: int) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = entry.get("external_attr", 0)
            packed.writestr(info, content)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", "C:evil", "a/b/c/d/evil", "folder/"]
)
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    """Before anything is unpacked."""
    file = tmp_path / "b.zip"
    _made_by_hand(file, {name: b"x"})
    with pytest.raises(EnvironmentRefused, match="would not stay in its folder"), opened(file):
        pass
    assert not list(tmp_path.rglob("evil"))


def test_links_are_refused(tmp_path: Path) -> None:
    """A link could lead anywhere."""
    file = tmp_path / "b.zip"
    _made_by_hand(file, {"link": b"/etc/passwd"}, external_attr=(stat.S_IFLNK | 0o777) << 16)
    with pytest.raises(EnvironmentRefused, match="would not stay"), opened(file):
        pass


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """Seventy megabytes of nothing pack into seventy kilobytes."""
    file = tmp_path / "b.zip"
    _made_by_hand(file, {"zeros": bytes(70 * 1024 * 1024)})
    with pytest.raises(EnvironmentRefused, match="would unpack to 70 MB"), opened(file):
        pass


def test_a_bundle_that_was_changed_is_refused(patient: Callable[..., Patient], tmp_path: Path) -> None:
    """Its manifest knows what each part was."""
    file, other = tmp_path / "b.zip", tmp_path / "c.zip"
    make_bundle(patient(), file, seconds=20.0)
    parts = _read(file)
    _made_by_hand(other, {**parts, "status.json": json.dumps({"overall": "healthy"}).encode()})
    with pytest.raises(EnvironmentRefused, match=r"status\.json in .* is not what was put there"), opened(other):
        pass


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_what_is_no_bundle_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    """With what to name instead."""
    file = tmp_path / "b.zip"
    file.write_bytes(content)
    with pytest.raises(EnvironmentRefused, match="is no bundle, or is damaged"), opened(file):
        pass
    with pytest.raises(EnvironmentRefused, match="there is no"), opened(tmp_path / "absent.zip"):
        pass
