"""From configuration and manifests to what kernel and hosts are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qtcore.config.effective import effective_values, secret_shown
from qtcore.config.manifest import Manifest, TopicUse
from qtcore.config.plan import build_plan
from qtcore.config.problem import ConfigurationRefused
from qtcore.kernel.specification import HealPolicy, RestartPolicy
from qtcore.kernel.words import Cause

TEXT = """
version: 1
posture: {levels: [normal, reduce_only], required: [guard], vital: reduce_only}
supervision: {starts_in_flight: 3, seed: 42}
hosts:
  data: {loop_limit_s: 2, preload: [decimal], restart: {cap_s: 7}}
  unused: {}
plugins:
  feed:
    use: toy.feed
    host: data
    needs: [guard]
    restart: {max_restarts: 9, cap_by_cause_s: {out_of_memory: 300}}
    healing: {max_acts: 2, timeout_s: 4}
    health: {cadence_s: 7, timeout_s: 2}
    settings: {age: 1}
  guard: {use: toy.guard, vital: false}
  spare: {use: toy.spare, host: data, enabled: false}
"""

TICK = TopicUse(topic="Tick", schema_hash="a1")
MANIFESTS = {
    "feed": Manifest(name="feed", use="toy.feed", preload=("json",), writes=(TICK,), hooks=("heal", "start")),
    "guard": Manifest(name="guard", use="toy.guard", vital=True, exclusive=True, reads=(TICK,), cadence_s=4),
    "spare": Manifest(name="spare", use="toy.spare", preload=("csv",)),
}


def test_plan_holds_what_was_configured_over_what_was_declared(load: Callable[..., object]) -> None:
    """Configuration wins over declarations, declarations over defaults."""
    plan = build_plan(load(TEXT), MANIFESTS).plan
    feed, guard = plan.plugins["feed"], plan.plugins["guard"]
    assert (feed.cadence_s, feed.healable, feed.restart.max_restarts, feed.needs) == (7, True, 9, frozenset({"guard"}))
    assert (guard.cadence_s, guard.vital, guard.exclusive, guard.host) == (4, False, True, "main")
    assert (plan.starts_in_flight, plan.seed, plan.vital_posture) == (3, 42, "reduce_only")
    assert plan.posture.when_unknown == "normal"


def test_a_plugin_without_its_modules_is_off_and_says_so(load: Callable[..., object]) -> None:
    """An installation may leave a heavy library out: counted as off with the reason, no error."""
    text = TEXT.replace("vital: false}", "vital: false, requires: [json, no_such_module_here.part]}")
    guard = build_plan(load(text.replace("needs: [guard]", "wants: [guard]")), MANIFESTS).plan.plugins["guard"]
    assert (guard.enabled, guard.off_because) == (False, "no_such_module_here.part not installed")
    here = build_plan(load(TEXT.replace("vital: false}", "requires: [json]}")), MANIFESTS).plan.plugins["guard"]
    assert here.enabled


def test_hosts_are_those_with_plugins(load: Callable[..., object]) -> None:
    """An empty host is not started; what enabled plugins want preloaded is preloaded."""
    hosts = build_plan(load(TEXT), MANIFESTS).plan.hosts
    assert set(hosts) == {"data", "main"}
    assert (hosts["data"].preload, hosts["data"].loop_limit_s) == (("decimal", "json"), 2)


def test_policies_are_configured_for_plugins_and_hosts(load: Callable[..., object]) -> None:
    """What is not said is the default, which the kernel declares too."""
    blueprint = build_plan(load(TEXT), MANIFESTS)
    feed, guard = blueprint.plan.plugins["feed"], blueprint.plan.plugins["guard"]
    assert feed.healing == HealPolicy(max_acts=2, timeout_s=4)
    assert feed.restart.cap_by_cause == {Cause.OUT_OF_MEMORY: 300}
    assert blueprint.assignments["feed"].heal_timeout_s == 4
    assert (guard.healing, guard.restart) == (HealPolicy(), RestartPolicy())
    assert blueprint.plan.hosts["data"].restart == RestartPolicy(cap_s=7)
    assert blueprint.plan.hosts["main"].restart == RestartPolicy(cap_s=10)


def test_assignments_have_slots_of_their_own(load: Callable[..., object]) -> None:
    """Every plugin has a slot on the board, and the settings it was given."""
    assignments = build_plan(load(TEXT), MANIFESTS).assignments
    assert sorted(assignment.slot for assignment in assignments.values()) == [0, 1, 2]
    assert assignments["feed"].settings == {"age": 1}
    assert assignments["feed"].health_timeout_s == 2


def test_layouts_tell_who_writes_what_where(load: Callable[..., object]) -> None:
    """Other hosts learn from the layout whom to connect to."""
    layouts = build_plan(load(TEXT), MANIFESTS).layouts
    assert layouts["data"].plugins == ("feed", "spare")
    assert layouts["data"].writes == {"Tick": ("feed",)}


def test_plugins_that_do_not_fit_are_refused(load: Callable[..., object]) -> None:
    """No plan is made of a configuration with errors."""
    broken = {**MANIFESTS, "feed": MANIFESTS["feed"].model_copy(update={"writes": ()})}
    with pytest.raises(ConfigurationRefused, match="plugin guard: it reads Tick"):
        build_plan(load(TEXT), broken)


def test_effective_values_have_sources_and_keep_secrets(load: Callable[..., object]) -> None:
    """Each value in force is listed with its source; a secret only by its fingerprint."""
    schema = {
        "properties": {"age": {"type": "integer"}, "size": {"default": 3}, "key": {"writeOnly": True}},
        "type": "object",
    }
    manifests = {**MANIFESTS, "feed": MANIFESTS["feed"].model_copy(update={"settings_schema": schema})}
    found = {item.name: item for item in effective_values(load(TEXT, {"QT_FEED__KEY": "hunter2"}), manifests)}
    assert (found["feed.age"].value, found["feed.age"].source.where) == (1, "plugins.yaml:15:16")
    assert (found["feed.size"].value, found["feed.size"].source.where) == (3, "default")
    assert (found["feed.key"].value, found["feed.key"].source.where) == (secret_shown("hunter2"), "QT_FEED__KEY")
    assert "hunter2" not in str(found["feed.key"])
