"""Keeps the findings in step with what the supervisor sees from outside: lifecycles, hangs, silence, progress."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from qtcore.control import host_message as wire
from qtcore.documents import Facts
from qtcore.health.derived import ON_PURPOSE, End, Life, derived
from qtcore.health.model import Finding
from qtcore.health.verdict import PluginView
from qtcore.kernel.commands import RecordTransition
from qtcore.kernel.state import OUT, READY, PluginState, State
from qtcore.kernel.words import Cause, Lifecycle
from qtcore.supervisor.findings import FindingsBook
from qtcore.supervisor.host_table import Death
from qtcore.supervisor.topology import Topology

PATIENCE_S = 30.0
"""So long a plugin may wait for what is on its way before that is a finding."""
BLAME_S = 2.0
"""So long the evidence may take to tell which plugin of a host hangs."""
_AT_WORK = frozenset({Lifecycle.STARTING, Lifecycle.RUNNING, Lifecycle.HEALING})
_BACK = frozenset({Lifecycle.RUNNING, *OUT})
_NO_FAILURES = frozenset({Cause.COLLATERAL, Cause.NOT_READY})
"""Ends that do not count as failed runs of the plugin itself."""
_MOST_ENDS = 50


@dataclass(slots=True)
class _Known:
    """What is remembered of one plugin."""

    end: End | None = None
    words: Facts = field(default_factory=dict)
    ends_s: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_ENDS))
    held: dict[str, Finding] = field(default_factory=dict)


class Judgement:
    """Told of everything that happens to plugins and hosts; opens and resolves at once."""

    def __init__(
        self,
        topology: Topology,
        findings: FindingsBook,
        *,
        state: Callable[[], State],
        view: Callable[[str], PluginView],
        clock: Callable[[], float],
    ) -> None:
        self._topology = topology
        self._findings = findings
        self._state = state
        self._view = view
        self._clock = clock
        self._known = {name: _Known() for name in topology.plan.plugins}
        self._hung: dict[str, tuple[str, float]] = {}
        self._deaths: dict[str, Facts] = {}
        self._news = False

    # --- what happens --------------------------------------------------------------------------

    def transition(self, command: RecordTransition) -> None:
        """A plugin changed its lifecycle; what follows is judged once the kernel has told all."""
        self._news = True
        known = self._known[command.plugin]
        if command.after in _BACK:
            known.end, known.words = None, {}
        elif command.cause is not None and command.cause not in ON_PURPOSE:
            known.end = self._end(command, command.cause)
            if command.before in _AT_WORK and command.cause not in _NO_FAILURES:
                known.ends_s.append(self._clock())
        if command.after is Lifecycle.STOPPED and self._state().stopping is None:
            self._findings.resolve_health(command.plugin, f"{command.plugin} is stopped")

    def hung(self, plugin: str) -> str | None:
        """Why the plugin's host is given up at this moment, if it is."""
        found = self._hung.get(self._topology.host_of(plugin))
        return found[0] if found else None

    def _is_hung(self, host: str) -> str | None:
        """The same once nobody else can be blamed: the only one there, or the host does not die."""
        if host not in self._hung:
            return None
        sentence, since_s = self._hung[host]
        active = [name for name in self._topology.tenants(host) if self._state().plugins[name].active]
        return sentence if len(active) == 1 or self._clock() - since_s >= BLAME_S else None

    def ended(self, message: wire.PluginEnded) -> None:
        """A generation said its last words."""
        words = {"error_type": message.error_type, "generation": message.generation}
        self._known[message.plugin].words = {key: word for key, word in words.items() if word is not None}

    def suspected(self, host: str, sentence: str) -> None:
        """A host is given up; whose fault that is the evidence may tell, a moment later."""
        self._hung[host] = (sentence, self._clock())
        self.judge()

    def host_gone(self, death: Death) -> None:
        """A host is dead."""
        self._hung.pop(death.host, None)
        self._deaths[death.host] = _proof(death)

    # --- what follows --------------------------------------------------------------------------

    def judge_news(self) -> bool:
        """Judge if a lifecycle has changed; whether anything in the book changed."""
        return self._news and self.judge()

    def judge(self) -> bool:
        """Bring the book up to date about all plugins; whether anything changed."""
        self._news = False
        if self._state().stopping is not None:
            return False
        return sum(self.judge_one(name) for name in self._known) > 0

    def judge_one(self, plugin: str) -> bool:
        """The same about one."""
        known = self._known[plugin]
        found = {item.code + item.subject: item for item in derived(self._life(plugin), self._clock())}
        if found == known.held:
            return False
        for key in known.held.keys() - found.keys():
            gone = known.held[key]
            self._findings.resolve(plugin, gone.code, "the supervisor sees it no more", subject=gone.subject)
        for key, finding in found.items():
            if known.held.get(key) != finding:
                waits = finding.evidence.get("cause") == Cause.NOT_READY
                self._findings.see(plugin, finding, at_once=not waits)
        known.held = found
        return True

    def _life(self, plugin: str) -> Life:
        known, state = self._known[plugin], self._state().plugins[plugin]
        host = self._topology.host_of(plugin)
        return Life(
            plugin=plugin,
            host=host,
            view=self._view(plugin),
            end=known.end,
            needs_away=self._away_need(state),
            started_s=self._state().started_s or 0.0,
            by_person=state.lifecycle is Lifecycle.STOPPED and state.cause is Cause.OPERATOR,
            hung=self._is_hung(host) if state.active else None,
            ends_s=tuple(known.ends_s),
        )

    def _away_need(self, plugin: PluginState) -> str | None:
        """What it needs, waits for, and cannot be expected in a moment."""
        if plugin.lifecycle not in {Lifecycle.WAITING, Lifecycle.STOPPING}:
            return None
        plugins, started_s = self._state().plugins, self._state().started_s or 0.0
        patient = self._clock() - max(plugin.since_s, started_s) < PATIENCE_S
        for name in sorted(self._topology.plan.plugins[plugin.name].needs):
            need = plugins[name]
            if need.lifecycle in READY:
                continue
            hopeless = need.lifecycle in OUT | {Lifecycle.BACKOFF} or self._known[name].end is not None
            if hopeless or not patient or self._away_need(need) is not None:
                return name
        return None

    def _end(self, command: RecordTransition, cause: Cause) -> End:
        known, state = self._known[command.plugin], self._state().plugins[command.plugin]
        now_s = self._clock()
        evidence: Facts = {**known.words, **self._death_of(command.plugin, cause)}
        if state.tries.ends:
            evidence["attempt"] = len(state.tries.ends)
            evidence["allowed"] = self._topology.plan.plugins[command.plugin].restart.max_restarts
        if command.next_attempt_in_s is not None:
            next_try = datetime.now(UTC) + timedelta(seconds=command.next_attempt_in_s)
            evidence["next_try_at"] = next_try.isoformat(timespec="seconds")
        if command.collateral_of is not None:
            evidence["because_of"] = command.collateral_of
        because: tuple[str, ...] = ()
        if cause is Cause.UNHEALTHY:
            because = self._codes(command.plugin)
        elif cause is Cause.NOT_READY and known.end is not None:
            because = known.end.effect_of  # what it went down for is what keeps it from coming back
        return End(cause, command.reason, known.end.at_s if known.end else now_s, evidence, because)

    def _codes(self, plugin: str) -> tuple[str, ...]:
        held = {finding.code for finding in self._known[plugin].held.values()}
        return tuple(finding.code for finding in self._findings.of(plugin) if finding.code not in held)

    def _death_of(self, plugin: str, cause: Cause) -> Facts:
        by_process = cause in {Cause.EXIT_CODE, Cause.SIGNAL, Cause.OUT_OF_MEMORY, Cause.HUNG, Cause.COLLATERAL}
        return self._deaths.get(self._topology.host_of(plugin), {}) if by_process else {}


def _proof(death: Death) -> Facts:
    """The exit code or the signal, as people name it."""
    if death.code is None:
        return {}
    if death.cause is Cause.EXIT_CODE:
        return {"exit_code": death.code}
    known = signal.Signals(death.code).name if death.code in set(signal.Signals) else str(death.code)
    return {"signal": known}
