"""`qt up` as a person sees it: the live view, Ctrl-C, a closed terminal, and a supervisor that is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import psutil

from qtcore.records.journal_reader import JournalReader
from tests.stranger.conftest import PATIENCE_S, Terminal

Start = Callable[..., AbstractContextManager[Terminal]]
CTRL_C = b"\x03"
HEALTHY = "· 2 plugins: 2 healthy"


def _children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def _ended_in_order(screen: Terminal) -> bool:
    with JournalReader.open(screen.home.journal) as journal:
        run = journal.previous_run()
    assert run is not None
    return run.ended_in_order


def test_live_view_and_ctrl_c(terminal: Start) -> None:
    """The table says where things are; Ctrl-C stops in order while it goes on showing, and says so at the end."""
    with terminal("up") as screen:
        screen.until_shown(HEALTHY)
        for place in ("state", "logs", "traces", "journal.db"):
            assert str(screen.home.root / place) in screen.text
        screen.press(CTRL_C)
        assert screen.process.wait(PATIENCE_S) == 0
        assert screen.text.strip().endswith("everything has stopped in order; `qt up` goes on where this ended")
        assert _ended_in_order(screen)


def test_killed_supervisor_takes_its_view_along(terminal: Start) -> None:
    """No process stays behind, the view that painted the terminal included, and its last line says what happened."""
    with terminal("up") as screen:
        screen.until_shown(HEALTHY)
        children = _children(screen.process.pid)
        assert any("--watch" in child.cmdline() for child in children)
        screen.process.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(children, timeout=5.0)
        assert not alive
        screen.until_shown("the supervisor was killed, and its plugins ended with it; `qt up` goes on from the records")
        assert not _ended_in_order(screen)


def test_closed_terminal_stops_in_order(terminal: Start) -> None:
    """A hang-up is no reason to leave in a hurry."""
    with terminal("up", "--headless") as screen:
        screen.until(lambda: screen.home.running and "supervisor pid" in screen.text, "the supervisor")
        os.kill(screen.process.pid, signal.SIGHUP)
        assert screen.process.wait(PATIENCE_S) == 0
        assert _ended_in_order(screen)


STUBBORN = """
import time

from qtcore import Context, Plugin, hookimpl


class Stubborn(Plugin):
    @hookimpl
    async def start(self, ctx: Context) -> None:
        ctx.ready()
        try:
            await ctx.serve()
        finally:
            time.sleep(60)
"""


def test_second_ctrl_c_kills_what_is_left(terminal: Start, application: Path) -> None:
    """It does not claim that everything has stopped in order."""
    (application / "watchers" / "stubborn.py").write_text(STUBBORN)
    with (application / "plugins.yaml").open("a") as file:
        file.write("  stubborn: {use: watchers.stubborn, host: probes}\n")
    with terminal("up", "--headless") as screen:
        screen.until(lambda: '"lifecycle":"running"' in _state(screen, "stubborn"), "stubborn")
        screen.press(CTRL_C)
        screen.until(lambda: "stopping" in _state(screen, "stubborn"), "stopping")
        screen.press(CTRL_C)
        assert screen.process.wait(PATIENCE_S) == 1
        assert screen.text.strip().endswith("what had not stopped yet was killed; `qt up` goes on where this ended")
        assert not _ended_in_order(screen)


def _state(screen: Terminal, plugin: str) -> str:
    path = screen.home.state / f"{plugin}.json"
    return path.read_text().replace(" ", "") if path.exists() else ""
