"""The framework's wheel works alone: no trading library, no plugin of ours, an empty folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import Paths

pytestmark = pytest.mark.slow

FOREIGN = ("ccxt", "sqlalchemy", "alembic", "numpy", "pyarrow", "plugins", "pytest", "trio")


def _needed(name: str, found: dict[str, Distribution]) -> dict[str, Distribution]:
    """A distribution's requirements without extras, as installed here."""
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        key = canonicalize_name(requirement.name)
        if key not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found[key] = distribution(key)
            _needed(key, found)
    return found


@pytest.fixture(scope="module")
def wheel(paths: Paths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(target), str(paths.root)], check=True, timeout=100)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment that holds the wheel and its requirements, and nothing else.

    The requirements are linked from this environment instead of being downloaded; pip itself then
    checks that they are all there, for it may not fetch what is missing.
    """
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for needed in _needed("qtcore", {}).values():
        for file in needed.files or ():
            top = file.parts[0]
            if top not in {"..", "__pycache__"} and not (site / top).exists():
                (site / top).symlink_to(Path(str(needed.locate_file(top))))
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-index", str(wheel)]
    subprocess.run(install, check=True, timeout=100, env=_bare_environment())
    return folder / "bin"


def _bare_environment(**more: str) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/"), **more}


@pytest.fixture
def short_dir() -> Iterator[str]:
    """For sockets, whose paths are short."""
    folder = tempfile.mkdtemp(prefix="qt-bare-", dir="/tmp")
    yield folder
    shutil.rmtree(folder)


def test_wheel_holds_the_framework_and_nothing_else(wheel: Path) -> None:
    """Code, typing marker and templates are in it; the application is not."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "qtcore/py.typed" in names
    assert "qtcore/cli/templates/application/plugins.yaml.template" in names
    assert {name.partition("/")[0] for name in names} == {"qtcore", "qtcore-0.1.0.dist-info"}


@pytest.mark.parametrize("module", FOREIGN)
def test_nothing_foreign_is_there(bare: Path, module: str) -> None:
    """The environment really lacks what the framework must not need."""
    done = subprocess.run(
        [str(bare / "python"), "-P", "-c", f"import {module}"],
        capture_output=True,
        text=True,
        check=False,
        env=_bare_environment(),
        timeout=20,
    )
    assert "ModuleNotFoundError" in done.stderr


def test_two_plugins_are_healthy_in_an_empty_folder(bare: Path, tmp_path: Path, short_dir: str) -> None:
    """`qt init`, `qt up`, and both plugins are healthy."""
    environment = _bare_environment(XDG_RUNTIME_DIR=short_dir)

    def qt(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(bare / "qt"), *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert qt("init").returncode == 0
    supervisor = subprocess.Popen(
        [str(bare / "qt"), "up", "--headless", "--for", "5"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        watched = qt("watch", "--timeout", "40")
        status = qt("status", "--json")
    finally:
        output, _ = supervisor.communicate(timeout=60)
    assert watched.returncode == 0, watched.stdout + output
    assert json.loads(status.stdout)["counts"]["healthy"] == 2
    assert supervisor.returncode == 0, output
    assert re.search(r"^ +journal +/", output, re.MULTILINE)
