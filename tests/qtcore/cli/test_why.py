"""`qt why` names the line of code that is to blame, and only where that helps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from qtcore.cli.exits import Exit
from tests.qtcore.cli.conftest import Qt

Until = Callable[[Callable[[], Any], str], Any]

BLOCKER = """
from qtcore import Context, Plugin, hookimpl


class Blocker(Plugin):
    @hookimpl
    async def start(self, ctx: Context) -> None:
        ctx.ready()
        while True:
            pass
"""

WAITER = """
from qtcore import Context, NotReady, Plugin, hookimpl


class Waiter(Plugin):
    @hookimpl
    async def start(self, ctx: Context) -> None:
        raise NotReady("the kettle is cold", retry_after_s=0.5)
"""


def test_places(application: Qt, until: Until) -> None:
    """A blocked loop is shown with the line that blocks it; what was said on purpose needs no traceback."""
    for name, source in (("blocker", BLOCKER), ("waiter", WAITER)):
        (application.folder / "watchers" / f"{name}.py").write_text(source)
        with (application.folder / "plugins.yaml").open("a") as file:
            file.write(f"  {name}: {{use: watchers.{name}, host: {name}}}\n")
    text = (application.folder / "plugins.yaml").read_text()
    (application.folder / "plugins.yaml").write_text(
        text.replace("  probes: {}\n", "  probes: {}\n  blocker: {}\n  waiter: {}\n")
    )
    supervisor = application.start("up", "--headless")
    try:
        told = until(lambda: _told(application, "blocker", "watchers/blocker.py"), "the blocked line")
        assert re.search(r'watchers/blocker\.py", line (9|10) in start', told), told
        told = until(lambda: _told(application, "waiter", "the kettle is cold"), "the cold kettle")
        assert "Traceback" not in told
    finally:
        supervisor.terminate()
        supervisor.communicate(timeout=30)


def _told(application: Qt, plugin: str, text: str) -> str | None:
    told = application("why", plugin).stdout
    return told if text in told else None


def test_codes(application: Qt) -> None:
    """What a code means is told for the framework's at once, and for a plugin's once it was looked at."""
    told = application("why", "QT-PLUGIN-HUNG")
    assert (told.returncode, told.stdout.splitlines()[0]) == (
        0,
        "QT-PLUGIN-HUNG: its process has stopped answering (usually high; of the framework)",
    )
    assert application("why", "QT-DISK-FULL").returncode == Exit.USAGE
    assert application("check").returncode == 0
    said = application.json("why", "QT-DISK-FULL")
    assert (said["owner"], said["kind"]["consequence"]) == ("disk", "programs that write there will soon fail")
    assert 'did you mean "QT-DISK-FULL"?' in application("why", "QT-DISK-FUL").stderr
