"""Tests one configured plugin: what every plugin must do, then its own tests."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import anyio

from qtcore.cli.exits import Exit
from qtcore.cli.output import say
from qtcore.config.configuration import Configuration
from qtcore.config.declarations import Unloadable
from qtcore.config.loading import load_class
from qtcore.config.problem import did_you_mean
from qtcore.errors import ConfigurationError
from qtcore.testing import conformance

TIMEOUT_S = 300.0


def run_tests(configuration: Configuration, name: str) -> int:
    """0 when everything holds, 1 when something does not."""
    plugins = configuration.sections.plugins
    if name not in plugins:
        raise ConfigurationError(f'there is no plugin "{name}"{did_you_mean(name, plugins)}')
    sys.path.insert(0, str(configuration.root))
    try:
        cls = load_class(plugins[name].use)
    except Unloadable as error:
        raise ConfigurationError(f"plugin {name} cannot be read: {error}") from None
    settings = plugins[name].settings

    async def conforms() -> None:
        await conformance(cls, settings=settings)

    try:
        anyio.run(conforms)
    except AssertionError as error:
        say(f"{name} does not conform: {error}")
        return Exit.DEGRADED
    say(f"{name} conforms: it declares itself properly, starts, answers for its health and leaves nothing behind")
    return _own_tests(configuration, name)


def _own_tests(configuration: Configuration, name: str) -> int:
    tests = configuration.root / "tests" / f"test_{name}.py"
    if not tests.exists():
        say(f"it has no tests of its own ({tests} is not there)")
        return Exit.HEALTHY
    if find_spec("pytest") is None:
        say(f"its own tests in {tests} need pytest; run pip install pytest")
        return Exit.DEGRADED
    command = [sys.executable, "-m", "pytest", "-q", str(tests)]
    sys.stdout.flush()  # what pytest says belongs below
    finished = subprocess.run(command, cwd=configuration.root, check=False, timeout=TIMEOUT_S)
    return Exit.HEALTHY if finished.returncode == 0 else Exit.DEGRADED
