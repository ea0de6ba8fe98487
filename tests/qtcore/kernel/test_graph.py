"""Dependencies: wrong ones are named, cycles are drawn, orders follow."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.errors import ConfigurationError
from qtcore.kernel.graph import Graph, problems
from qtcore.kernel.specification import HostPlan, Plan, PluginPlan
from qtcore.kernel.state import initial
from tests.qtcore.kernel.driver import SCALE, plan, plugin
from tests.qtcore.kernel.simulation import random_plan


def test_a_cycle_is_drawn() -> None:
    """A person sees the circle and one place to cut it."""
    wrong = plan(plugin("c", needs="a"), plugin("a", needs="b"), plugin("b", after="c"))
    (sentence,) = problems(wrong)
    assert "a → b → c → a" in sentence
    assert "take one out, for example a from c.needs" in sentence


def test_wants_may_go_in_circles() -> None:
    """Soft wishes order nothing, so they cannot contradict each other."""
    assert problems(plan(plugin("a", wants="b"), plugin("b", wants="a"))) == ()


def test_an_unknown_name_gets_a_suggestion() -> None:
    """A typing mistake is answered with what was probably meant."""
    (sentence,) = problems(plan(plugin("exchange"), plugin("feed", needs="exchagne")))
    assert sentence == "feed.needs names 'exchagne', which is no plugin; did you mean 'exchange'?"


def test_every_wrong_name_is_told_at_once() -> None:
    """Nobody has to repair one mistake to hear of the next."""
    plugins = {"a": PluginPlan("a", "nowhere", needs=frozenset({"a", "zzz"}))}
    sentences = problems(Plan(plugins, {"main": HostPlan("main")}))
    assert len(sentences) == 3
    assert any("names itself" in sentence for sentence in sentences)
    assert any("'nowhere', which is no host" in sentence for sentence in sentences)


def test_limits_that_forbid_everything_are_refused() -> None:
    """A plan in which nothing could ever start is a mistake; so is a posture that is not on the scale."""
    assert "nothing could ever start" in problems(plan(plugin("a"), starts_in_flight=0))[0]
    assert "'shy'" in problems(plan(plugin("a"), posture=SCALE, vital_posture="shy"))[0]


def test_a_wrong_plan_never_becomes_a_state() -> None:
    """Nothing is half started: the error comes before the first state."""
    with pytest.raises(ConfigurationError, match="a → b → a"):
        initial(plan(plugin("a", needs="b"), plugin("b", needs="a")))


def test_dependents_reach_over_several_steps() -> None:
    """Who is paused with a plugin: everything that needs it, however indirectly; soft wishes do not count."""
    graph = Graph.of(plan(plugin("a"), plugin("b", needs="a"), plugin("c", needs="b"), plugin("d", wants="a")))
    assert graph.dependents("a") == {"b", "c"}
    assert graph.companions["a"] == {"d"}


def test_what_a_vital_plugin_needs_is_vital_too() -> None:
    """A vital plugin cannot be kept when what it stands on may be given up."""
    graph = Graph.of(plan(plugin("base"), plugin("middle", needs="base"), plugin("guard", needs="middle", vital=True)))
    assert graph.vital == {"base", "middle", "guard"}


def test_vital_plugins_come_first_where_they_may() -> None:
    """Within a level of the start order the plugins that protect start before the others."""
    graph = Graph.of(plan(plugin("a"), plugin("b"), plugin("z", vital=True), plugin("y", needs="z")))
    assert graph.order == ("z", "a", "b", "y")


@given(st.integers(0, 10_000))
def test_the_start_order_respects_every_edge(seed: int) -> None:
    """Each plugin comes after all that it needs or follows; each is there once."""
    random = random_plan(Random(seed))
    order = Graph.of(random).order
    assert sorted(order) == sorted(random.plugins)
    for name, each in random.plugins.items():
        assert all(order.index(other) < order.index(name) for other in each.needs | each.after)
