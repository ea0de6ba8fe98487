"""`qt up`: from a configuration to a running supervisor, and back to an exit code."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import anyio

from qtcore.config.audit import audit_document
from qtcore.config.audit_findings import findings_of
from qtcore.config.changed_file import ChangedFile
from qtcore.config.check import all_problems
from qtcore.config.configuration import Configuration
from qtcore.config.inspection import inspect
from qtcore.config.plan import build_plan
from qtcore.config.problem import Problem, refuse_if_wrong
from qtcore.control.requests import SOCKET_NAME
from qtcore.control.server import serve_control
from qtcore.errors import EnvironmentRefused
from qtcore.health import supervisor_kinds as kinds
from qtcore.health.configuration_kinds import CHANGED
from qtcore.hosts.board import Board
from qtcore.hosts.launcher import Launcher
from qtcore.kernel.words import Lifecycle
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.records.lock import SupervisorLock
from qtcore.records.recovery import open_or_recover
from qtcore.supervisor.configured import keep_audit
from qtcore.supervisor.housekeeping import (
    LostLines,
    Watched,
    bury_the_last_run,
    keep_traces,
    lost_home,
    watch_home,
    watch_records,
)
from qtcore.supervisor.operator import Operator
from qtcore.supervisor.preflight import refuse_taken_ports
from qtcore.supervisor.projection import Projection
from qtcore.supervisor.reporting import ReportKeeper
from qtcore.supervisor.secrets import register_secrets
from qtcore.supervisor.supervisor import Supervisor
from qtcore.supervisor.topology import Topology
from qtcore.telemetry.setup import configure_process

_SETTLED = frozenset({Lifecycle.DISABLED, Lifecycle.STOPPED, Lifecycle.QUARANTINED})
"""What nobody waits for: a run of limited length must end although one plugin has been given up."""
HINT = "Ctrl-C stops everything in order"
_IN_ORDER = "everything has stopped in order"
_CUT_SHORT = "what had not stopped yet was killed"
LAST_RESORT_S = 30.0
"""How long an orderly stop may take before the hosts are killed."""


@dataclass(frozen=True, slots=True)
class Run:
    """How this run was asked for; `for_s` counts from the moment all enabled plugins are ready."""

    headless: bool = False
    for_s: float | None = None
    say: Callable[[str], None] = print


def run(configuration: Configuration, home: Home, wish: Run) -> int:
    """Supervise until told to stop; 0 when it stopped in order, 1 when something had to be killed.

    Raises ConfigurationError and EnvironmentRefused before anything is started.
    """
    home.create()
    run_dir = home.create_run_dir()
    lock = home.lock(run_dir=run_dir)
    try:
        with open_or_recover(home) as (journal, recovered):
            in_order = anyio.run(_run, _Ground(configuration, home, lock, run_dir, journal, recovered), wish)
        if lock.lost:
            raise EnvironmentRefused(f"{lost_home(home)}, so everything was stopped; put it back or choose another")
        wish.say(f"{_IN_ORDER if in_order else _CUT_SHORT}; `qt up` goes on where this ended")
    finally:
        lock.release()
    return 0 if in_order else 1


@dataclass(frozen=True, slots=True)
class _Ground:
    """What is held before the first process exists."""

    configuration: Configuration
    home: Home
    lock: SupervisorLock
    run_dir: Path
    journal: Journal
    recovered: str | None


async def _run(ground: _Ground, wish: Run) -> bool:
    """Whether everything has stopped in order."""
    configuration, home, journal = ground.configuration, ground.home, ground.journal
    inspection = await inspect(configuration, home.cache, lambda name: wish.say(f"looked at {name}"))
    problems = all_problems(configuration, inspection)
    refuse_if_wrong(problems)
    blueprint = build_plan(configuration, inspection.manifests)
    refuse_taken_ports(configuration, inspection.manifests)
    register_secrets(configuration, inspection.manifests)
    topology = Topology(configuration, blueprint, inspection.manifests, home, ground.run_dir)
    telemetry = configure_process(home, "supervisor", application=topology.application, mode=topology.mode)
    board = Board.create(len(blueprint.plan.hosts), len(blueprint.plan.plugins))

    def note(sentence: str) -> None:
        journal.append(EventKind.NOTE, sentence)

    sets = sorted({plan.preload for plan in blueprint.plan.hosts.values() if plan.preload})
    async with Launcher(board, logs_dir=home.logs, preload_sets=sets, note=note, scratch=ground.run_dir) as launcher:
        supervisor = Supervisor(
            topology,
            home=home,
            journal=journal,
            board=board,
            launcher=launcher,
            telemetry=telemetry,
        )
        _record_start(journal, supervisor, problems, ground.recovered)
        keep_audit(home, audit_document(configuration, inspection.manifests, problems, datetime.now(UTC)))
        for finding in findings_of(problems):
            supervisor.findings.see(None, finding)
        bury_the_last_run(home, telemetry, time.time_ns())
        in_order = await _live(supervisor, ground, wish)
    journal.append(*((EventKind.SUPERVISOR_STOPPED, _IN_ORDER) if in_order else (EventKind.NOTE, _CUT_SHORT)))
    telemetry.close()
    return in_order


async def _live(supervisor: Supervisor, ground: _Ground, wish: Run) -> bool:
    in_order = False
    projection = Projection(supervisor)
    operator = Operator(supervisor, projection.status_document, _person())
    async with anyio.create_task_group() as tasks:
        await tasks.start(_control, ground.run_dir / SOCKET_NAME, operator)
        tasks.start_soon(watch_home, ground.home, ground.lock, operator.shut_down)
        tasks.start_soon(keep_traces, supervisor.home)
        reports = _reports(supervisor, projection)
        tasks.start_soon(reports.run)
        tasks.start_soon(watch_records, supervisor.findings, _records(supervisor, projection, reports))
        tasks.start_soon(_obey_signals, operator, tasks.cancel_scope)
        await tasks.start(projection.run)
        _announce(supervisor, wish)
        async with _live_table(supervisor.home, wish):
            tasks.start_soon(_end_after, supervisor, operator, wish)
            await supervisor.run()
        in_order = True
        projection.publish_all()
        tasks.cancel_scope.cancel()
    return in_order


def _person() -> str:
    try:
        return f"{getpass.getuser()} (uid {os.getuid()})"
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


def _reports(supervisor: Supervisor, projection: Projection) -> ReportKeeper:
    every_s = supervisor.topology.configuration.sections.supervision.report_every_s

    def note(sentence: str) -> None:
        supervisor.journal.append(EventKind.NOTE, sentence)

    return ReportKeeper(supervisor.home, every_s, lambda: projection.whole, note)


def _records(supervisor: Supervisor, projection: Projection, reports: ReportKeeper) -> tuple[Watched, ...]:
    """The supervisor's own records, and what may go wrong with them."""
    configuration = supervisor.topology.configuration
    return (
        Watched(kinds.JOURNAL_UNWRITABLE, lambda: supervisor.journal.problem),
        Watched(kinds.STATE_UNWRITABLE, lambda: projection.problem),
        Watched(kinds.TELEMETRY_LOST, LostLines(lambda: supervisor.telemetry.dropped)),
        Watched(kinds.TELEMETRY_UNSENT, lambda: supervisor.telemetry.remote.problem, over="spans arrive again"),
        Watched(kinds.REPORT_UNWRITTEN, lambda: reports.problem, over="a report was written"),
        Watched(kinds.RECORDS_REMOVED, supervisor.removed, over="nothing more was removed"),
        Watched(
            CHANGED,
            ChangedFile(configuration.path, configuration.file.sha256),
            over="the file says again what runs",
        ),
    )


async def _control(
    path: Path, operator: Operator, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    await serve_control(path, operator.handle, task_status=task_status)


async def _obey_signals(operator: Operator, everything: anyio.CancelScope) -> None:
    """The first SIGTERM, SIGINT or hang-up stops in order; the second, or a stop that takes too long, kills."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
        async for number in received:
            operator.shut_down(f"received {signal.Signals(number).name}")
            break
        with anyio.move_on_after(LAST_RESORT_S):
            async for _number in received:
                break
    everything.cancel()


async def _end_after(supervisor: Supervisor, operator: Operator, wish: Run) -> None:
    if wish.for_s is None:
        return
    while not _all_ready(supervisor):
        await supervisor.changed.wait()
    supervisor.journal.append(EventKind.NOTE, f"all enabled plugins are ready; ends in {wish.for_s:g} s")
    await anyio.sleep(wish.for_s)
    operator.shut_down(f"ran for {wish.for_s:g} s as asked")


def _all_ready(supervisor: Supervisor) -> bool:
    plugins = supervisor.state.plugins.values()
    return all(plugin.ready or plugin.lifecycle in _SETTLED for plugin in plugins)


@asynccontextmanager
async def _live_table(home: Home, wish: Run) -> AsyncIterator[None]:
    """The table is a process of its own, so that drawing can never slow supervision."""
    if wish.headless:
        yield
        return
    view = ["status", "--watch", "--of", str(os.getpid()), "--hint", HINT, "--home", str(home.root)]
    command = [sys.executable, "-m", "qtcore.cli.main", *view]
    process = await anyio.open_process(command, stdin=subprocess.DEVNULL, stdout=None, stderr=None)
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        with anyio.CancelScope(shield=True), anyio.move_on_after(2.0):
            await process.wait()


def _announce(supervisor: Supervisor, wish: Run) -> None:
    home = supervisor.home
    wish.say(f"{supervisor.topology.application}: mode {supervisor.topology.mode}, supervisor pid {os.getpid()}")
    for label, path in (("state", home.state), ("logs", home.logs), ("traces", home.traces), ("journal", home.journal)):
        wish.say(f"  {label:8} {path}")
    if supervisor.telemetry.remote.problem:
        wish.say(f"note: {supervisor.telemetry.remote.problem}")


def _record_start(journal: Journal, supervisor: Supervisor, problems: list[Problem], recovered: str | None) -> None:
    previous = journal.previous_run
    if previous is not None and not previous.ended_in_order:
        journal.append(EventKind.SUPERVISOR_DIED, "the last supervisor ended without stopping in order")
    journal.append(
        EventKind.SUPERVISOR_STARTED,
        f"supervisor pid {os.getpid()} begins",
        details={
            "pid": os.getpid(),
            "application": supervisor.topology.application,
            "mode": supervisor.topology.mode,
            "language": supervisor.topology.configuration.sections.application.language,
            "started_monotonic_s": time.monotonic(),
        },
    )
    plans = supervisor.topology.plan.plugins
    supervisor.findings.restore([name for name, plan in plans.items() if plan.enabled])
    if recovered:
        supervisor.findings.see(None, kinds.JOURNAL_RECOVERED.found(recovered))
    for problem in problems:
        journal.append(EventKind.CONFIGURATION_LOADED, str(problem), plugin=problem.plugin)
