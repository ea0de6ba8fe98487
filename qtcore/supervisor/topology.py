"""What is where in this run: hosts, slots, assignments and endpoints."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from qtcore.config.configuration import Configuration
from qtcore.config.manifest import Manifest
from qtcore.config.plan import Blueprint
from qtcore.control.host_message import Assignment, HostUp, Peer
from qtcore.health.cause import Relations
from qtcore.health.framework_kinds import FRAMEWORK
from qtcore.health.kinds import Catalogue
from qtcore.hosts.spec import HostSpec
from qtcore.kernel.specification import Plan
from qtcore.records.held import boot_id
from qtcore.records.home import Home


@dataclass
class Topology:
    """The blueprint at work in one home; grows only by the endpoints that hosts announce."""

    configuration: Configuration
    blueprint: Blueprint
    manifests: Mapping[str, Manifest]
    home: Home
    run_dir: Path
    _endpoints: dict[str, Peer] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """What the kernel knows."""
        return self.blueprint.plan

    @property
    def mode(self) -> str:
        """The world the application acts on."""
        return self.configuration.mode

    @property
    def application(self) -> str:
        """The application's name as every screen shows it."""
        return self.configuration.sections.application.name

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Every host that has announced its endpoints so far."""
        return tuple(self._endpoints.values())

    @cached_property
    def catalogue(self) -> Catalogue:
        """Every kind of finding that is declared: the framework's first, then the plugins'."""
        declared = (kind for manifest in self.manifests.values() for kind in manifest.findings)
        return Catalogue((*FRAMEWORK.values(), *declared))

    @cached_property
    def relations(self) -> Mapping[str, Relations]:
        """By plugin, whom it depends on."""
        return {name: self._relations(name) for name in self.plan.plugins}

    def _relations(self, plugin: str) -> Relations:
        plan, manifest = self.plan.plugins[plugin], self.manifests[plugin]
        read = {use.topic for use in manifest.reads}
        writers = {name for name, other in self.manifests.items() if read & {use.topic for use in other.writes}}
        called = {call.partition(".")[0] for call in manifest.calls}
        sources = (writers | called) & self.plan.plugins.keys() - {plugin}
        return Relations(plan.host, plan.needs, plan.wants, frozenset(sources))

    def announced(self, message: HostUp) -> None:
        """Remember a host's endpoints."""
        layout = self.blueprint.layouts[message.host]
        self._endpoints[message.host] = Peer(
            host=message.host,
            publisher=message.publisher,
            router=message.router,
            plugins=layout.plugins,
            writes=dict(layout.writes),
        )

    def host_of(self, plugin: str) -> str:
        """The host a plugin is configured to live in."""
        return self.plan.plugins[plugin].host

    def tenants(self, host: str) -> tuple[str, ...]:
        """The plugins configured to live in a host."""
        return self.blueprint.layouts[host].plugins

    def slot(self, plugin: str) -> int:
        """The plugin's slot on the board."""
        return self.blueprint.assignments[plugin].slot

    def assignment(self, plugin: str, generation: int, traceparent: str | None) -> Assignment:
        """What the host is told to start."""
        return self.blueprint.assignments[plugin].model_copy(
            update={"generation": generation, "traceparent": traceparent}
        )

    def host_spec(self, host: str, incarnation: int) -> HostSpec:
        """What the host process is told at its birth."""
        plan = self.plan.hosts[host]
        return HostSpec(
            host=host,
            incarnation=incarnation,
            application=self.application,
            mode=self.mode,
            home=self.home.root,
            run_dir=self.run_dir,
            host_slot=list(self.plan.hosts).index(host),
            plugin_slots={plugin: self.slot(plugin) for plugin in self.tenants(host)},
            loop_limit_s=plan.loop_limit_s,
            nice=plan.nice,
            memory_mb=plan.memory_mb,
            posture_levels=self.plan.posture.levels,
            posture_when_unknown=self.plan.posture.when_unknown,
            preload=plan.preload,
            import_path=(self.configuration.root,),
            supervisor_pid=os.getpid(),
            boot_id=boot_id(),
        )
