"""The traces of the supervisor's own work: one episode per trouble of a plugin, from notice to proven recovery."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from opentelemetry.trace import Tracer

from qtcore.documents import Facts
from qtcore.hosts.watch import Sighting
from qtcore.kernel.commands import RecordHealing, RecordTransition
from qtcore.kernel.words import Cause, Lifecycle
from qtcore.supervisor.host_table import Death
from qtcore.supervisor.rounds import Reading
from qtcore.telemetry.lifecycle import Episode, Step

_AT_WORK = frozenset({Lifecycle.RUNNING, Lifecycle.HEALING})
_ENDED = frozenset({Lifecycle.DISABLED, Lifecycle.STOPPED, Lifecycle.QUARANTINED})


@dataclass(frozen=True, slots=True)
class _Mark:
    """A part of an episode that happened to the host, before it was known whom it concerns."""

    name: str
    start_ns: int
    end_ns: int
    note: str


@dataclass(slots=True)
class _Tale:
    """One plugin's open episode and the part of it that is going on."""

    episode: Episode
    step: Step | None = None

    def turn(self, step: Step | None, error: str | None = None) -> None:
        """End what goes on and go on with `step`."""
        if self.step is not None:
            self.step.end(error=error)
        self.step = step


@dataclass(slots=True)
class _HostMarks:
    sighting: Sighting | None = None
    suspected_ns: int | None = None
    spawn_ns: int | None = None
    marks: list[_Mark] = field(default_factory=list)


class Story:
    """Follows the kernel's records and writes spans; decides nothing and never fails."""

    def __init__(
        self, tracer: Tracer, tenants: Callable[[str], Iterable[str]], *, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._tracer = tracer
        self._tenants = tenants
        self._now_ns = now_ns
        self._tales: dict[str, _Tale] = {}
        self._hosts: dict[str, _HostMarks] = {}

    def trace_id(self, plugin: str) -> str | None:
        """The trace of the plugin's open episode."""
        tale = self._tales.get(plugin)
        return tale.episode.trace_id if tale else None

    def traceparent(self, plugin: str) -> str | None:
        """Makes what the plugin does now a part of its open episode."""
        tale = self._tales.get(plugin)
        return (tale.step or tale.episode).traceparent if tale else None

    def generation_starts(self, plugin: str, generation: int) -> Step:
        """A generation is about to be started in its host."""
        tale = self._tales.get(plugin)
        if tale is None:
            episode = Episode.begin(self._tracer, "episode.start", plugin=plugin, generation=generation)
            tale = self._tales[plugin] = _Tale(episode)
        step = tale.episode.step("start", plugin=plugin, generation=generation)
        tale.turn(step)
        return step

    def transition(self, command: RecordTransition) -> str | None:
        """A plugin changed its lifecycle; returns the trace it belongs to."""
        plugin = command.plugin
        if command.before in _AT_WORK and command.after not in _AT_WORK and command.cause is not Cause.OPERATOR:
            self._trouble(command)
        tale = self._tales.get(plugin)
        if tale is None:
            return None
        if command.after is Lifecycle.RUNNING and command.before is Lifecycle.STARTING:
            tale.turn(tale.episode.step("re-check", plugin=plugin))
        elif command.after is Lifecycle.BACKOFF:
            tale.turn(tale.episode.step("wait", plugin=plugin, reason=command.reason), error=command.reason)
        elif command.after in _ENDED:
            tale.turn(None, error=command.reason)
            tale.episode.end(error=command.reason)
            del self._tales[plugin]
        return tale.episode.trace_id

    def health(self, reading: Reading) -> None:
        """A reading after a start proves the recovery."""
        tale = self._tales.pop(reading.plugin, None)
        if tale is None:
            return
        status = reading.health.status.value if reading.health else "unknown"
        tale.episode.note(status=status)
        tale.turn(None)
        tale.episode.end()

    def healing(self, command: RecordHealing) -> str | None:
        """An act of healing ended."""
        tale = self._tales.get(command.plugin)
        episode = tale.episode if tale else Episode.begin(self._tracer, "episode.heal", plugin=command.plugin)
        now = self._now_ns()
        began = now - round((command.took_s or 0.0) * 1e9)
        episode.did("heal", began, now, rung=command.rung.value, act=command.act, outcome=command.outcome.value)
        if tale is None:
            episode.end()
        return episode.trace_id

    # --- what happens to hosts -----------------------------------------------------------------

    def suspect(self, sighting: Sighting) -> None:
        """A host broke its limit."""
        now = self._now_ns()
        marks = self._marks(sighting.host)
        marks.sighting, marks.suspected_ns = sighting, now
        silence_ns = round(sighting.silence_s * 1e9)
        marks.marks.append(_Mark("notice", now - silence_ns, now, sighting.sentence))

    def sighting(self, host: str, incarnation: int) -> Sighting | None:
        """What was seen of the host's hang, if that is why it goes."""
        sighting = self._marks(host).sighting
        return sighting if sighting and sighting.incarnation == incarnation else None

    def spawning(self, host: str) -> None:
        """The process is being made."""
        self._marks(host).spawn_ns = self._now_ns()

    def host_up(self, host: str) -> None:
        """The new process answers: the spawn belongs to whoever waits for it."""
        marks = self._marks(host)
        if marks.spawn_ns is not None:
            for plugin in self._tenants(host):
                if tale := self._tales.get(plugin):
                    tale.episode.did("spawn", marks.spawn_ns, self._now_ns(), host=host)
        marks.spawn_ns = None

    def death(self, death: Death) -> Facts:
        """The host is gone; returns what the journal keeps as evidence."""
        now = self._now_ns()
        marks = self._marks(death.host)
        evidence = death.evidence
        if marks.suspected_ns is not None:
            marks.marks.append(_Mark("evidence", marks.suspected_ns, now, evidence.kind if evidence else ""))
        else:
            marks.marks.append(_Mark("notice", now, now, death.reason))
        marks.sighting = marks.suspected_ns = None
        if evidence is None:
            return {}
        return {"kind": evidence.kind, "stacks": evidence.stacks, "output": list(evidence.output)}

    def buried(self, host: str) -> None:
        """The kernel has dealt with the death."""
        self._marks(host).marks.clear()

    def _trouble(self, command: RecordTransition) -> None:
        if old := self._tales.pop(command.plugin, None):
            old.turn(None, error=command.reason)
            old.episode.end(error=command.reason)
        marks = next((m.marks for host, m in self._hosts.items() if command.plugin in self._tenants(host)), [])
        now = self._now_ns()
        episode = Episode.begin(
            self._tracer,
            "episode.recovery",
            at_ns=min((mark.start_ns for mark in marks), default=now),
            plugin=command.plugin,
            generation=command.generation,
            cause=(command.cause or Cause.RAISED).value,
            reason=command.reason,
        )
        for mark in marks or [_Mark("notice", now, now, command.reason)]:
            episode.did(mark.name, mark.start_ns, mark.end_ns, note=mark.note)
        episode.did("decide", now, self._now_ns(), reason=command.reason, after=command.after.value)
        self._tales[command.plugin] = _Tale(episode)

    def _marks(self, host: str) -> _HostMarks:
        return self._hosts.setdefault(host, _HostMarks())
