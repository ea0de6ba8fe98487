"""An installed distribution proposes its plugin; plugins.yaml decides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "qt-weather"
version = "1.2"
dependencies = ["qtcore"]

[project.entry-points."qtcore.plugins"]
weather = "qt_weather:Weather"
"""

SOURCE = """
from qtcore import Context, Plugin, hookimpl


class Weather(Plugin):
    \"\"\"Looks out of the window.\"\"\"

    @hookimpl
    async def start(self, ctx: Context) -> None:
        ctx.ready()
        await ctx.serve()
"""

CONFIGURATION = """
version: 1
plugins:
  calm: {use: "qtcore.testing.faults:Healthy"}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages into which a wheel with a plugin has been installed."""
    project = tmp_path_factory.mktemp("weather")
    (project / "qt_weather").mkdir()
    (project / "qt_weather" / "__init__.py").write_text(SOURCE)
    (project / "pyproject.toml").write_text(PYPROJECT)
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    command = [*pip, "--disable-pip-version-check", "--target", str(target), str(project)]
    subprocess.run(command, check=True, timeout=100)
    return target


def _qt(folder: Path, site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[3]
    return subprocess.run(
        [sys.executable, "-m", "qtcore.cli.main", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(root)])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_installed_plugin_is_proposed_and_runs_once_configured(installed: Path, tmp_path: Path) -> None:
    """Installing changes nothing that runs; the line that the list offers makes it run."""
    path = tmp_path / "plugins.yaml"
    path.write_text(CONFIGURATION)
    rows = {row["plugin"]: row for row in json.loads(_qt(tmp_path, installed, "plugins", "list", "--json").stdout)}
    assert rows["weather"]["state"] == "proposed"
    assert "qt-weather 1.2; add `weather: {use: qt_weather:Weather}` to plugins.yaml" in rows["weather"]["what"]

    path.write_text(CONFIGURATION + "  weather: {use: qt_weather:Weather}\n")
    rows = {row["plugin"]: row for row in json.loads(_qt(tmp_path, installed, "plugins", "list", "--json").stdout)}
    assert (rows["weather"]["state"], rows["weather"]["what"]) == ("enabled", "Looks out of the window.")
    ran = _qt(tmp_path, installed, "up", "--headless", "--for", "0")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = _qt(tmp_path, installed, "why", "weather")
    assert "starting → running" in told.stdout
