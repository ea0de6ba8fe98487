"""The home folder, its lock and the folder for sockets."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from qtcore.errors import EnvironmentRefused
from qtcore.records.home import Home
from qtcore.records.run_dir import create_run_dir, run_dir_of

HOLD = """
import sys, signal
from pathlib import Path
from qtcore.records.home import Home
lock = Home(Path(sys.argv[1])).lock()
print("held", flush=True)
signal.pause()
"""


def test_folders_are_made_and_private(tmp_path: Path) -> None:
    """The home and what is in it are 0700."""
    home = Home(tmp_path / "deep" / "var")
    home.create()

    for folder in (home.root, home.state, home.logs, home.traces, home.cache, home.data, home.data_of("feed")):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_option_wins_over_the_environment_over_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--home`, then QT_HOME, then ./var."""
    monkeypatch.chdir(tmp_path)

    assert Home.find(Path("a"), {"QT_HOME": "/b"}).root == tmp_path / "a"
    assert Home.find(None, {"QT_HOME": "/b"}).root == Path("/b")
    assert Home.find(None, {}).root == tmp_path / "var"


def test_a_home_that_is_a_file_is_refused_with_the_cure(tmp_path: Path) -> None:
    """One sentence names the folder and what to do."""
    (tmp_path / "var").write_text("I am a file")

    with pytest.raises(EnvironmentRefused, match=r"the home folder .*var cannot be used .*--home"):
        Home(tmp_path / "var").create()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_home_is_refused(tmp_path: Path) -> None:
    """Permissions are found out before anything starts."""
    tmp_path.chmod(0o500)

    with pytest.raises(EnvironmentRefused, match="Permission denied"):
        Home(tmp_path / "var").create()


def test_a_home_on_a_full_disk_is_refused(tmp_path: Path) -> None:
    """A limit on file sizes stands in for the full disk."""
    program = (
        "import resource, sys; from pathlib import Path; from qtcore.records.home import Home\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "Home(Path(sys.argv[1])).create()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "var")], capture_output=True, text=True, timeout=30, check=False
    )

    assert "EnvironmentRefused: the home folder" in done.stderr
    assert "free space" in done.stderr


def test_a_second_supervisor_is_refused_by_the_pid_of_the_first(tmp_path: Path) -> None:
    """The lock lives and dies with its process, however that ends."""
    home = Home(tmp_path / "var")
    home.create()
    holding = [sys.executable, "-c", HOLD, str(home.root)]
    with subprocess.Popen(holding, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(EnvironmentRefused, match=rf"already runs on the home .*pid {first.pid},.*qt down"):
            home.lock()
        assert home.running
        assert home.holder is not None
        assert home.holder.pid == first.pid
        first.send_signal(signal.SIGKILL)

    assert not home.running
    lock = home.lock()
    assert home.running
    lock.release()
    assert not home.running


def test_readers_find_the_sockets_where_the_supervisor_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when their own environment would say otherwise."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    home = Home(tmp_path / "var")
    home.create()
    with home.lock():
        placed = home.create_run_dir()
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        assert home.run_dir == placed
        assert stat.S_IMODE(placed.stat().st_mode) == 0o700


def test_without_a_runtime_folder_a_private_one_in_tmp_is_taken(tmp_path: Path) -> None:
    """Also when the runtime folder's path would make sockets unusable."""
    home = tmp_path / "var"
    deep = tmp_path / ("x" * 100)
    deep.mkdir()

    for environment in ({}, {"XDG_RUNTIME_DIR": "/nowhere"}, {"XDG_RUNTIME_DIR": str(deep)}):
        assert run_dir_of(home, environment).parent == Path("/tmp")
    assert run_dir_of(home, {}) != run_dir_of(tmp_path / "other", {})


def test_a_socket_folder_that_is_no_folder_of_ours_is_refused(tmp_path: Path) -> None:
    """A link planted in /tmp leads nowhere."""
    (tmp_path / "real").mkdir()
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    run_dir_of(tmp_path / "var", environment).symlink_to(tmp_path / "real")

    with pytest.raises(EnvironmentRefused, match="XDG_RUNTIME_DIR"):
        create_run_dir(tmp_path / "var", environment)


@pytest.mark.parametrize("obstacle", ["a file", "absent", "read-only"])
def test_an_unusable_runtime_folder_is_passed_over(tmp_path: Path, obstacle: str) -> None:
    """A session that has ended leaves a variable that names nothing; then a private folder elsewhere serves."""
    runtime = tmp_path / "runtime"
    match obstacle:
        case "a file":
            runtime.write_text("")
        case "read-only":
            runtime = Path("/proc/self")  # nobody makes folders there, not even root
    folder = create_run_dir(tmp_path / "var", {"XDG_RUNTIME_DIR": str(runtime)})
    try:
        assert not folder.is_relative_to(runtime)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        folder.rmdir()
