"""The store: what is in it is what was put in, whatever happens to the disk, the process or the pointers."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.learning.artefacts import ArtefactStore, Circumstances, Damage, Damaged
from plugins.learning.artefacts import key as home_key
from tests.conftest import Paths
from tests.plugins.learning.artefacts.made_up import MEMBER, describe, put_text, written

KILLED = 137
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
Put = Callable[[str], str]


def promote(store: ArtefactStore, artefact: str) -> None:
    store.promote(MEMBER, artefact, who="test", why="a test", at=NOW)


def damage(store: ArtefactStore, artefact: str) -> Damage:
    with pytest.raises(Damaged) as found:
        store.verified(MEMBER, artefact)
    return found.value.damage


def test_the_same_content_is_the_same_artefact(tmp_path: Path, put: Put) -> None:
    """Its name is the hash of what it is: made again later it is there already, and says so."""
    first, again, other = put("a"), put("a"), put("b")
    assert first == again != other
    store = ArtefactStore(tmp_path)
    kept = store.put(MEMBER, written("a"), describe, Circumstances(made_at=NOW, seconds=0.0))
    assert (kept.hash, kept.unchanged) == (first, True)
    assert [artefact for artefact, _ in store.versions(MEMBER)] == [other, first]


def test_files_are_private(tmp_path: Path, put: Put) -> None:
    """Folders 0700, files 0600, the key too."""
    put("a")
    for path in [tmp_path / "keys", tmp_path / "artefacts"]:
        for found in [path, *path.rglob("*")]:
            assert stat.S_IMODE(found.stat().st_mode) == (0o700 if found.is_dir() else 0o600), found


def test_e9_a_truncated_or_altered_file_is_found(tmp_path: Path, put: Put) -> None:
    """E9, E18: unreadable, cut or replaced files never vote; each is told for what it is."""
    store, artefact = ArtefactStore(tmp_path), put("trees")
    store.verified(MEMBER, artefact)
    model = store.folder(MEMBER, artefact) / "model.txt"
    model.write_text("tree5")
    assert damage(store, artefact) is Damage.CORRUPTED
    model.write_text("tre")
    assert damage(store, artefact) is Damage.TRUNCATED
    model.unlink()
    assert damage(store, artefact) is Damage.MISSING
    (store.folder(MEMBER, artefact) / "manifest.json").write_bytes(b"x" * 166)
    assert damage(store, artefact) is Damage.CORRUPTED
    shutil.rmtree(store.folder(MEMBER, artefact))
    assert damage(store, artefact) is Damage.MISSING
    with pytest.raises(Damaged):
        promote(store, artefact)


def test_a_foreign_artefact_is_found(tmp_path: Path, put: Put) -> None:
    """From another home, edited by hand, under another name, or signed by a key that is gone."""
    store, artefact = ArtefactStore(tmp_path), put("mine")
    elsewhere = ArtefactStore(tmp_path / "elsewhere")
    stranger = put_text(elsewhere, "theirs", NOW)
    shutil.copytree(elsewhere.folder(MEMBER, stranger), store.folder(MEMBER, stranger))
    assert damage(store, stranger) is Damage.FOREIGN
    shutil.copytree(store.folder(MEMBER, artefact), store.folder(MEMBER, "0" * 64))
    assert damage(store, "0" * 64) is Damage.FOREIGN
    manifest = store.folder(MEMBER, artefact) / "manifest.json"
    document = json.loads(manifest.read_text())
    document["content"]["metrics"] = {"accuracy": 1.0}
    manifest.write_text(json.dumps(document))
    assert damage(store, artefact) is Damage.FOREIGN
    later = put("later")
    (tmp_path / home_key.FILE).unlink()
    assert damage(store, later) is Damage.FOREIGN


def test_x16_another_order_of_classes_is_found(tmp_path: Path) -> None:
    """X16: columns that mean something else are refused, however good the file is."""
    store = ArtefactStore(tmp_path)
    kept = store.put(
        MEMBER,
        written("a"),
        lambda files: describe(files, ("FLAT", "UP", "DOWN")),
        Circumstances(made_at=NOW, seconds=0.0),
    )
    assert damage(store, kept.hash) is Damage.OTHER_CLASSES


def test_pointers_go_forward_and_back(tmp_path: Path, put: Put) -> None:
    """Promotion keeps the way back; falling back takes the last champion that is whole."""
    store, (a, b, c) = ArtefactStore(tmp_path), (put("a"), put("b"), put("c"))
    for artefact in (a, b, c):
        promote(store, artefact)
    store.challenge(MEMBER, a, who="test", why="again", at=NOW)
    now = store.pointers(MEMBER)
    assert (now.champion, now.previous, now.challenger) == (c, b, a)
    (store.folder(MEMBER, b) / "model.txt").write_text("?")
    fallen = store.fall_back(MEMBER, who="models", why="c is corrupted", at=NOW)
    assert (fallen.champion, fallen.previous, fallen.challenger) == (a, None, None)
    assert [switch.why for switch in fallen.switches] == ["a test"] * 3 + ["again", "c is corrupted"]


def test_with_nothing_whole_there_is_no_champion(tmp_path: Path, put: Put) -> None:
    """Falling back never lands on what is damaged."""
    store, a = ArtefactStore(tmp_path), put("a")
    promote(store, a)
    (store.folder(MEMBER, a) / "model.txt").write_text("?")
    assert store.fall_back(MEMBER, who="models", why="damaged", at=NOW).champion is None


def test_unreadable_pointers_point_where_they_did_before(tmp_path: Path, put: Put) -> None:
    """A damaged pointer file costs the last switch, not the champion."""
    store, (a, b) = ArtefactStore(tmp_path), (put("a"), put("b"))
    promote(store, a)
    promote(store, b)
    (tmp_path / "artefacts" / MEMBER / "pointers.json").write_text('{"champion": 3')
    assert store.pointers(MEMBER).champion == a
    before = store.stamp(MEMBER)
    promote(store, b)
    assert store.pointers(MEMBER).champion == b
    assert store.stamp(MEMBER) != before


def test_x14_ten_are_kept_and_never_one_that_is_pointed_to(tmp_path: Path, put: Put) -> None:
    """X14: pruning takes the oldest, but neither champion, nor previous, nor challenger."""
    store, made = ArtefactStore(tmp_path), [put(f"m{number}") for number in range(14)]
    promote(store, made[0])
    promote(store, made[1])
    store.challenge(MEMBER, made[2], who="test", why="try", at=NOW)
    assert set(store.prune(MEMBER)) == {made[3]}
    assert {artefact for artefact, _ in store.versions(MEMBER)} == set(made) - {made[3]}
    assert store.prune(MEMBER) == []


def test_killed_at_any_step_the_store_is_whole(tmp_path: Path, paths: Paths) -> None:
    """Dead at each change of the disk in turn: the champion is the old or the new one, whole, and the next run ends."""
    store = ArtefactStore(tmp_path / "template")
    first = put_text(store, "first", NOW)
    promote(store, first)
    champions: set[str | None] = set()
    with _runs(paths.root) as run:
        for step in range(1, 200):
            home = tmp_path / str(step)
            shutil.copytree(tmp_path / "template", home)
            if (status := run(home, step)) == 0:
                break
            assert status == KILLED
            champion = ArtefactStore(home).pointers(MEMBER).champion
            assert champion is not None
            ArtefactStore(home).verified(MEMBER, champion)
            champions.add(champion)
            assert run(home, 0) == 0
            after = ArtefactStore(home)
            assert after.pointers(MEMBER).previous == first
            assert not [path for path in (home / "artefacts").rglob(".*-*") if path.exists()]
        else:
            pytest.fail("it never came to its end")
    assert len(champions) == 2
    assert step > 15


@contextmanager
def _runs(root: Path) -> Iterator[Callable[[Path, int], int]]:
    """`run(home, step)`: change that store in a process that dies at `step`; its exit status."""
    command = [sys.executable, "-m", "tests.plugins.learning.artefacts.made_up"]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        asked, answers = program.stdin, program.stdout
        assert asked is not None
        assert answers is not None

        def run(home: Path, step: int) -> int:
            asked.write(f"{step} {home}\n")
            asked.flush()
            return int(answers.readline())

        yield run
