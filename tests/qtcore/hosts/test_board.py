"""The shared board."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.hosts.board import Board

WORD = st.integers(0, 2**62)
HOST_FIELDS = ("loop_beat", "thread_beat", "incarnation")
PLUGIN_FIELDS = ("lease", "progress_count", "progress_ns", "data_as_of_ms")


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board.create(hosts=3, plugins=4)
    yield board
    board.close()


def _write(board: Board, name: str, slot: int, value: int) -> None:
    match name:
        case "loop_beat":
            board.beat_loop(slot, value)
        case "thread_beat":
            board.beat_thread(slot, value)
        case "incarnation":
            board.claim_host(slot, value)
        case "lease":
            board.set_lease(slot, value)
        case "data_as_of_ms":
            board.set_data_as_of(slot, value)


def _everything(board: Board) -> dict[tuple[str, int], int | None]:
    hosts = {(name, slot): getattr(board, name)(slot) for name in HOST_FIELDS for slot in range(board.hosts)}
    plugins = {(name, slot): getattr(board, name)(slot) for name in PLUGIN_FIELDS for slot in range(board.plugins)}
    return {**hosts, **plugins}


@given(
    st.lists(st.tuples(st.sampled_from([*HOST_FIELDS, "lease", "data_as_of_ms"]), st.integers(0, 2), WORD), max_size=30)
)
def test_each_field_of_each_slot_is_its_own(writes: list[tuple[str, int, int]]) -> None:
    """A write changes that field of that slot and nothing else."""
    board = Board.create(hosts=3, plugins=3)
    try:
        expected = _everything(board)
        for name, slot, value in writes:
            _write(board, name, slot, value)
            expected[name, slot] = value or (None if name == "data_as_of_ms" else 0)
            assert _everything(board) == expected
    finally:
        board.close()


def test_who_attaches_sees_what_the_other_writes(board: Board) -> None:
    """Creator and attached board share one page, both ways."""
    other = Board.attach(os.dup(board.fileno()))
    board.set_lease(3, 7)
    board.beat_supervisor(12)
    other.beat_loop(2, 99)
    other.set_running(2, 0)
    assert (other.lease(3), other.supervisor_beat(), other.hosts, other.plugins) == (7, 12, 3, 4)
    assert (board.loop_beat(2), board.running(2), board.running(1)) == (99, 0, None)
    other.close()


def test_progress_adds_up(board: Board) -> None:
    """Each note adds its units and leaves the time of the last."""
    board.note_progress(1, 2, 1000)
    board.note_progress(1, 3, 2000)
    assert (board.progress_count(1), board.progress_ns(1)) == (5, 2000)


def test_a_host_slot_is_cleared_whole(board: Board) -> None:
    """The next incarnation finds nothing of the last."""
    board.claim_host(1, 4)
    board.beat_loop(1, 5)
    board.beat_thread(1, 6)
    board.set_running(1, 2)
    board.clear_host(1)
    assert (board.incarnation(1), board.loop_beat(1), board.thread_beat(1), board.running(1)) == (0, 0, 0, None)


def test_a_slot_off_the_board_is_refused(board: Board) -> None:
    """An index beyond the slots raises instead of writing into a neighbour."""
    with pytest.raises(IndexError, match="host slot 3"):
        board.beat_loop(3, 1)
    with pytest.raises(IndexError, match="plugin slot -1"):
        board.set_lease(-1, 1)


def test_a_foreign_descriptor_is_refused() -> None:
    """Attaching to something that is no board says so."""
    fd = os.memfd_create("other")
    try:
        with pytest.raises(ValueError, match="not a board"):
            Board.attach(fd)
    finally:
        os.close(fd)


def test_nobody_can_shrink_the_board(board: Board) -> None:
    """A host that truncates the page gets an error; the supervisor is not killed by it."""
    with pytest.raises(PermissionError):
        os.ftruncate(board.fileno(), 0)


def test_no_reader_ever_sees_half_a_value(board: Board) -> None:
    """While another process writes two patterns in turn, every read is one of the two."""
    ones, twos = 0x1111111111111111, 0x2222222222222222
    board.beat_loop(0, ones)
    script = (
        "import sys; from qtcore.hosts.board import Board; b = Board.attach(int(sys.argv[1])); print(flush=True)\n"
        f"while True: b.beat_loop(0, {ones}); b.beat_loop(0, {twos})"
    )
    command = [sys.executable, "-c", script, str(board.fileno())]
    with subprocess.Popen(command, pass_fds=[board.fileno()], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        end = time.monotonic() + 0.2
        seen = set()
        while time.monotonic() < end:
            seen.add(board.loop_beat(0))
        writer.kill()
    assert seen == {ones, twos}
