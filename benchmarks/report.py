"""The report of a hundred components: gathering and each rendering, in one process and cold; and `qt status` beside it.

    python benchmarks/report.py [--components 100] [--rounds 30]

The home is made up: state files with findings, a journal with 250 episodes, sections of plugins. Nothing runs on it, so
everything comes from records. `bare` is `python -I -S -c pass` in the same run; `x` is the ratio to it. On a busy
machine read `cpu`: what each process used, whoever else was at work.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qtcore.health.model import Condition, Finding, Remedy, Severity, Status
from qtcore.health.questions import QUESTIONS
from qtcore.kernel.words import Cause, Lifecycle
from qtcore.records.atomic import replace_file
from qtcore.records.clock import instant_now
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.records.state_file import StateFile
from qtcore.records.state_files import StateFiles
from qtcore.report.chapters import page_of
from qtcore.report.gather import gather
from qtcore.report.rendering.html import as_html
from qtcore.report.rendering.markdown import as_markdown
from qtcore.report.rendering.terminal import as_text
from qtcore.report.section import Bar, Bars, Curves, Line, Section, SectionsFile, Table
from qtcore.report.words import Language

ROOT = Path(__file__).resolve().parent.parent
REPORT_TARGET_MS, STATUS_TARGET_MS = 300.0, 150.0
EVENTS = 500


def make_home(root: Path, components: int) -> Home:
    """A home as a killed supervisor leaves it, with trouble in every fifth component."""
    home = Home(root)
    home.create()
    with Journal.open(home) as journal:
        journal.append(
            EventKind.SUPERVISOR_STARTED, "begins", details={"pid": 1, "mode": "paper", "application": "Benchmark"}
        )
        for index in range(EVENTS):
            before, after = ("running", "backoff") if index % 2 == 0 else ("backoff", "running")
            journal.append(
                EventKind.TRANSITION,
                f"{before} to {after}",
                plugin=f"plugin_{index // 2 % components}",
                cause=Cause.SIGNAL,
                details={"before": before, "after": after},
            )
    home.lock().release()
    files = StateFiles(home.state)
    for index in range(components):
        files.publish(_state(index))
    for index in range(0, components, 10):
        path = home.sections / f"plugin_{index}.json"
        replace_file(path, _sections(f"plugin_{index}").model_dump_json().encode())
    return home


def _state(index: int) -> StateFile:
    name, now, ill = f"plugin_{index}", instant_now(), index % 5 == 0
    conditions = [Condition(name=each, status=Status.HEALTHY, reason="as it should be") for each in QUESTIONS]
    finding = Finding(
        code="QT-BENCHMARK-STALE",
        severity=Severity.HIGH,
        summary=f"{name} has had no data for 90 s",
        title="data is old",
        plugin=name,
        cause="the source is silent",
        consequence="what depends on it waits",
        fix=f"`qt restart {name}`",
        verify="`qt status` shows it healthy",
        remedies=(Remedy.safe("restart", "starts it anew", "it is healthy"),),
        opened_at=datetime.now(UTC) - timedelta(minutes=index),
        evidence={"age_s": 90, "limit_s": 12},
    )
    return StateFile(
        plugin=name,
        journal_seq=1,
        generation=1,
        lifecycle=Lifecycle.RUNNING,
        status=Status.DEGRADED if ill else Status.HEALTHY,
        summary="no data for 90 s" if ill else "all well",
        since=datetime.now(UTC),
        produced_at=now,
        valid_until=now.later(60),
        host=f"host_{index % 7}",
        conditions=tuple(conditions),
        findings=(finding,) if ill else (),
        area=f"area {index % 4}",
        wants=(f"plugin_{index - 1}",) if index else (),
    )


def _sections(plugin: str) -> SectionsFile:
    curve = Curves(title="Equity", lines=(Line(name="equity", points=tuple((60.0 * n, n % 17) for n in range(400))),))
    bars = Bars(title="Funnel", bars=tuple(Bar(label=f"gate {n}", value=n) for n in range(12)))
    table = Table(headings=("a", "b", "c"), rows=tuple((n, f"row {n}", n / 7) for n in range(20)))
    return SectionsFile(
        plugin=plugin, produced_at=datetime.now(UTC), sections=(Section(title="Figures", blocks=(curve, bars, table)),)
    )


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds by the clock, and of processor time."""

    wall: list[float]
    cpu: list[float]


def in_process(work: Callable[[], object], rounds: int) -> Took:
    """Of each call, in this process."""
    return timed(work, rounds, resource.RUSAGE_SELF)


def timed(work: Callable[[], object], rounds: int, whose: int) -> Took:
    """Both clocks around each call."""
    took = Took([], [])
    for _ in range(rounds):
        before, begun = resource.getrusage(whose), time.perf_counter()
        work()
        took.wall.append((time.perf_counter() - begun) * 1000)
        after = resource.getrusage(whose)
        used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        took.cpu.append(used_s * 1000)
    return took


def cold(command: list[str], rounds: int) -> Took:
    """Of each process, from its start to its exit; its exit code is the health, so it is not looked at."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run() -> None:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, check=False)

    return timed(run, rounds, resource.RUSAGE_CHILDREN)


def show(name: str, took: Took, bare_ms: float, target_ms: float | None = None) -> None:
    """One row."""
    wall = sorted(took.wall)
    median = statistics.median(wall)
    told = "" if target_ms is None else f"  target {target_ms:.0f}: {'met' if median <= target_ms else 'MISSED'}"
    p90 = wall[len(wall) * 9 // 10 - 1] if len(wall) > 1 else wall[0]
    print(
        f"{name:28} min {wall[0]:7.1f}  p50 {median:7.1f}  p90 {p90:7.1f} ms  x{median / bare_ms:5.1f}"
        f"  cpu {statistics.median(took.cpu):6.1f} ms{told}",
        flush=True,
    )


def main() -> None:
    """Print the floors and the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--components", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    rounds = options.rounds
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.components} components, {rounds} rounds")
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "var", options.components)
        bare = cold([sys.executable, "-I", "-S", "-c", "pass"], rounds)
        bare_ms = statistics.median(bare.wall)
        show("bare", bare, bare_ms)
        show("python", cold([sys.executable, "-c", "pass"], rounds), bare_ms)
        document = gather(home, 24.0)
        page = page_of(document)
        show("gather", in_process(lambda: gather(home, 24.0), rounds), bare_ms)
        show("page, English", in_process(lambda: page_of(document), rounds), bare_ms)
        show("page, Norwegian", in_process(lambda: page_of(document, Language.NO), rounds), bare_ms)
        show("terminal", in_process(lambda: as_text(page, 120), rounds), bare_ms)
        show("Markdown", in_process(lambda: as_markdown(page), rounds), bare_ms)
        show("HTML", in_process(lambda: as_html(page), rounds), bare_ms)
        show("JSON", in_process(lambda: document.model_dump_json(indent=2, by_alias=True), rounds), bare_ms)
        for form, target_ms in (("terminal", REPORT_TARGET_MS), ("md", REPORT_TARGET_MS), ("json", REPORT_TARGET_MS)):
            show(f"qt report --format {form}", cold(_qt(home, "report", "--format", form), rounds), bare_ms, target_ms)
        show(
            "qt report --format html", cold(_qt(home, "report", "--format", "html"), rounds), bare_ms, REPORT_TARGET_MS
        )
        norwegian = _qt(home, "report", "--language", "no")
        show("qt report --language no", cold(norwegian, rounds), bare_ms, REPORT_TARGET_MS)
        show("qt status", cold(_qt(home, "status"), rounds), bare_ms, STATUS_TARGET_MS)


def _qt(home: Home, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "qtcore.cli.main", *arguments, "--home", str(home.root)]


if __name__ == "__main__":
    main()
