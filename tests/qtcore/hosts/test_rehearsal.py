"""Spares rehearse a host's life, leave nothing of it, and are made hosts without waiting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry import trace

from qtcore.control.host_message import HostUp
from qtcore.hosts.process import Way
from qtcore.hosts.runtime.rehearsal import rehearse
from tests.qtcore.hosts.world import OpenWorld, World, make_spec, until

Warmed = Callable[[str], str]


@pytest.fixture
def warmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warmed:
    """Writes a module that fork servers can import ahead; returns its name."""
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(folder))

    def write(code: str) -> str:
        (folder / "warmed_module.py").write_text(code)
        return "warmed_module"

    return write


async def has_spare(world: World) -> None:
    await until(lambda: all(link.has_spare for link in world.launcher.fork_servers))


def test_leaves_nothing(tmp_path: Path) -> None:
    """A rehearsal runs to its end and leaves no file and no global telemetry behind."""
    before = trace.get_tracer_provider()
    rehearse(str(tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert trace.get_tracer_provider() is before


@pytest.mark.anyio
async def test_spare_rehearses(open_world: OpenWorld, warmed: Warmed, tmp_path: Path) -> None:
    """A spare calls `rehearse` of each warm module that has it before it counts as one."""
    module = warmed("from pathlib import Path\ndef rehearse(scratch): Path(scratch, 'rehearsed').touch()\n")
    async with open_world(warm=[module], scratch=tmp_path) as world:
        await has_spare(world)
        assert (tmp_path / "rehearsed").exists()


@pytest.mark.anyio
async def test_failed_rehearsal(open_world: OpenWorld, warmed: Warmed, tmp_path: Path) -> None:
    """A rehearsal that fails costs the spare, never the host, and its traceback is in the fork server's output."""
    module = warmed("def rehearse(scratch): raise RuntimeError('forgot the text')\n")
    async with open_world(warm=[module], scratch=tmp_path) as world:
        output = world.logs / "fork_server.out"
        await until(lambda: output.exists() and "forgot the text" in output.read_text())
        process = await world.spawn_up()
        assert process.way is Way.LIGHT


@pytest.mark.anyio
async def test_spawn_at_once(open_world: OpenWorld) -> None:
    """A host is made of the spare without waiting; where there is no spare, none is made."""
    async with open_world() as world:
        assert world.launcher.spawn_at_once(make_spec("early")) is None
        await has_spare(world)
        process = world.launcher.spawn_at_once(make_spec())
        assert process is not None
        assert isinstance(await process.channel.receive(), HostUp)
        assert world.launcher.spawn_at_once(make_spec("second", host_slot=1)) is None


@pytest.mark.anyio
async def test_sweeps_what_killed_spares_left(open_world: OpenWorld, tmp_path: Path) -> None:
    """The folder of a rehearsal that was cut short is removed when the launcher opens."""
    left = tmp_path / "rehearsal-cut-short"
    left.mkdir()
    async with open_world(scratch=tmp_path):
        assert not left.exists()
