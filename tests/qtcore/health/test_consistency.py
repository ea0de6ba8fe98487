"""Two truths about one thing are found, and a change that only one side has heard of is none."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from qtcore.health.consistency import MARGIN_S, SETTLED_S, Disagreement, Memory, Statement, compare, shared_facts


@dataclass
class World:
    """Plugins that are asked on their cadence, and compared each second."""

    cadences: dict[str, float]
    says: dict[str, JsonValue]
    now_s: float = 0.0
    memory: Memory = field(default_factory=Memory)
    heard: dict[str, Statement] = field(default_factory=dict)
    found: tuple[Disagreement, ...] = ()

    def run(self, seconds: float, *, asks_again: bool = True) -> None:
        for _ in range(int(seconds)):
            self.now_s += 1
            for name, cadence_s in self.cadences.items():
                last = self.heard.get(name)
                if name in self.says and (last is None or self.now_s - last.heard_s >= cadence_s):
                    self.hear(name)
            said = {"db.path": [statement for name, statement in self.heard.items() if name in self.says]}
            self.memory, self.found, ask = compare(said, self.memory, self.now_s)
            for name in ask if asks_again else ():
                self.hear(name)

    def hear(self, name: str) -> None:
        self.heard[name] = Statement(name, 1, self.says[name], self.now_s, self.cadences[name])


def test_a_name_with_a_dot_is_shared() -> None:
    assert shared_facts({"a.b": 1, "a": 2, "c.d": None}) == {"a.b": 1}


def test_two_settings_that_differ_are_found_within_seconds() -> None:
    world = World({"database": 10.0, "models": 30.0}, {"database": "/a", "models": "/b"})
    world.run(SETTLED_S + 2)
    (found,) = world.found
    assert found.fact == "db.path"
    assert [(item.plugin, item.value) for item in found.statements] == [("database", "/a"), ("models", "/b")]


def test_everybody_who_speaks_of_it_is_named() -> None:
    world = World(dict.fromkeys("abc", 5.0), {"a": 1, "b": 1, "c": 2})
    world.run(10)
    assert [item.plugin for item in world.found[0].statements] == ["a", "b", "c"]


def test_what_both_say_alike_is_no_finding() -> None:
    world = World({"a": 5.0, "b": 5.0}, {"a": {"x": 1, "y": 2}, "b": {"y": 2, "x": 1}})
    world.run(60)
    assert not world.found


def test_a_change_that_one_hears_a_cadence_later_is_no_finding() -> None:
    world = World({"a": 5.0, "b": 30.0}, {"a": 1, "b": 1})
    world.run(60)
    world.says["a"] = 2
    world.run(5 + 30)
    assert not world.found
    world.says["b"] = 2
    world.run(60)
    assert not world.found


def test_one_that_never_hears_of_the_change_is_found_after_both_cadences() -> None:
    world = World({"a": 5.0, "b": 10.0}, {"a": 1, "b": 1})
    world.run(60)
    world.says["a"] = 2
    world.run(5 + 5 + 10 + MARGIN_S + 1)
    assert world.found


def test_who_does_not_run_says_nothing() -> None:
    world = World({"a": 5.0, "b": 5.0}, {"a": 1, "b": 2})
    world.run(10)
    assert world.found
    del world.says["b"]
    world.run(1)
    assert not world.found


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 30)), max_size=20), st.integers(1, 10))
def test_sides_that_follow_each_other_within_a_cadence_never_disagree_for_long(
    changes: list[tuple[str, int]], cadence_s: int
) -> None:
    """Whoever leads, the other one follows within its cadence."""
    world = World({"a": float(cadence_s), "b": float(cadence_s)}, {"a": 0, "b": 0})
    world.run(30)
    for number, (leader, pause_s) in enumerate(changes):
        world.says[leader] = number
        world.run(cadence_s, asks_again=False)
        world.says["b" if leader == "a" else "a"] = number
        world.run(pause_s)
        assert not world.found
