"""The supervisor: joins kernel, hosts, records and people; decides nothing itself."""

from __future__ import annotations

import time
from typing import assert_never

import anyio
from anyio.abc import TaskGroup

from qtcore.control import host_message as wire
from qtcore.health.plugin_kinds import UNKNOWN_LEVEL
from qtcore.health.questions import Observed
from qtcore.health.verdict import PluginView
from qtcore.hosts.board import Board
from qtcore.hosts.fork_server_link import ForkServerLink
from qtcore.hosts.launcher import Launcher
from qtcore.hosts.watch import HeartbeatWatch, Limits, Sighting
from qtcore.kernel import commands, events
from qtcore.kernel.state import State, initial
from qtcore.kernel.words import Cause
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.supervisor.agreement import Agreement
from qtcore.supervisor.calls import PendingCalls
from qtcore.supervisor.findings import FindingsBook
from qtcore.supervisor.host_table import Death, Doom, HostTable, LiveHost
from qtcore.supervisor.housekeeping import RemovedFiles
from qtcore.supervisor.judgement import Judgement
from qtcore.supervisor.machine import Machine
from qtcore.supervisor.recorder import Recorder
from qtcore.supervisor.rounds import HealthRounds, Reading
from qtcore.supervisor.story import Story
from qtcore.supervisor.topology import Topology
from qtcore.supervisor.verdicts import health_seen, kernel_finding, said
from qtcore.supervisor.vigil import LATE_S, PULSE_S, Vigil
from qtcore.telemetry.setup import Telemetry

POSTURE_LIFE_S = 3.0
DRAIN_S = 2.0
"""How long calls under way may take to end before a stopping plugin is cancelled."""
ANSWER_MARGIN_S = 1.0
"""The host enforces the deadline of `health`; its answer may take a little longer to arrive."""


class Supervisor:
    """One run, from SupervisorStarted to AllStopped. All methods belong to one event loop."""

    def __init__(
        self,
        topology: Topology,
        *,
        home: Home,
        journal: Journal,
        board: Board,
        launcher: Launcher,
        telemetry: Telemetry,
    ) -> None:
        self.topology = topology
        self.home = home
        self.journal = journal
        self.board = board
        self.telemetry = telemetry
        self.story = Story(telemetry.tracer, topology.tenants)
        self._recorder = Recorder(journal, self.story, topology, telemetry)
        self.calls = PendingCalls()
        self._vigil = Vigil(self._woke)
        self.findings = FindingsBook(journal, self._vigil.instant, catalogue=topology.catalogue)
        self.rounds = HealthRounds(
            ask=self._ask_health, heard=self._health_heard, clock=self._vigil.now_s, instant=self._vigil.instant
        )
        self.removed = RemovedFiles(telemetry.mend)
        self.stopped = anyio.Event()
        self.changed = anyio.Event()
        """Set, and replaced by a fresh one, at each transition, health answer or change of findings."""
        self._launcher = launcher
        self._watch = HeartbeatWatch(board, self._sighted)
        self._machine = Machine(
            topology.plan,
            initial(topology.plan, journal.last_generations(topology.plan.plugins)),
            clock=self._vigil.now_s,
            carry_out=self._carry_out,
        )
        self._judgement = Judgement(
            topology, self.findings, state=lambda: self.state, view=self.view, clock=self._vigil.now_s
        )
        self._agreement = Agreement(self.findings, self.rounds)
        self._loading: dict[str, set[str]] = {}
        self._deaf: dict[str, str] = {}
        self._heard: dict[str, Reading] = {}
        self._heals: dict[str, tuple[str, int]] = {}

    @property
    def state(self) -> State:
        """What the kernel knows."""
        return self._machine.state

    @property
    def host_pids(self) -> dict[str, int | None]:
        """The process of each host, None while it has none."""
        live = self.hosts.live
        return {name: live[name].process.pid if name in live else None for name in self.topology.plan.hosts}

    @property
    def fork_servers(self) -> tuple[ForkServerLink, ...]:
        """The processes that hosts are forked from."""
        return self._launcher.fork_servers

    async def run(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Supervise until everything is stopped."""
        async with anyio.create_task_group() as tasks:
            self._tasks: TaskGroup = tasks
            self.hosts = HostTable(self._launcher, self.topology.host_spec, self, tasks)
            self._vigil.begin()
            tasks.start_soon(self._machine.keep_time, name="kernel time")
            tasks.start_soon(self._watch.run, name="heartbeats")
            tasks.start_soon(self.rounds.run, name="health rounds")
            tasks.start_soon(self._pass_time, name="judgement")
            self.tell(events.SupervisorStarted(recent_bad_starts=self.journal.recent_bad_starts))
            task_status.started()
            await self.stopped.wait()
            tasks.cancel_scope.cancel()

    def tell(self, event: events.Event) -> None:
        """Hand a fact to the kernel."""
        self._machine.tell(event)
        if not self._machine.busy and self._judgement.judge_news():
            self.note_change()

    def view(self, plugin: str) -> PluginView:
        """What is known of the plugin at this moment."""
        state, reading = self.state.plugins[plugin], self.rounds.readings.get(plugin)
        progressed_ns = self.board.progress_ns(self.topology.slot(plugin))
        return PluginView(
            lifecycle=state.lifecycle,
            reason=state.waits_for or state.reason,
            cadence_s=self.topology.plan.plugins[plugin].cadence_s,
            since_s=state.since_s,
            health=reading.health if reading else None,
            valid_until_s=reading.valid_until.monotonic_s if reading else None,
            sensor_failure=reading.sensor_failure if reading else None,
            expiries_s=reading.expiries_s if reading else {},
            excused_until_s=self.rounds.excused_until_s(plugin),
            progressed_s=progressed_ns / 1e9 if progressed_ns else None,
        )

    def observed(self, plugin: str) -> Observed:
        """What the five questions about it are answered from."""
        reading = self.rounds.readings.get(plugin)
        beat_ns = self.board.loop_beat(list(self.topology.plan.hosts).index(self.topology.host_of(plugin)))
        return Observed(
            view=self.view(plugin),
            beat_s=beat_ns / 1e9 if beat_ns else None,
            answered_s=reading.observed_at.monotonic_s if reading else None,
            hung=self._judgement.hung(plugin),
        )

    async def _pass_time(self) -> None:
        """What time alone brings about, without an event to tell of it."""
        while True:
            await anyio.sleep(PULSE_S)
            now_s = self._vigil.now_s()
            if sum((self._judgement.judge(), self._agreement.check(now_s), self.findings.pass_time())):
                self.note_change()

    def _woke(self, asleep_s: float) -> None:
        """Nobody is judged by what was not watched: ask first."""
        self._recorder.slept(asleep_s)
        self.rounds.woke()
        self.findings.slept(asleep_s)

    # --- what the kernel wants ---------------------------------------------------------------

    def _carry_out(self, command: commands.Command) -> None:  # noqa: C901, PLR0912 - one arm per command of a closed set
        match command:
            case commands.SpawnHost():
                self.story.spawning(command.host)
                self.hosts.spawn(command.host, command.incarnation)
            case commands.KillHost():
                self._kill_host(command)
            case commands.RetireHost():
                self._watch.remove(command.host)
                self.hosts.retire(command.host, command.incarnation, "nothing is left to run in it")
            case commands.StartGeneration():
                self._start_generation(command)
            case commands.StopGeneration():
                self._stop_generation(command)
            case commands.Heal():
                self._heal(command)
            case commands.RecheckHealth():
                self.rounds.recheck(command.plugin)
            case commands.SetPosture():
                self._set_posture(command)
            case commands.RecordTransition():
                self._recorder.transition(command)
                self._judgement.transition(command)
                self.note_change()
            case commands.RecordHealing():
                self._recorder.healing(command)
            case commands.OpenFinding():
                self.findings.see(command.plugin, kernel_finding(command))
                self.note_change()
            case commands.ResolveFinding():
                self.findings.resolve(command.plugin, command.code, "the supervisor sees it no more")
                self.note_change()
            case commands.AllStopped():
                self.stopped.set()
            case _:
                assert_never(command)

    def _start_generation(self, command: commands.StartGeneration) -> None:
        step = self._recorder.generation_reserved(command)
        self.board.set_lease(self.topology.slot(command.plugin), command.generation)
        self._set_loading(command.host, command.plugin, loading=True)
        assignment = self.topology.assignment(command.plugin, command.generation, step.traceparent)
        self.hosts.send(command.host, wire.StartPlugin(assignment=assignment))

    def _stop_generation(self, command: commands.StopGeneration) -> None:
        self.rounds.end(command.plugin)
        self.hosts.send(
            self.topology.host_of(command.plugin),
            wire.StopPlugin(
                plugin=command.plugin,
                generation=command.generation,
                reason=command.reason,
                drain_s=min(DRAIN_S, command.timeout_s / 2),
            ),
        )
        self._tasks.start_soon(self._await_end, command, name=f"stop {command.plugin}")

    async def _await_end(self, command: commands.StopGeneration) -> None:
        """A generation that does not end in time is deaf; what has ended meanwhile ignores the news."""
        due_s = self._vigil.now_s() + command.timeout_s
        await anyio.sleep(command.timeout_s)
        if self._vigil.now_s() > due_s + LATE_S:
            await anyio.sleep(DRAIN_S)  # it overslept itself: the news of the end may wait to be read
        now = self.state.plugins[command.plugin]
        if now.generation == command.generation and now.active:
            self._deaf[self.topology.host_of(command.plugin)] = command.plugin
            self.tell(events.PluginDeaf(command.plugin, command.generation))

    def _heal(self, command: commands.Heal) -> None:
        finding = self.findings.worst_healable(command.plugin)
        if finding is None:
            self.tell(events.HealEnded(command.plugin, command.generation, "the finding is gone already", failed=False))
            return
        request = f"heal-{command.plugin}-{command.generation}-{finding.count}"
        self._heals[request] = (command.plugin, command.generation)
        self.hosts.send(
            self.topology.host_of(command.plugin),
            wire.HealPlugin(
                plugin=command.plugin,
                generation=command.generation,
                request=request,
                finding=finding,
                traceparent=self.story.traceparent(command.plugin),
            ),
        )

    def _kill_host(self, command: commands.KillHost) -> None:
        self._watch.remove(command.host)
        self._recorder.host_killed(command)
        culprit = self._deaf.pop(command.host, None)
        sighting = self.story.sighting(command.host, command.incarnation)
        kind = sighting.verdict if sighting else Doom(command.cause, "").kind
        self.hosts.kill(command.host, command.incarnation, Doom(command.cause, command.reason, kind, culprit))

    def _set_posture(self, command: commands.SetPosture) -> None:
        expires_s = time.monotonic() + POSTURE_LIFE_S
        self.hosts.broadcast(wire.SetPosture(level=command.level, reasons=command.reasons, expires_s=expires_s))
        if command.changed:
            self._recorder.posture(command)
            self.note_change()

    # --- what hosts say ----------------------------------------------------------------------

    def host_spawned(self, host: LiveHost) -> None:
        """Begin watching; the kernel hears when the host itself answers."""
        process = host.process
        plan = self.topology.plan.hosts[host.name]
        limits = Limits.of(plan.loop_limit_s, plan.load_limit_s)
        self._loading[host.name] = set()
        self._watch.add(host.name, host.incarnation, process.pid, process.spec.host_slot, limits)
        self._recorder.host_spawned(host)

    def host_lost(self, host: LiveHost, sentence: str) -> None:
        """The channel is unusable: the same as a hang."""
        self._suspect(host.name, host.incarnation, sentence)

    def host_gone(self, death: Death) -> None:
        """Fence everything that lived there, record the death with its evidence, and tell the kernel."""
        self._watch.remove(death.host)
        self._deaf.pop(death.host, None)
        for name in self.topology.tenants(death.host):
            self.board.set_lease(self.topology.slot(name), 0)
            self.rounds.end(name)
        died_ns = time.time_ns()
        self._recorder.host_gone(death)
        self._judgement.host_gone(death)
        self.tell(events.HostGone(death.host, death.incarnation, death.cause, death.reason, death.culprit))
        self.story.buried(death.host)
        self._recorder.host_buried(death, died_ns)

    def host_spoke(self, host: LiveHost, message: wire.ToSupervisor) -> None:  # noqa: C901, PLR0912 - one arm per message of a closed set
        """Turn a message into a fact for the kernel."""
        match message:
            case wire.HostUp():
                self.topology.announced(message)
                self._host_up(host)
            case wire.PluginLoaded():
                if message.module_file:
                    host.module_files[message.plugin] = message.module_file
                self._set_loading(host.name, message.plugin, loading=False)
                self.tell(events.PluginLoaded(message.plugin, message.generation))
            case wire.PluginReady():
                self._plugin_ready(message)
            case wire.PluginEnded():
                self._plugin_ended(host, message)
            case wire.HealthReported():
                self.rounds.answered(message)
            case wire.HealDone():
                self._heal_done(message)
            case wire.CallDone():
                self.calls.answered(message)
            case wire.ClaimPosture():
                self._claimed(message)
            case wire.FindingRaised():
                self._finding_raised(message)
            case wire.ActWithheld():
                self._recorder.withheld(message)
            case wire.FileRemoved():
                self.removed.note(message.path)
            case wire.NoteRaised():
                self._recorder.note(host.name, message)
            case _:
                assert_never(message)

    def _host_up(self, host: LiveHost) -> None:
        self._recorder.host_up(host)
        self.hosts.broadcast(wire.SetPeers(peers=self.topology.peers))
        posture = self.state.posture
        if posture is not None:
            expires_s = time.monotonic() + POSTURE_LIFE_S
            self.hosts.send(
                host.name, wire.SetPosture(level=posture.level, reasons=posture.reasons, expires_s=expires_s)
            )
        self.tell(events.HostUp(host.name, host.incarnation))

    def _plugin_ready(self, message: wire.PluginReady) -> None:
        self.tell(events.PluginReady(message.plugin, message.generation))
        state = self.state.plugins[message.plugin]
        if state.generation == message.generation and state.ready:
            assigned = self.topology.blueprint.assignments[message.plugin]
            timeout_s = assigned.health_timeout_s + ANSWER_MARGIN_S
            self.rounds.begin(message.plugin, message.generation, cadence_s=assigned.cadence_s, timeout_s=timeout_s)

    def _plugin_ended(self, host: LiveHost, message: wire.PluginEnded) -> None:
        self._set_loading(host.name, message.plugin, loading=False)
        self.rounds.end(message.plugin)
        if self.state.plugins[message.plugin].generation == message.generation:
            self.board.set_lease(self.topology.slot(message.plugin), 0)
        self._recorder.last_words(host.name, message)
        self._judgement.ended(message)
        reason = message.sentence or f"{message.plugin} ended ({message.cause.value})"
        self.tell(events.PluginEnded(message.plugin, message.generation, message.cause, reason, message.retry_after_s))

    def _heal_done(self, message: wire.HealDone) -> None:
        plugin, generation = self._heals.pop(message.request, (message.plugin, message.generation))
        act = message.act or "heal ran"
        self.tell(events.HealEnded(plugin, generation, message.error or act, failed=message.error is not None))

    def _claimed(self, message: wire.ClaimPosture) -> None:
        scale = self.topology.plan.posture
        if message.claim.level not in scale.levels:
            told = (
                f"{message.plugin} claims posture {message.claim.level!r}, which is not on the scale {[*scale.levels]}"
            )
            self.findings.see(message.plugin, UNKNOWN_LEVEL.found(told))
            return
        if self.state.plugins[message.plugin].generation == message.generation:
            claim = message.claim.model_copy(update={"source": message.plugin})
            self.tell(events.ClaimMade(claim))

    def _finding_raised(self, message: wire.FindingRaised) -> None:
        finding = message.finding
        if message.resolved:
            subject = finding.subject or None  # one that an earlier generation raised is known by its code alone
            self.findings.resolve(message.plugin, finding.code, "the plugin says so", subject=subject)
        else:
            self.findings.see(message.plugin, finding, trace_id=finding.trace_id)
        self.note_change()

    # --- what the watches see ------------------------------------------------------------------

    def _sighted(self, sighting: Sighting) -> None:
        if not sighting.verdict.hung:
            self._recorder.sighting(sighting)
            return
        self.story.suspect(sighting)
        self._suspect(sighting.host, sighting.incarnation, sighting.sentence)

    def _suspect(self, host: str, incarnation: int, sentence: str) -> None:
        self._recorder.suspected(host, sentence)
        self._judgement.suspected(host, sentence)
        self.tell(events.HostSuspected(host, incarnation, Cause.HUNG, sentence))

    def _ask_health(self, plugin: str, generation: int, request: str) -> None:
        self.hosts.send(
            self.topology.host_of(plugin), wire.CheckHealth(plugin=plugin, generation=generation, request=request)
        )

    def _health_heard(self, reading: Reading) -> None:
        if reading.health is not None:
            self.findings.see_health(reading.plugin, reading.health.findings)
            self.findings.undeclared(reading.plugin)
        news = self._judgement.judge_one(reading.plugin)
        self.story.health(reading)
        self.tell(health_seen(reading, self.findings.worst_healable(reading.plugin)))
        if self._is_news(reading) or news:
            self.note_change()

    def _is_news(self, reading: Reading) -> bool:
        """Most answers say what the last one said: their figures reach the state file when it is renewed."""
        before, self._heard[reading.plugin] = self._heard.get(reading.plugin), reading
        if before is None or before.valid_until.monotonic_s <= reading.observed_at.monotonic_s:
            return True
        return said(before) != said(reading)

    def _set_loading(self, host: str, plugin: str, *, loading: bool) -> None:
        plugins = self._loading.setdefault(host, set())
        if loading:
            plugins.add(plugin)
        else:
            plugins.discard(plugin)
        self._watch.set_loading(host, bool(plugins))

    def note_change(self) -> None:
        """Something that people read is different."""
        before, self.changed = self.changed, anyio.Event()
        before.set()
