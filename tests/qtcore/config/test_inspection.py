"""The inspector looks at plugins in children of its own, names what is wrong, and remembers what was right."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from qtcore import Settings, checked_mode
from qtcore.config.configuration import Configuration, load_configuration
from qtcore.config.inspection import Inspection, inspect
from qtcore.config.problem import Weight
from qtcore.plugin import Check

pytestmark = pytest.mark.anyio

GOOD = '''
"""A module."""
from dataclasses import dataclass
from pydantic import PositiveFloat, SecretStr
from qtcore import Context, Plugin, Settings, action, every, hookimpl, topic


@topic(retained=True)
@dataclass(frozen=True)
class Beat:
    n: int


class GoodSettings(Settings):
    max_age_s: PositiveFloat = 5.0
    key: SecretStr | None = None


class Good(Plugin[GoodSettings]):
    """Beats."""

    writes = [Beat]
    optional_reads = [Beat]
    exclusive = True

    @hookimpl
    async def start(self, ctx: Context[GoodSettings]) -> None:
        await ctx.serve()

    @every(5)
    async def tick(self, ctx: Context[GoodSettings]) -> None: ...

    @action(effect=True, command="beats show", help="shows beats")
    async def show(self, ctx: Context[GoodSettings], n: int, who: str | None = None) -> list[int]:
        return [n]

    @action(offline=True)
    @staticmethod
    def halt(home: str, on: bool) -> None: ...
'''

BAD: dict[str, tuple[str, str]] = {
    "god": ("", 'there is no module "toy.god", did you mean "toy.good"?'),
    "dep": (
        "import nowhere_to_be_found",
        'toy.dep imports "nowhere_to_be_found", which is not installed; run pip install nowhere_to_be_found '
        "(or the distribution that provides it) (toy/dep.py:1)",
    ),
    "own": ("import toy.goood", 'toy.own imports "toy.goood", which does not exist, did you mean "toy.good"?'),
    "syntax": ("def f(:\n", "line 1 is not Python: invalid syntax (toy/syntax.py:1)"),
    "raises": ("\nx = 1 / 0", "importing toy.raises raised ZeroDivisionError: division by zero (toy/raises.py:2)"),
    "name": ("from toy.good import Nope", "importing toy.name raised ImportError: cannot import name 'Nope'"),
    "exits": ("import os; os._exit(3)", "importing it ended the process with exit code 3; nothing may exit at import"),
    "crash": ("import os; os.abort()", "importing it ended the process with signal SIGABRT"),
    "empty": ("x = 1", "toy.empty holds no plugin class; derive one from qtcore.Plugin"),
    "unmarked": (
        "from qtcore import Plugin\nclass U(Plugin):\n async def start(self, ctx): ...",
        "U.start is not marked as a hook; put @hookimpl above it",
    ),
    "argument": (
        "from qtcore import *\nclass A(Plugin):\n @hookimpl\n async def start(self, context): ...",
        "hook start takes context, which it is not given; write start(self, ctx) or fewer (toy/argument.py:3)",
    ),
    "misspelt": (
        "from qtcore import *\nclass M(Plugin):\n @hookimpl\n async def strat(self, ctx): ...",
        'there is no hook "strat", did you mean "start"? (toy/misspelt.py:3)',
    ),
    "built": (
        "from qtcore import *\nclass B(Plugin):\n def __init__(self, x): ...\n @hookimpl\n async def start(self): ...",
        "B is built without arguments, but asks for x; read settings in start",
    ),
    "several": (
        "from qtcore import *\nclass A(Plugin): ...\nclass B(Plugin): ...",
        "toy.several holds several plugin classes; name one: toy.several:A, toy.several:B",
    ),
    "untyped": (
        "from __future__ import annotations\nfrom qtcore import *\nclass T(Plugin):\n @hookimpl\n"
        " async def start(self): ...\n @action()\n async def act(self, ctx, x: Nowhere): ...",
        "the types of action act cannot be described: name 'Nowhere' is not defined",
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Configuration]:
    """A package `toy` beside a plugins.yaml that names the given modules."""
    package = tmp_path / "toy"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "good.py").write_text(GOOD)

    def written(
        modules: Mapping[str, str], settings: str = "{}", environment: Mapping[str, str] | None = None
    ) -> Configuration:
        lines = ["version: 1", "plugins:"]
        for name, text in modules.items():
            if text:
                (package / f"{name}.py").write_text(textwrap.dedent(text))
            lines.append(f"  {name}: {{use: toy.{name}, settings: {settings}}}")
        (tmp_path / "plugins.yaml").write_text("\n".join(lines) + "\n")
        return load_configuration(tmp_path / "plugins.yaml", environment or {}, {})

    return written


async def _sentences(configuration: Configuration) -> list[str]:
    return [str(problem) for problem in (await inspect(configuration, None)).problems]


async def test_manifest_tells_everything_a_class_declares(project: Callable[..., Configuration]) -> None:
    """Hooks, timers, actions with their schemas, topics and flags are read without starting anything."""
    found = await inspect(project({"good": ""}), None)
    assert found.problems == ()
    manifest = found.manifests["good"]
    assert (manifest.summary, manifest.hooks, manifest.exclusive) == ("Beats.", ("start",), True)
    assert [(timer.name, timer.every_s) for timer in manifest.timers] == [("tick", 5.0)]
    halt, show = manifest.actions
    assert (halt.name, halt.offline, sorted(halt.parameters["properties"])) == ("halt", True, ["on"])
    assert (show.effect, show.parameters["required"], show.result["type"]) == (True, ["n"], "array")
    assert show.command is not None
    assert show.command.name == "beats show"
    assert [(use.topic, use.hard, use.retained) for use in manifest.reads] == [("Beat", False, True)]


async def test_every_broken_module_is_named_with_its_cure(project: Callable[..., Configuration]) -> None:
    """One broken plugin costs only itself, and is one sentence with place and cure."""
    configuration = project({name: text for name, (text, _) in BAD.items()})
    found = await inspect(configuration, None)
    by_plugin = {problem.plugin: problem for problem in found.problems}
    for line, (name, (_, sentence)) in enumerate(BAD.items(), 3):
        problem = by_plugin[name]
        assert sentence in problem.sentence
        assert problem.where == f"plugins.yaml:{line}:{len(name) + 11}"
        assert "\n" not in str(problem)


async def test_a_module_that_hangs_is_named_with_its_line(project: Callable[..., Configuration]) -> None:
    """A hang at import ends at the limit, even one that holds the interpreter, and the line is told."""
    configuration = project({"hang": "import threading\n\nthreading.Event().wait()", "spin": "\nwhile True: pass"})
    hang, spin = (await inspect(configuration, None, limit_s=1.0)).problems
    assert hang.sentence == "importing it takes longer than 1 s; do slow work in start, not at import (toy/hang.py:3)"
    assert spin.sentence.endswith("(toy/spin.py:2)")


async def test_settings_are_checked_with_their_place(project: Callable[..., Configuration]) -> None:
    """A wrong setting is told with file, line and column; one from a variable with the variable's name."""
    told = await _sentences(
        project({"good": ""}, "{max_age: 3, max_age_s: soon}", {"QT_GOOD__MAX_AGE_S": "-1", "QT_GOOD__MAXAGE": "2"})
    )
    assert told == [
        'QT_GOOD__MAX_AGE_S: plugin good: "max_age_s" should be greater than 0, and is "-1"',
        'plugins.yaml:3:36: plugin good: unknown key "max_age", did you mean "max_age_s"?',
        'QT_GOOD__MAXAGE: plugin good: unknown key "maxage", did you mean "max_age_s"?',
    ]


async def test_a_secret_must_not_stand_in_the_file(project: Callable[..., Configuration]) -> None:
    """A secret in plugins.yaml is refused, without being repeated, and named with the variable to use."""
    (told,) = await _sentences(project({"good": ""}, "{key: hunter2}"))
    assert "set QT_GOOD__KEY in the environment" in told
    assert "hunter2" not in told


async def test_a_wrong_secret_is_not_shown(project: Callable[..., Configuration]) -> None:
    """What is wrong with a secret is told without the secret."""
    (told,) = await _sentences(project({"good": ""}, "{}", {"QT_GOOD__KEY": "[1, 2345]"}))
    assert "QT_GOOD__KEY" in told
    assert "2345" not in told


async def test_disabled_plugins_only_give_findings(project: Callable[..., Configuration], tmp_path: Path) -> None:
    """What is off cannot stop the rest from starting."""
    project({"good": "", "raises": "x = 1 / 0"})
    path = tmp_path / "plugins.yaml"
    path.write_text(path.read_text().replace("{use: toy.raises,", "{use: toy.raises, enabled: false,"))
    found = await inspect(load_configuration(path, {}, {}), None)
    assert [problem.weight for problem in found.problems] == [Weight.FINDING]


async def test_unchanged_plugins_are_remembered(project: Callable[..., Configuration], tmp_path: Path) -> None:
    """A second look imports nothing; a changed file, setting or failure is looked at again."""
    looked: list[str] = []

    async def look(configuration: Configuration) -> Inspection:
        looked.clear()
        return await inspect(configuration, tmp_path / "var" / "cache", looked.append)

    first = await look(project({"good": "", "empty": "x = 1"}))
    assert sorted(looked) == ["empty", "good"]
    second = await look(project({"good": "", "empty": ""}))
    assert looked == ["empty"]
    assert second.manifests["good"] == first.manifests["good"]
    await look(project({"good": ""}, "{max_age_s: 3}"))
    assert looked == ["good"]
    (tmp_path / "toy" / "good.py").write_text(GOOD.replace("Beats.", "Beats loudly."))
    changed = await look(project({"good": ""}, "{max_age_s: 3}"))
    assert looked == ["good"]
    assert changed.manifests["good"].summary == "Beats loudly."


async def test_the_cache_is_private_and_may_be_lost(project: Callable[..., Configuration], tmp_path: Path) -> None:
    """The cache is readable by its owner only, and a damaged one is made again."""
    cache = tmp_path / "var" / "cache"
    await inspect(project({"good": ""}), cache)
    file = cache / "manifests.json"
    assert (file.stat().st_mode & 0o777, cache.stat().st_mode & 0o777) == (0o600, 0o700)
    file.write_text('{"good": {"key": 1')
    assert (await inspect(project({"good": ""}), cache)).problems == ()


async def test_an_unwritable_cache_is_only_noted(project: Callable[..., Configuration], tmp_path: Path) -> None:
    """Without room to remember, it works all the same."""
    (tmp_path / "var").write_text("in the way")
    (problem,) = (await inspect(project({"good": ""}), tmp_path / "var" / "cache")).problems
    assert problem.weight is Weight.NOTE


LOOKS_AROUND = """
from pathlib import Path
from pydantic import ValidationInfo, field_validator
from qtcore import Plugin, Settings, hookimpl, is_check


class AroundSettings(Settings):
    folder: Path = Path()

    @field_validator("folder")
    @classmethod
    def _there(cls, folder: Path, info: ValidationInfo) -> Path:
        if is_check(info) and not folder.is_dir():
            raise ValueError(f"there is no folder {folder}; create it")
        return folder


class Around(Plugin[AroundSettings]):
    @hookimpl
    async def start(self) -> None: ...
"""


async def test_settings_may_be_checked_against_the_world(project: Callable[..., Configuration], tmp_path: Path) -> None:
    """A validator may look at files while we check, every time anew, and never when the plugin is built."""
    folder = tmp_path / "wanted"
    configuration = project({"around": LOOKS_AROUND}, f"{{folder: {folder}}}")
    (told,) = await _sentences(configuration)
    assert told.endswith(f'plugin around: "folder" is not accepted: there is no folder {folder}; create it')
    folder.mkdir()
    cache = tmp_path / "var" / "cache"
    assert (await inspect(configuration, cache)).problems == ()
    folder.rmdir()
    assert len((await inspect(configuration, cache)).problems) == 1


async def test_a_place_without_a_line_is_a_file(project: Callable[..., Configuration]) -> None:
    """What is wrong with a whole file is not in a line of it."""
    (told,) = await _sentences(project({"empty": "x = 1"}))
    assert told.endswith("(toy/empty.py)")


class Keyed(Settings):
    key: str = Field("", validate_default=True)

    @field_validator("key")
    @classmethod
    def _given(cls, key: str, info: ValidationInfo) -> str:
        if checked_mode(info) == "live" and not key:
            raise ValueError("mode live needs a key")
        return key


async def test_settings_may_depend_on_the_mode() -> None:
    """A credential is asked for only where its mode would be started, and never when the plugin is built."""
    with pytest.raises(ValidationError, match="mode live needs a key"):
        Keyed.model_validate({}, context=Check("live"))
    assert Keyed.model_validate({}, context=Check("paper")).key == ""
    assert Keyed().key == ""


async def test_what_a_plugin_prints_at_import_does_no_harm(project: Callable[..., Configuration]) -> None:
    """Output at import cannot be mistaken for an answer."""
    assert (await inspect(project({"loud": f'print("{{}}")\n{GOOD}'}), None)).problems == ()


async def test_the_working_directory_is_not_imported_from(
    project: Callable[..., Configuration], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plugins are found beside plugins.yaml, not by accident in the folder one happens to be in."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "toy").mkdir(parents=True)
    (elsewhere / "toy" / "good.py").write_text("raise RuntimeError('wrong one')")
    monkeypatch.chdir(elsewhere)
    assert (await inspect(project({"good": ""}), None)).problems == ()
    assert os.environ.get("PYTHONPATH", "") == ""
