"""State files: written whole, read with suspicion."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from qtcore.health.model import Status
from qtcore.records.clock import instant_now
from qtcore.records.home import Home
from qtcore.records.state_file import StateFile
from qtcore.records.state_files import StateFiles
from qtcore.records.state_reader import DamagedState, read_state

from .crash_points import state


def test_what_is_published_is_read(home: Home) -> None:
    """A reader gets the newest publication, whole."""
    files = StateFiles(home.state)
    for generation in (1, 2):
        files.publish(state(generation))

    assert read_state(home.state) == [state(2).model_copy(update=_moments(home))]


def test_an_older_state_never_replaces_a_newer_one(home: Home) -> None:
    """Files are written by threads; one that waited for its turn too long is dropped."""
    older, newer = state(1), state(2)
    files = StateFiles(home.state)
    files.publish(newer)
    files.publish(older)

    (found,) = read_state(home.state)
    assert isinstance(found, StateFile)
    assert found.generation == 2


def _moments(home: Home) -> dict[str, object]:
    (found,) = read_state(home.state)
    assert isinstance(found, StateFile)
    return {"since": found.since, "produced_at": found.produced_at, "valid_until": found.valid_until}


def test_files_are_private(home: Home) -> None:
    """0600 in a folder of 0700."""
    StateFiles(home.state).publish(state(1))

    assert stat.S_IMODE((home.state / "feed.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.state.stat().st_mode) == 0o700


def test_an_expired_state_is_unknown_and_says_since_when(home: Home) -> None:
    """Old is not healthy; the last word is kept in the summary."""
    StateFiles(home.state).publish(state(1))

    (found,) = read_state(home.state, instant_now().later(3_600))

    assert isinstance(found, StateFile)
    assert found.status is Status.UNKNOWN
    assert found.summary.startswith("nothing heard for 3600 s; last: healthy")


def test_a_state_of_another_boot_is_unknown(home: Home) -> None:
    """After a reboot nothing that was valid before is."""
    StateFiles(home.state).publish(state(1))
    now = instant_now()

    (found,) = read_state(home.state, now.model_copy(update={"boot_id": "another"}))

    assert isinstance(found, StateFile)
    assert found.status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a state file"),
        (b'{"plugin": "feed", "jour', "is not a state file"),
        (b"\x00\xff\x00", "is not a state file"),
        (b'["something", "else"]', "is not a state file"),
        (b'{"schema_version": 99}', "has format 99, this qtcore reads format 1"),
    ],
)
def test_what_is_no_state_file_gets_a_sentence(home: Home, content: bytes, sentence: str) -> None:
    """Truncated, foreign and too new files are named, never a traceback."""
    (home.state / "feed.json").write_bytes(content)

    (found,) = read_state(home.state)

    assert isinstance(found, DamagedState)
    assert found.plugin == "feed"
    assert sentence in found.sentence
    assert "a running supervisor rewrites it" in found.sentence


def test_a_file_that_speaks_of_another_plugin_is_not_believed(home: Home) -> None:
    """A copied file does not vouch for somebody else."""
    StateFiles(home.state).publish(state(1))
    (home.state / "feed.json").rename(home.state / "models.json")

    (found,) = read_state(home.state)

    assert isinstance(found, DamagedState)
    assert "speaks of another plugin, feed" in found.sentence


def test_a_damaged_file_is_rewritten(home: Home) -> None:
    """The next publication mends it."""
    (home.state / "feed.json").write_bytes(b"{")
    StateFiles(home.state).publish(state(3))

    (found,) = read_state(home.state)

    assert isinstance(found, StateFile)
    assert found.generation == 3


def test_rebuilding_drops_leftovers_and_keeps_what_is_not_ours(home: Home) -> None:
    """Half-written files and those of plugins no longer configured go; a stranger's file stays and is named."""
    files = StateFiles(home.state)
    files.publish(state(1))
    (home.state / ".feed.json.new").write_bytes(b"{")
    (home.state / "notes.json").write_text('{"mine": true}')

    files.rebuild(["feed"])
    assert sorted(path.name for path in home.state.iterdir()) == ["feed.json", "notes.json"]
    files.rebuild([])
    assert [path.name for path in home.state.iterdir()] == ["notes.json"]


def test_a_file_is_due_again_at_half_its_validity(home: Home) -> None:
    """So that a reader never sees a living plugin's state expire."""
    files = StateFiles(home.state)
    written = state(1)
    files.publish(written)
    start = written.produced_at.monotonic_s

    assert files.next_due_s() == pytest.approx(start + 300)
    assert files.due(start + 299) == ()
    assert files.due(start + 301) == ("feed",)


def test_a_disk_that_refuses_is_a_problem_not_a_failure(tmp_path: Path) -> None:
    """Publishing goes on; `problem` says why and clears itself."""
    folder = tmp_path / "state"
    folder.write_text("not a folder")
    files = StateFiles(folder)

    files.publish(state(1))
    assert files.problem is not None
    assert "free space" in files.problem
    folder.unlink()
    files.publish(state(2))
    assert files.problem is None


def test_a_removed_folder_is_made_again(tmp_path: Path) -> None:
    """Deleting the projections under a running system costs nothing: the next write brings them back."""
    folder = tmp_path / "state"
    files = StateFiles(folder)
    files.publish(state(1))
    assert files.problem is None
    assert [path.name for path in folder.iterdir()] == ["feed.json"]


def test_an_absent_folder_holds_nothing(tmp_path: Path) -> None:
    """A home that was never used is no error for a reader."""
    assert read_state(tmp_path / "nowhere") == []
