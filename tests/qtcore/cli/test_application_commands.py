"""Commands that plugins offer: found without a supervisor, checked, and never able to break qt."""

from __future__ import annotations

import json

import pytest

from qtcore.cli.exits import Exit
from tests.qtcore.cli.conftest import Qt

BRAKE = '''
from pathlib import Path
from typing import Literal

from pydantic import PositiveInt

from qtcore import Context, Plugin, Settings, action, hookimpl


class BrakeSettings(Settings):
    strength: PositiveInt = 1


class Brake(Plugin[BrakeSettings]):
    """Stops things."""

    @hookimpl
    async def start(self, ctx: Context[BrakeSettings]) -> None:
        ctx.ready()
        await ctx.serve()

    @action(offline=True, effect=True, command="brake on", help="stop everything")
    @staticmethod
    def on(
        home: Path, force: PositiveInt, how: Literal["soft", "hard"] = "soft", note: str | None = None
    ) -> dict[str, object]:
        home.mkdir(exist_ok=True)
        (home / "brake").write_text(how)
        return {"force": force, "how": how, "note": note, "steps": [{"n": 1, "done": True}, {"n": 2, "done": False}]}

    @action(command="brake state")
    async def state(self, ctx: Context[BrakeSettings], deep: bool = False) -> list[int]:
        """How it stands."""
        return [1, 2] if deep else []
'''


@pytest.fixture
def brake(application: Qt) -> Qt:
    """An application with a plugin that works when everything is down."""
    (application.folder / "watchers" / "brake.py").write_text(BRAKE)
    with (application.folder / "plugins.yaml").open("a") as file:
        file.write("\n  brake:\n    use: watchers.brake\n    settings: {strength: 2}\n")
    return application


def test_offline_command_needs_nothing(brake: Qt) -> None:
    """Without supervisor, home or cache, the command is found, checked and run."""
    done = brake("brake", "on", "3", "--how", "hard", "--note", "it smells")
    assert done.returncode == Exit.HEALTHY, done.stderr
    assert done.stdout == ("force  3\nhow    hard\nnote   it smells\nsteps\n  N  DONE\n  1  yes\n  2  no\n")
    assert (brake.folder / "var" / "brake").read_text() == "hard"
    assert json.loads(brake("brake", "on", "3", "--json").stdout)["how"] == "soft"


def test_offline_command_goes_to_the_home_that_is_named(brake: Qt) -> None:
    """`--home` says whose brake it is."""
    assert brake("brake", "on", "1", "--home", "elsewhere").returncode == Exit.HEALTHY
    assert (brake.folder / "elsewhere" / "brake").exists()
    assert not (brake.folder / "var" / "brake").exists()


def test_dry_run_does_nothing(brake: Qt) -> None:
    """What would be done is told."""
    done = brake("brake", "on", "3", "--dry-run")
    assert done.stdout == 'would run brake.on with {"force": 3}\n'
    assert not (brake.folder / "var" / "brake").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("on",), "the following arguments are required: force; see `qt brake on --help`"),
        (("on", "x"), "argument force: invalid int value: 'x'; see `qt brake on --help`"),
        (("on", "-3"), '"force" should be greater than 0, and is -3'),
        (("on", "0"), '"force" should be greater than 0, and is 0; see `qt brake on --help`'),
        (("on", "1", "--how", "gently"), "\"how\" should be 'soft' or 'hard', and is \"gently\""),
        (("on", "1", "--now"), "unrecognized arguments: --now"),
        (("of",), 'there is no command "brake of", did you mean "brake on"?'),
    ],
)
def test_wrong_words_are_one_sentence(brake: Qt, words: tuple[str, ...], sentence: str) -> None:
    """Wrong arguments end with 64, a sentence and no traceback."""
    done = brake("brake", *words)
    assert done.returncode == Exit.USAGE
    assert done.stderr.startswith(f"qt: {sentence}"), done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_other_commands_need_the_supervisor(brake: Qt) -> None:
    """A command of a running plugin says that nothing runs."""
    assert brake("brake", "state").returncode == Exit.NOT_RUNNING
    assert "How it stands." in brake("brake", "state", "--help").stdout


def test_a_broken_plugin_cannot_break_qt(brake: Qt) -> None:
    """Once the plugin cannot be read, its command says why, and all others work."""
    assert brake("brake", "on", "1").returncode == Exit.HEALTHY
    (brake.folder / "watchers" / "brake.py").write_text("def broken(:")
    done = brake("brake", "on", "1")
    assert done.returncode == Exit.USAGE
    assert "plugin brake cannot be read: line 1 is not Python" in done.stderr
    assert brake("status").returncode == Exit.NOT_RUNNING
    assert brake("--help").returncode == Exit.HEALTHY


def test_wrong_settings_do_not_take_the_brake_away(brake: Qt) -> None:
    """A mistake in plugins.yaml must not disable what works when everything is down."""
    path = brake.folder / "plugins.yaml"
    path.write_text(path.read_text().replace("strength: 2", "strength: -2"))
    assert brake("check").returncode == Exit.USAGE
    assert brake("brake", "on", "1").returncode == Exit.HEALTHY
