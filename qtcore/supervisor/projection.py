"""From what the supervisor knows to what people read: state files and the status document."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import anyio
import anyio.to_thread

from qtcore.documents import Facts
from qtcore.health.cause import effects_of, fold
from qtcore.health.model import Finding, Status
from qtcore.health.questions import Moment, current, questions
from qtcore.health.score import Scored, score_overall, score_plugin
from qtcore.health.verdict import Verdict, judge
from qtcore.health.whole import HOLD_S, Steady, counts, demanded, overall, settle
from qtcore.kernel.state import PluginState
from qtcore.kernel.words import Lifecycle
from qtcore.records.clock import instant_now
from qtcore.records.journal_event import EventKind
from qtcore.records.state_file import Progress, StateFile
from qtcore.records.state_files import StateFiles
from qtcore.report.status_document import OverallLine, PluginLine, StatusDocument, SupervisorLine
from qtcore.supervisor.supervisor import Supervisor

GATHER_S = 0.02
"""Changes within this time share one round of writing, well inside the 50 ms that a state file may lag."""
VALID_FOR_S = 10.0
"""How long a state file holds without renewal; it is renewed at half of that."""
EARLY_S = 2.5
"""So much earlier a file is renewed along with another one."""


class Projection:
    """Writes each plugin's state file after a change and before it expires; nothing waits for it."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._files = StateFiles(supervisor.home.state)
        self._since = datetime.now(UTC)
        self._written: dict[str, tuple[object, ...]] = {}
        self._whole: Steady | None = None

    @property
    def whole(self) -> Status | None:
        """The status of the whole as it is shown; None before it was judged."""
        return self._whole.shown if self._whole else None

    @property
    def problem(self) -> str | None:
        """Why the last state file could not be written; None while all is well."""
        return self._files.problem

    async def run(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Write until cancelled."""
        self._files.rebuild(self._supervisor.topology.plan.plugins)
        task_status.started()
        while True:
            changed = self._supervisor.changed
            if due := self._to_publish():
                # In a thread: a rename may wait for the disk, and no recovery waits for that.
                await anyio.to_thread.run_sync(self._publish, due)
            with anyio.move_on_after(self._idle_s()):
                await changed.wait()
                await anyio.sleep(GATHER_S)

    def _idle_s(self) -> float | None:
        """How long nothing needs to be written, if nothing changes."""
        due_s = self._files.next_due_s()
        if self._whole is not None and self._whole.better_since_s is not None:
            believed_s = self._whole.better_since_s + HOLD_S
            due_s = believed_s if due_s is None else min(due_s, believed_s)
        return None if due_s is None else max(0.0, due_s - time.monotonic())

    def publish_all(self) -> None:
        """Write every file now."""
        self._written.clear()
        self._publish(self._to_publish())

    def _to_publish(self) -> list[StateFile]:
        """The files whose content changed or whose validity is half over; judges the whole, too."""
        verdicts = {name: self.verdict(name) for name in self._supervisor.state.plugins}
        self._judge_whole(verdicts)
        due = set(self._files.due(time.monotonic()))
        if due:  # one round for all that would be due soon: each round wakes a thread
            due |= set(self._files.due(time.monotonic() + EARLY_S))
        found = []
        for name, verdict in verdicts.items():
            content = self._content(name, verdict)
            if name in due or self._written.get(name) != content:
                found.append(self.state_file(name))
                self._written[name] = content
        return found

    def _publish(self, states: list[StateFile]) -> None:
        for state in states:
            self._files.publish(state)

    def _content(self, name: str, verdict: Verdict) -> tuple[object, ...]:
        """What makes a file worth writing again when it changes."""
        plugin = self._supervisor.state.plugins[name]
        findings = self._supervisor.findings.of(name)
        return (plugin.lifecycle, verdict.status, plugin.generation, plugin.reason, findings, verdict.summary)

    def state_file(self, name: str) -> StateFile:
        """The projection of one plugin."""
        supervisor = self._supervisor
        plugin = supervisor.state.plugins[name]
        reading = supervisor.rounds.readings.get(name)
        now = instant_now()
        health = reading.health if reading else None
        facts: Facts = dict(health.facts) if health else {}
        verdict = self.verdict(name)
        relations = supervisor.topology.relations[name]
        return StateFile(
            plugin=name,
            journal_seq=supervisor.journal.last_seq,
            generation=plugin.generation,
            lifecycle=plugin.lifecycle,
            status=verdict.status,
            autonomy=supervisor.topology.blueprint.assignments[name].autonomy,
            summary=verdict.summary,
            reason=plugin.reason,
            since=_wall(max(plugin.since_s, supervisor.state.started_s or 0.0)),
            produced_at=now,
            valid_until=now.later(VALID_FOR_S),
            data_as_of=health.data_as_of if health else None,
            host=supervisor.topology.host_of(name),
            pid=supervisor.host_pids.get(supervisor.topology.host_of(name)) if plugin.active else None,
            restarts=plugin.restarts,
            next_attempt_at=_wall(plugin.deadline_s) if _waits(plugin) and plugin.deadline_s is not None else None,
            conditions=(
                *questions(supervisor.observed(name), Moment(now.wall, now.monotonic_s)),
                *(current(item, now.wall) for item in (health.conditions if health else ())),
            ),
            findings=supervisor.findings.of(name),
            progress=_progress(facts.pop("progress", None)),
            facts=facts,
            area=supervisor.topology.manifests[name].area,
            needs=tuple(sorted(relations.needs)),
            wants=tuple(sorted(relations.wants)),
            reads_from=tuple(sorted(relations.reads_from)),
        )

    def verdict(self, name: str) -> Verdict:
        """The plugin's status now."""
        return judge(self._supervisor.view(name), time.monotonic())

    def status_document(self) -> StatusDocument:
        """What `qt status` shows."""
        supervisor = self._supervisor
        open_ = supervisor.findings.open
        effects = effects_of(fold(open_, supervisor.topology.relations))
        scored = {name: self._scored(name, effects) for name in supervisor.state.plugins}
        whole = self._whole or self._judge_whole({name: self.verdict(name) for name in supervisor.state.plugins})
        posture = supervisor.state.posture
        return StatusDocument(
            schema=1,
            at=datetime.now(UTC),
            mode=supervisor.topology.mode,
            posture=posture.level if posture else supervisor.topology.plan.posture.when_unknown,
            running=True,
            supervisor=SupervisorLine(
                pid=os.getpid(),
                since=self._since,
                findings=tuple(finding.code for finding in supervisor.findings.of(None)),
            ),
            overall=OverallLine(status=whole.shown, score=score_overall([*scored.values()], open_).score),
            counts=counts(line.status for line in scored.values()),
            plugins=tuple(self._line(name, scored[name]) for name in supervisor.state.plugins),
        )

    def _judge_whole(self, verdicts: Mapping[str, Verdict]) -> Steady:
        supervisor = self._supervisor
        open_ = supervisor.findings.open
        seen = overall([*(verdict.status for verdict in verdicts.values()), *demanded(open_, datetime.now(UTC))])
        before, self._whole = self._whole, settle(self._whole, seen, time.monotonic())
        if before is None or before.shown is not self._whole.shown:
            was = f", it was {before.shown.value}" if before else ""
            supervisor.journal.append(
                EventKind.STATUS_CHANGED,
                f"the whole is {self._whole.shown.value}{was}{_because_of(verdicts, open_, self._whole.shown)}",
                details={"status": self._whole.shown.value},
            )
        return self._whole

    def _scored(self, name: str, effects: Collection[str]) -> Scored:
        supervisor = self._supervisor
        plugin = supervisor.state.plugins[name]
        return score_plugin(
            name,
            self.verdict(name).status,
            supervisor.findings.of(name),
            plugin.restarts,
            vital=supervisor.topology.plan.plugins[name].vital,
            effects=effects,
        )

    def _line(self, name: str, scored: Scored) -> PluginLine:
        state = self.state_file(name)
        reading = self._supervisor.rounds.readings.get(name)
        return PluginLine(
            name=name,
            lifecycle=state.lifecycle,
            status=state.status,
            score=scored.score,
            since=state.since,
            host=state.host,
            pid=state.pid,
            generation=state.generation,
            restarts=state.restarts,
            observed_at=reading.observed_at.wall if reading else None,
            valid_until=reading.valid_until.wall if reading else None,
            autonomy=state.autonomy,
            summary=state.summary,
            findings=tuple(finding.code for finding in state.findings),
        )


def _because_of(verdicts: Mapping[str, Verdict], findings: Iterable[Finding], status: Status) -> str:
    if status in {Status.HEALTHY, Status.OFF}:
        return ""
    guilty = [f"{name} ({verdict.summary})" for name, verdict in verdicts.items() if verdict.status is status]
    now = datetime.now(UTC)
    guilty += [f"{item.fingerprint} ({item.summary})" for item in findings if demanded([item], now) == [status]]
    return f", because of {', '.join(guilty)}" if guilty else ""


def _waits(plugin: PluginState) -> bool:
    return plugin.lifecycle in {Lifecycle.BACKOFF, Lifecycle.QUARANTINED}


def _progress(counters: object) -> dict[str, Progress]:
    if not isinstance(counters, dict):
        return {}
    return {str(name): Progress(count=int(value)) for name, value in counters.items()}


def _wall(monotonic_s: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=time.monotonic() - monotonic_s)
