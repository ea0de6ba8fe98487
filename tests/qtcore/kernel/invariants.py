"""What must hold after every step of the kernel, worked out from the outside; used by machine and simulation."""

from __future__ import annotations

from dataclasses import dataclass, field

from qtcore.health.model import Rung, Status
from qtcore.kernel.commands import (
    AllStopped,
    Command,
    OpenFinding,
    RecordTransition,
    ResolveFinding,
    SetPosture,
    SpawnHost,
    StartGeneration,
)
from qtcore.kernel.events import Event, HostGone, PluginEnded
from qtcore.kernel.posture import Posture, PostureClaim, resolve
from qtcore.kernel.specification import Plan
from qtcore.kernel.state import READY, State
from qtcore.kernel.words import Cause, HostState, Lifecycle

MOVING_HOSTS = {HostState.SPAWNING, HostState.KILLING, HostState.STOPPING}
RETRIED_AT_THE_HINT = {Cause.NOT_READY}


@dataclass
class Watcher:
    """Checks one run step by step; keeps only what a step cannot know, such as the restarts granted so far."""

    plan: Plan
    granted: dict[str, list[float]] = field(default_factory=dict)
    open_findings: set[tuple[str, str | None]] = field(default_factory=set)
    posture: Posture | None = None
    last_generation: dict[str, int] = field(default_factory=dict)

    def check(self, before: State, event: Event, after: State, commands: tuple[Command, ...], now_s: float) -> None:
        """Fail with a sentence on the first thing that must not be."""
        self._transitions(before, after, commands, now_s)
        self._starts(before, event, after, commands)
        self._restarts_granted(after, commands, now_s)
        self._lives(after)
        self._hosts(before, event, after, commands)
        self._deadlines(after)
        self._posture(after, commands, now_s)
        self._findings(after, commands)
        if AllStopped() in commands:
            assert not any(plugin.active for plugin in after.plugins.values()) or self._unkillable(after)

    def _transitions(self, before: State, after: State, commands: tuple[Command, ...], now_s: float) -> None:
        now_at = {name: plugin.lifecycle for name, plugin in before.plugins.items()}
        for command in commands:
            if isinstance(command, RecordTransition):
                assert command.before == now_at[command.plugin], f"{command} does not follow on {now_at}"
                assert command.reason, f"{command} has no reason"
                now_at[command.plugin] = command.after
                self._delay(command)
        for name, plugin in after.plugins.items():
            assert plugin.lifecycle == now_at[name], f"{name} changed without a record"
            assert plugin.since_s <= now_s

    def _delay(self, record: RecordTransition) -> None:
        policy = self.plan.plugins[record.plugin].restart
        host_policy = self.plan.hosts[self.plan.plugins[record.plugin].host].restart
        if record.next_attempt_in_s is None:
            return
        assert record.next_attempt_in_s >= 0
        if record.after is Lifecycle.QUARANTINED:
            assert (
                record.next_attempt_in_s == policy.quarantine_trial_s
                or abs(record.next_attempt_in_s - policy.quarantine_trial_s) < 1e-6
            )
        elif record.cause not in RETRIED_AT_THE_HINT:
            highest = max(policy.cap_s, host_policy.cap_s, *policy.cap_by_cause.values())
            assert record.next_attempt_in_s <= highest + 1e-6, f"{record} is beyond the cap {highest}"

    def _starts(self, before: State, event: Event, after: State, commands: tuple[Command, ...]) -> None:
        for command in commands:
            if not isinstance(command, StartGeneration):
                continue
            last = self.last_generation.get(command.plugin, before.plugins[command.plugin].generation)
            assert command.generation == last + 1, f"{command}: generations only grow, one by one"
            self.last_generation[command.plugin] = command.generation
            if before.plugins[command.plugin].active:
                assert self._proves_the_end(event, command.plugin), f"{command} while its predecessor may be at work"
            assert after.hosts[command.host].state is HostState.UP, f"{command} into a host that is not up"
            for need in self.plan.plugins[command.plugin].needs:
                assert after.plugins[need].lifecycle in READY, f"{command} without its need {need}"
            assert before.stopping is None, f"{command} during a shutdown"
        for name, plugin in after.plugins.items():
            assert plugin.generation >= before.plugins[name].generation
        starting = [name for name, plugin in after.plugins.items() if plugin.lifecycle is Lifecycle.STARTING]
        queued = [name for name in starting if name not in after.graph.vital]
        limit = self.plan.starts_in_flight
        assert len(queued) <= limit, f"{starting} start at once, {limit} may"

    def _proves_the_end(self, event: Event, name: str) -> bool:
        if isinstance(event, HostGone):
            return event.host == self.plan.plugins[name].host
        return isinstance(event, PluginEnded) and event.plugin == name

    def _restarts_granted(self, after: State, commands: tuple[Command, ...], now_s: float) -> None:
        for command in commands:
            if isinstance(command, RecordTransition) and (
                command.cause is Cause.OPERATOR or command.after is Lifecycle.QUARANTINED
            ):
                self.granted[command.plugin] = []
        for name, plugin in after.plugins.items():
            policy = self.plan.plugins[name].restart
            repair = plugin.repair
            if repair is None or repair.since_s != now_s or repair.rung is not Rung.RESTART_PLUGIN:
                continue
            if name in after.graph.vital and plugin.alarm is not None:
                continue
            recent = [at for at in self.granted.get(name, []) if now_s - at < policy.window_s]
            if not recent or recent[-1] != now_s:
                self.granted[name] = [*recent, now_s]
            granted = self.granted[name]
            assert len(granted) <= policy.max_restarts, f"{name}: {len(granted)} restarts in {policy.window_s} s"

    def _lives(self, after: State) -> None:
        for name, plugin in after.plugins.items():
            host = after.hosts[self.plan.plugins[name].host]
            assert (plugin.fate is not None) == (plugin.lifecycle is Lifecycle.STOPPING), plugin
            if plugin.active:
                assert host.state in {HostState.UP, HostState.KILLING}, f"{name} is {plugin.lifecycle} in {host}"
            if plugin.lifecycle is Lifecycle.QUARANTINED:
                assert name not in after.graph.vital, f"{name} is vital and quarantined"
            if plugin.lifecycle in READY and after.stopping is None:
                for need in self.plan.plugins[name].needs:
                    assert after.plugins[need].lifecycle in READY, f"{name} runs without {need}"
            if plugin.lifecycle is Lifecycle.HEALING:
                assert plugin.episode is not None

    def _hosts(self, before: State, event: Event, after: State, commands: tuple[Command, ...]) -> None:
        for command in commands:
            if isinstance(command, SpawnHost):
                was = before.hosts[command.host]
                now = after.hosts[command.host]
                assert command.incarnation == was.incarnation + 1 == now.incarnation
                dead = isinstance(event, HostGone) and event.host == command.host
                assert was.state is HostState.ABSENT or dead, f"{command} beside {was}"

    def _deadlines(self, after: State) -> None:
        """Everything that is not at rest has a way on: a time, or an event that is sure to come."""
        if after.stopped:
            assert after.next_deadline is None
            return
        wanted = [after.next_deadline] if after.next_deadline is not None else []
        for name, plugin in after.plugins.items():
            doomed = after.hosts[self.plan.plugins[name].host].state is HostState.KILLING
            match plugin.lifecycle:
                case Lifecycle.STARTING | Lifecycle.STOPPING | Lifecycle.HEALING:
                    assert plugin.deadline_s is not None or doomed, f"{name} may be {plugin.lifecycle} for ever"
                case Lifecycle.BACKOFF:
                    assert plugin.deadline_s is not None, f"{name} may back off for ever"
                case Lifecycle.WAITING:
                    begun = after.started_s is not None
                    assert plugin.waits_for or not begun, f"{name} waits for nothing"
                case _:
                    pass
            if plugin.deadline_s is not None and after.started_s is not None:
                assert wanted
                assert wanted[0] <= plugin.deadline_s
        for host in after.hosts.values():
            assert host.state not in MOVING_HOSTS or host.deadline_s is not None, f"{host} may hang for ever"

    def _posture(self, after: State, commands: tuple[Command, ...], now_s: float) -> None:
        said = [command for command in commands if isinstance(command, SetPosture)]
        if said:
            assert len(said) == 1
            now = Posture(said[0].level, said[0].reasons)
            assert said[0].changed == (self.posture is None or self.posture.meaning != now.meaning)
            self.posture = now
        if after.started_s is None or after.stopped:
            return
        assert after.posture is not None
        scale = self.plan.posture
        own = [
            PostureClaim(source="supervisor", level=level, reason="x", expires_s=now_s + 1)
            for level in self._own(after)
        ]
        expected = resolve(scale, [*after.claims.values(), *own], now_s)
        assert after.posture.level == expected.level, f"{after.posture} instead of {expected}"
        if len(scale.levels) > 1:
            assert after.renew_at_s is not None
            assert after.renew_at_s <= now_s + 1.0

    def _own(self, after: State) -> list[str]:
        demands = [] if after.cautious_until_s is None else [self.plan.posture.when_unknown]
        for name, plugin in after.plugins.items():
            plan = self.plan.plugins[name]
            away = plugin.lifecycle is not Lifecycle.RUNNING or plugin.status in {Status.FAILED, Status.CRITICAL}
            doomed = after.hosts[plan.host].state is HostState.KILLING
            if plan.vital and (away or doomed) and self.plan.vital_posture is not None:
                demands.append(self.plan.vital_posture)
        return demands

    def _findings(self, after: State, commands: tuple[Command, ...]) -> None:
        for command in commands:
            if isinstance(command, OpenFinding):
                assert (command.code, command.plugin) not in self.open_findings, f"{command} was open"
                self.open_findings.add((command.code, command.plugin))
            elif isinstance(command, ResolveFinding):
                self.open_findings.remove((command.code, command.plugin))
        assert self.open_findings == after.findings

    @staticmethod
    def _unkillable(after: State) -> bool:
        return any(host.reminders >= 2 for host in after.hosts.values())
