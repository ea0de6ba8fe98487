"""From configuration and manifests to what the kernel and the hosts are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qtcore.config.configuration import Configuration
from qtcore.config.contract import contract_problems
from qtcore.config.manifest import Manifest
from qtcore.config.problem import Problem, refuse_if_wrong
from qtcore.config.sections import HealingSection, HostSection, PluginSection, RestartSection
from qtcore.control.host_message import Assignment
from qtcore.kernel.posture import PostureScale
from qtcore.kernel.specification import HealPolicy, HostPlan, Plan, PluginPlan, RestartPolicy


@dataclass(frozen=True, slots=True)
class HostLayout:
    """Who lives in a host and which topics they write; what other hosts need to know of it."""

    name: str
    plugins: tuple[str, ...]
    writes: Mapping[str, tuple[str, ...]]
    """Topic to the plugins of this host that write it."""


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything that is decided before the first process starts."""

    plan: Plan
    assignments: Mapping[str, Assignment]
    """By plugin, with generation 0; the supervisor fills in the real one."""
    layouts: Mapping[str, HostLayout]
    """By host."""
    problems: tuple[Problem, ...]
    """Findings and notes; errors were raised."""


def build_plan(configuration: Configuration, manifests: Mapping[str, Manifest]) -> Blueprint:
    """Check the plugins against each other and lay out the whole.

    Raises ConfigurationRefused when plugins do not fit together.
    """
    problems = contract_problems(configuration, manifests)
    refuse_if_wrong(problems)
    sections = configuration.sections
    hosts = _hosts(configuration, manifests)
    posture = sections.posture
    plan = Plan(
        plugins={name: _plugin_plan(name, section, manifests[name]) for name, section in sections.plugins.items()},
        hosts=hosts,
        posture=PostureScale(posture.levels, posture.required, posture.when_unknown or posture.levels[0]),
        vital_posture=posture.vital,
        starts_in_flight=sections.supervision.starts_in_flight,
        seed=sections.supervision.seed,
    )
    assignments = {
        name: _assignment(name, section, manifests[name], slot)
        for slot, (name, section) in enumerate(sections.plugins.items())
    }
    layouts = {name: _layout(name, configuration, manifests) for name in hosts}
    return Blueprint(plan, assignments, layouts, tuple(problems))


def _plugin_plan(name: str, section: PluginSection, manifest: Manifest) -> PluginPlan:
    return PluginPlan(
        name=name,
        host=section.host,
        needs=frozenset(section.needs),
        wants=frozenset(section.wants),
        after=frozenset(section.after),
        enabled=section.runs,
        off_because=section.off_because or "",
        exclusive=manifest.exclusive,
        vital=manifest.vital if section.vital is None else section.vital,
        healable="heal" in manifest.hooks,
        cadence_s=section.health.cadence_s or manifest.cadence_s,
        start_timeout_s=section.start_timeout_s,
        stop_timeout_s=section.stop_timeout_s,
        restart=_restart(section.restart),
        healing=_healing(section.healing),
    )


def _restart(section: RestartSection) -> RestartPolicy:
    return RestartPolicy(
        max_restarts=section.max_restarts,
        window_s=section.window_s,
        base_s=section.base_s,
        cap_s=section.cap_s,
        stable_after_s=section.stable_after_s,
        quarantine_trial_s=section.quarantine_trial_s,
        cap_by_cause=section.cap_by_cause_s,
    )


def _healing(section: HealingSection) -> HealPolicy:
    return HealPolicy(max_acts=section.max_acts, window_s=section.window_s, timeout_s=section.timeout_s)


def _assignment(name: str, section: PluginSection, manifest: Manifest, slot: int) -> Assignment:
    return Assignment(
        plugin=name,
        use=section.use,
        generation=0,
        settings=section.settings,
        cadence_s=section.health.cadence_s or manifest.cadence_s,
        start_timeout_s=section.start_timeout_s,
        health_timeout_s=section.health.timeout_s,
        heal_timeout_s=section.healing.timeout_s,
        stop_timeout_s=section.stop_timeout_s,
        exclusive=manifest.exclusive,
        autonomy=section.autonomy,
        slot=slot,
    )


def _hosts(configuration: Configuration, manifests: Mapping[str, Manifest]) -> dict[str, HostPlan]:
    """Every host that a plugin lives in; a declared host without plugins is never started."""
    plugins = configuration.sections.plugins
    used = dict.fromkeys(section.host for section in plugins.values())
    declared = configuration.sections.hosts
    return {
        name: _host_plan(
            name,
            declared.get(name, HostSection()),
            [manifests[plugin] for plugin, section in plugins.items() if section.host == name and section.runs],
        )
        for name in used
    }


def _host_plan(name: str, section: HostSection, manifests: list[Manifest]) -> HostPlan:
    preload = {*section.preload, *(module for manifest in manifests for module in manifest.preload)}
    return HostPlan(
        name=name,
        loop_limit_s=section.loop_limit_s,
        load_limit_s=section.load_limit_s,
        preload=tuple(sorted(preload)),
        restart=_restart(section.restart),
        nice=section.nice,
        memory_mb=section.memory_mb,
    )


def _layout(host: str, configuration: Configuration, manifests: Mapping[str, Manifest]) -> HostLayout:
    plugins = [name for name, section in configuration.sections.plugins.items() if section.host == host]
    writes: dict[str, tuple[str, ...]] = {}
    for name in plugins:
        for use in manifests[name].writes:
            writes[use.topic] = (*writes.get(use.topic, ()), name)
    return HostLayout(host, tuple(plugins), writes)
