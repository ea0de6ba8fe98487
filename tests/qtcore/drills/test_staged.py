"""A drill in stages is named in `drills.yaml` and conducted by the application."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtcore.drills.document import Drills
from qtcore.drills.staged import run_staged, staged_named
from qtcore.errors import ConfigurationError

CONDUCTOR = """
from dataclasses import dataclass

@dataclass
class Done:
    passed: bool
    document: dict
    shown: str

def conduct(application, folder, reports, say):
    say("began")
    (folder / "system").write_text("runs")
    (reports / "report.md").write_text("told")
    return Done(True, {"folder": str(folder)}, f"in {application.name}")
"""


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Path]:
    """An application whose outsider conducts a drill of its own."""
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "staged_outsider.py").write_text(CONDUCTOR)
    yield folder
    sys.modules.pop("staged_outsider", None)
    sys.path[:] = [path for path in sys.path if path != str(folder)]


def drills() -> Drills:
    staged = {"long_night": {"title": "t", "happened": "h", "conduct": "staged_outsider:conduct"}}
    return Drills.model_validate({"version": 1, "systems": {}, "drills": [], "staged": staged})


def test_its_reports_stay_and_its_system_does_not(
    application: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a folder to keep, what was told lies under `var/drills` of whoever ran it."""
    monkeypatch.chdir(tmp_path)
    heard: list[str] = []
    done = run_staged(drills(), "long_night", application, None, heard.append)
    assert (done.passed, done.shown, heard) == (True, "in application", ["began"])
    assert (tmp_path / "var" / "drills" / "long_night" / "report.md").read_text() == "told"
    assert not Path(done.document["folder"]).exists()


def test_with_a_folder_to_keep_everything_stays(application: Path, tmp_path: Path) -> None:
    """System and reports lie side by side."""
    keep = tmp_path / "kept"
    run_staged(drills(), "long_night", application, keep, lambda _: None)
    assert {path.name for path in keep.iterdir()} == {"system", "report.md"}


def test_it_is_run_alone() -> None:
    """It has stages and limits of its own."""
    assert staged_named(drills(), ["long_night"]) == "long_night"
    assert staged_named(drills(), ["A1", "B2"]) is None
    with pytest.raises(ConfigurationError, match="run alone"):
        staged_named(drills(), ["A1", "long_night"])
