"""Any command can be a plugin: started, seen to be ready, logged, stopped, and its end explained."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from qtcore.config.loading import load_class
from qtcore.exec import Exec, ExecSettings
from qtcore.kernel.words import Cause
from qtcore.plugin import Check
from qtcore.testing import harness

pytestmark = pytest.mark.anyio

WAITS = "import signal; signal.pause()"


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-u", "-c", code]


def test_use_names_the_module() -> None:
    """`use: qtcore.exec` finds the one plugin in it."""
    assert load_class("qtcore.exec") is Exec


async def test_a_command_runs_until_stopped() -> None:
    """It is ready at once by default, healthy while it runs, and gone after the stop."""
    async with harness(Exec, settings={"command": python(WAITS)}) as h:
        await h.ready()
        health = await h.health()
        pid = health.facts["pid"]
        assert psutil.pid_exists(pid)
        assert os.getpgid(pid) == pid
    assert not psutil.pid_exists(pid)


async def test_a_ready_line_and_its_output_are_seen() -> None:
    """With `when: line` it is ready when a line matches; every line is logged."""
    code = f"print('warming up'); print('listening on 80'); {WAITS}"
    async with harness(
        Exec, settings={"command": python(code), "ready": {"when": "line", "line": r"listening on \d+"}}
    ) as h:
        await h.ready()
        assert [line["line"] for line in h.logs if line["event"] == "output"] == ["warming up", "listening on 80"]


async def test_a_written_descriptor_means_ready() -> None:
    """With `when: fd` it is ready when it writes to the descriptor that QT_READY_FD names."""
    code = f"import os; os.write(int(os.environ['QT_READY_FD']), b'x'); {WAITS}"
    async with harness(Exec, settings={"command": python(code), "ready": {"when": "fd"}}) as h:
        await h.ready()


async def test_an_open_port_means_ready() -> None:
    """With `when: port` it is ready when it accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = f"import socket; s = socket.create_server(('127.0.0.1', {port})); {WAITS}"
    async with harness(Exec, settings={"command": python(code), "ready": {"when": "port", "port": port}}) as h:
        await h.ready()


async def test_one_that_is_never_ready_is_ended() -> None:
    """Past its deadline a command that is not ready ends with the cause unready."""
    ready = {"when": "fd", "within_s": 0.2}
    async with harness(Exec, settings={"command": python(WAITS), "ready": ready}) as h:
        end = await h.end()
        assert end.cause is Cause.UNREADY
        assert "within 0.2 s" in end.sentence


@pytest.mark.parametrize(
    ("code", "cause", "words"),
    [
        ("print('no licence'); raise SystemExit(3)", Cause.EXIT_CODE, "exit code 3; it last said: no licence"),
        ("pass", Cause.RETURNED, "exit code 0 although nobody stopped it"),
        ("import os; os.kill(os.getpid(), 9)", Cause.SIGNAL, "ended by SIGKILL"),
    ],
)
async def test_its_end_is_explained(code: str, cause: Cause, words: str) -> None:
    """Exit code or signal become the cause, with its last words."""
    async with harness(Exec, settings={"command": python(code)}) as h:
        end = await h.end()
        assert end.cause is cause
        assert words in end.sentence


async def test_one_that_ignores_the_stop_is_killed_with_its_children() -> None:
    """After the grace the whole process group is killed."""
    child = python(WAITS)
    code = (
        "import signal, subprocess\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"print(subprocess.Popen({child!r}).pid)\n"
        "while True: signal.pause()"
    )
    settings = {"command": python(code), "ready": {"when": "line", "line": r"\d+"}, "stop_grace_s": 0.2}
    async with harness(Exec, settings=settings) as h:
        await h.ready()
        grandchild = int(next(line["line"] for line in h.logs if line["event"] == "output"))
        assert psutil.pid_exists(grandchild)
    assert not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE


def test_it_dies_with_its_host() -> None:
    """When the process that runs the plugin is killed, the command does not outlive it."""
    script = (
        "import asyncio\n"
        "from qtcore.exec import Exec\n"
        "from qtcore.testing import harness\n"
        "async def main():\n"
        f"    async with harness(Exec, settings={{'command': {python(WAITS)!r}}}) as h:\n"
        "        await h.ready()\n"
        "        print((await h.health()).facts['pid'], flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        command = psutil.Process(int(host.stdout.readline()))
        host.kill()
        host.wait(5)
        gone, alive = psutil.wait_procs([command], timeout=5)
        assert (len(gone), alive) == (1, [])


async def test_a_missing_program_is_a_configuration_error() -> None:
    """What cannot be run is not retried."""
    async with harness(Exec, settings={"command": ["no-such-program-here"]}) as h:
        end = await h.end()
        assert end.cause is Cause.CONFIGURATION
        assert "install it" in end.sentence


@pytest.mark.parametrize(
    ("ready", "words"),
    [({"when": "port"}, "ready.port must be given"), ({"when": "line", "line": "("}, "no regular expression")],
)
def test_incomplete_readiness_is_refused(ready: dict[str, Any], words: str) -> None:
    """A readiness that could never come true is refused with the settings."""
    with pytest.raises(ValidationError, match=words):
        ExecSettings(command=["true"], ready=ready)  # type: ignore[arg-type] # as it comes from a file


async def test_a_flood_without_line_ends_is_bounded(tmp_path: Path) -> None:
    """Output without line ends is cut into pieces and does not pile up."""
    code = f"import sys; sys.stdout.write('x' * 1_000_000); sys.stdout.flush(); print(); print('done'); {WAITS}"
    async with harness(Exec, settings={"command": python(code), "ready": {"when": "line", "line": "done"}}) as h:
        await h.ready()
        lines = [line["line"] for line in h.logs if line["event"] == "output"]
        assert max(map(len, lines)) <= 8_192


def test_signals_of_the_settings_exist() -> None:
    """Every stop signal that may be named is one."""
    for name in ExecSettings.model_fields["stop_signal"].annotation.__args__:  # type: ignore[union-attr]
        assert signal.Signals[f"SIG{name}"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"command": ["no-such-program"]}, "there is no program 'no-such-program' to run; give its full path"),
        ({"command": ["true"], "cwd": "/no/such/folder"}, "cwd /no/such/folder is no folder; create it"),
    ],
)
def test_what_cannot_be_run_is_found_before_the_start(settings: dict[str, Any], sentence: str) -> None:
    """`qt check` and `qt up` look for the program and its folder."""
    with pytest.raises(ValidationError, match=sentence):
        ExecSettings.model_validate(settings, context=Check())


@pytest.mark.parametrize("ready", [{"port": 80}, {"when": "port", "port": 80, "line": "up"}])
def test_a_readiness_that_would_be_ignored_is_refused(ready: dict[str, Any]) -> None:
    """Whoever names a port means to wait for it."""
    with pytest.raises(ValidationError, match=r"is given, but ready\.when is"):
        ExecSettings.model_validate({"command": ["true"], "ready": ready})
