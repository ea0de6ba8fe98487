"""`qt drill run` on a small application: real processes, a fault from outside, a verdict, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from qtcore.drills.results import DrillRun

QT = (sys.executable, "-m", "qtcore.cli.main")

PLUGINS: dict[str, Any] = {
    "version": 1,
    "application": {"name": "small", "mode": "test", "modes": ["test"]},
    "hosts": {"one": {"restart": {"base_s": 0.2, "cap_s": 1.0}}, "two": {}},
    "plugins": {
        "worker": {"use": "qtcore.testing.faults:BlocksLoop", "host": "one", "restart": {"base_s": 0.2, "cap_s": 1.0}},
        "reader": {"use": "qtcore.testing.faults:Healthy", "host": "two"},
    },
}

KILL = [{"do": "signal", "signal": "KILL", "plugin": "worker"}]
DRILLS: dict[str, Any] = {
    "version": 1,
    "harm": "hands:harm",
    "systems": {"small": {"twin": [{"do": "outsider", "function": "hands:touch"}]}},
    "drills": [
        {
            "id": "A1",
            "title": "the worker is killed",
            "happened": "nobody noticed",
            "system": "small",
            "fault": {"acts": KILL},
            "expect": {"found": ["QT-PLUGIN-DOWN"], "first": ["QT-PLUGIN-DOWN"], "plugin": "worker"},
            "heal": "R",
            "handled": [{"check": "restarted", "plugin": "worker", "cause": "signal"}, {"check": "kept"}],
            "recovered": [{"check": "running"}, {"check": "resolved"}],
        },
        {
            "id": "A2",
            "title": "a key that nobody knows",
            "happened": "it was taken for something else",
            "system": "small",
            "fault": {"configuration": {"plugins": {"worker": {"setings": {}}}}},
            "refused": {"exit": 64, "says": ["setings"]},
            "heal": "F",
            "limits": {"detect_s": 30},
            "over": "it starts",
        },
        {
            "id": "A3",
            "title": "somebody breaks something and expects another finding",
            "happened": "it was called by another name",
            "system": "small",
            "fault": {"acts": [*KILL, {"do": "outsider", "function": "hands:break_something"}]},
            "expect": {"found": ["QT-NO-SUCH-CODE"], "first": ["QT-NO-SUCH-CODE"]},
            "heal": "H",
            "handled": [{"check": "human_only"}],
            "limits": {"detect_s": 3, "handle_s": 3},
            "over": "never",
        },
    ],
}

HANDS = """
def touch(outside):
    outside.memory["touched"] = True

def break_something(outside):
    outside.memory["broken"] = True

def harm(outside):
    return {"lost": ["an order"] if outside.memory.get("broken") else []}
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """A folder with plugins, drills and hands."""
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "plugins.yaml").write_text(yaml.safe_dump(PLUGINS))
    (folder / "drills.yaml").write_text(yaml.safe_dump(DRILLS))
    (folder / "hands.py").write_text(HANDS)
    return folder


def environment(tmp_path: Path) -> dict[str, str]:
    """Scratch folders of the drills lie where the test can see them."""
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return {**os.environ, "TMPDIR": str(scratch)}


def test_a_run_says_what_passed_what_failed_and_why(application: Path, tmp_path: Path) -> None:
    """A fault found and handled, a start refused, a fault that is missed with harm done, and a quiet twin."""
    done = subprocess.run(
        [*QT, "drill", "run", "all", "--json", "--parallel", "2"],
        cwd=application,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    run = DrillRun.model_validate_json(done.stdout)
    killed, refused, missed = run.drills
    assert killed.passed, killed.faults
    assert refused.passed, refused.faults
    assert (missed.detected, missed.cause_first, missed.handled) == (False, False, False)
    assert missed.harm == {"lost": ("an order",)}
    assert "QT-PLUGIN-DOWN of worker" in missed.wrong_findings
    assert [(twin.system, twin.drills, twin.passed) for twin in run.twins] == [("small", ("A1", "A2", "A3"), True)]
    assert (run.figures.run, run.figures.passed, run.figures.harm) == (3, 2, {"lost": 1})
    assert done.returncode == 1
    assert "A3   FAIL" in done.stderr
    assert list((tmp_path / "scratch").iterdir()) == []

    (tmp_path / "run.json").write_text(done.stdout)
    page = subprocess.run(
        [*QT, "drill", "page", "run.json"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert "| A1 | the worker is killed | QT-PLUGIN-DOWN of worker |" in page
    assert "lost: an order" in page


def test_an_interrupted_run_leaves_nothing_behind(application: Path, tmp_path: Path) -> None:
    """Ctrl-C ends the systems that run, by their own pids, and their folders go."""
    process = subprocess.Popen(
        [*QT, "drill", "run", "A1", "--no-twins"],
        cwd=application,
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        systems = until_systems(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    finally:
        process.kill()
        process.wait()
    gone, left = psutil.wait_procs(systems, timeout=15)
    assert left == []
    assert len(gone) == len(systems)
    assert list((tmp_path / "scratch").iterdir()) == []


def until_systems(pid: int) -> list[psutil.Process]:
    """The processes of a system once it has hosts."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        found = psutil.Process(pid).children(recursive=True)
        if len(found) >= 4 and any("up" in one.cmdline() for one in found):
            return found
        time.sleep(0.1)
    raise AssertionError("no system was started")


def test_the_list_names_drills_and_what_is_not_drilled(application: Path) -> None:
    """In one table, and as one document."""
    done = subprocess.run(
        [*QT, "drill", "list", "--json"], cwd=application, capture_output=True, text=True, timeout=60, check=True
    )
    rows = json.loads(done.stdout)["drills"]
    assert [(row["drill"], row["expected"]) for row in rows] == [
        ("A1", "QT-PLUGIN-DOWN"),
        ("A2", "exit 64"),
        ("A3", "QT-NO-SUCH-CODE"),
    ]
