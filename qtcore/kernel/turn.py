"""One turn of the kernel: the working copy that an event's handlers write on before it is frozen again."""

from __future__ import annotations

from dataclasses import replace

from qtcore.kernel.commands import Command, RecordTransition
from qtcore.kernel.graph import Graph
from qtcore.kernel.specification import Plan, PluginPlan
from qtcore.kernel.state import Fate, HostRecord, Ignored, PluginState, State
from qtcore.kernel.words import Cause, HostState, Lifecycle

_RETURNS_BY_ITSELF = frozenset({Lifecycle.BACKOFF, Lifecycle.QUARANTINED})


class Turn:
    """A mutable view of one State during one `step`; nobody outside `step` ever sees it.

    `whole` is the state that came in, with every change that does not belong to one plugin or host.
    """

    __slots__ = ("commands", "hosts", "now_s", "plan", "plugins", "whole")

    def __init__(self, plan: Plan, state: State, now_s: float) -> None:
        self.plan = plan
        self.now_s = now_s
        self.whole = state
        self.plugins: dict[str, PluginState] = dict(state.plugins)
        self.hosts: dict[str, HostRecord] = dict(state.hosts)
        self.commands: list[Command] = []

    @property
    def graph(self) -> Graph:
        """The plan's graph, worked out once at the beginning."""
        return self.whole.graph

    def wish(self, command: Command) -> None:
        """Add a command to what the supervisor is asked to do."""
        self.commands.append(command)

    def plan_of(self, plugin: PluginState) -> PluginPlan:
        """The plugin's configuration."""
        return self.plan.plugins[plugin.name]

    def host_of(self, plugin: PluginState) -> HostRecord:
        """The host in which the plugin lives or would live."""
        return self.hosts[self.plan.plugins[plugin.name].host]

    def key(self, name: str) -> tuple[int, str]:
        """What the jitter of this plugin or host depends on."""
        return (self.plan.seed, name)

    def put(self, plugin: PluginState) -> None:
        """Remember a change that leaves the lifecycle as it is."""
        self.plugins[plugin.name] = plugin

    def put_host(self, host: HostRecord) -> None:
        """Remember a change of a host."""
        self.hosts[host.name] = host

    def move(
        self,
        plugin: PluginState,
        lifecycle: Lifecycle,
        reason: str,
        *,
        cause: Cause | None = None,
        deadline_s: float | None = None,
        fate: Fate | None = None,
        collateral_of: str | None = None,
    ) -> PluginState:
        """Change the lifecycle: the only way, so that each change has exactly one recorded reason."""
        before = self.plugins[plugin.name].lifecycle
        moved = replace(
            plugin,
            lifecycle=lifecycle,
            since_s=self.now_s,
            reason=reason,
            cause=cause,
            deadline_s=deadline_s,
            fate=fate,
            woken_by=None,
            waits_for=None,
        )
        self.plugins[plugin.name] = moved
        attempt_at_s = deadline_s if lifecycle in _RETURNS_BY_ITSELF else None
        self.wish(
            RecordTransition(
                plugin=plugin.name,
                generation=plugin.generation,
                before=before,
                after=lifecycle,
                cause=cause,
                reason=reason,
                next_attempt_in_s=None if attempt_at_s is None else attempt_at_s - self.now_s,
                collateral_of=collateral_of,
            )
        )
        return moved

    def stale(self, sentence: str) -> None:
        """Count an event from the past: a generation or incarnation that has been replaced."""
        seen = self.whole.ignored
        self.whole = replace(self.whole, ignored=replace(seen, stale=seen.stale + 1, last=sentence))

    def unfit(self, sentence: str) -> None:
        """Count an event that does not fit the state it met."""
        seen = self.whole.ignored
        self.whole = replace(self.whole, ignored=Ignored(seen.stale, seen.unfit + 1, sentence))

    def tenants(self, host: str) -> list[PluginState]:
        """The plugins that are configured to live in `host`."""
        return [self.plugins[name] for name, plan in self.plan.plugins.items() if plan.host == host]

    def spawnable(self, host: HostRecord) -> bool:
        """The host does not exist and its backoff is over."""
        return host.state is HostState.ABSENT and host.not_before_s <= self.now_s

    def freeze(self, next_deadline: float | None) -> State:
        """The state that comes out."""
        return replace(self.whole, plugins=self.plugins, hosts=self.hosts, next_deadline=next_deadline)
