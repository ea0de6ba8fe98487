"""Plugins that do not fit together are found before anything starts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qtcore.config.contract import RESERVED_COMMANDS, contract_problems
from qtcore.config.manifest import ActionSpec, CommandLine, Manifest, TopicUse
from qtcore.health.kinds import FindingKind
from qtcore.health.model import Remedy, Severity

TEXT = """
version: 1
options: {market: venue.market}
plugins:
  feed: {use: toy.feed}
  venue: {use: toy.venue}
"""

Load = Callable[..., object]


def _use(topic: str, schema: str = "a1", *, hard: bool = True) -> TopicUse:
    return TopicUse(topic=topic, schema_hash=schema, hard=hard)


def _action(name: str, command: str | None = None) -> ActionSpec:
    line = CommandLine(name=command, help="") if command else None
    return ActionSpec(name=name, parameters={}, result={}, command=line)


def _manifest(name: str, **declared: object) -> Manifest:
    schema = {"properties": {"market": {"type": "string"}}, "type": "object"}
    return Manifest.model_validate({"name": name, "use": f"toy.{name}", "settings_schema": schema, **declared})


def _told(load: Load, text: str, *manifests: Manifest) -> list[str]:
    found = contract_problems(load(text), {manifest.name: manifest for manifest in manifests})
    return [f"{problem.weight.value} {problem}" for problem in found]


def test_plugins_that_fit_have_no_problem(load: Load) -> None:
    """A written topic, a known action and a known setting are in order."""
    feed = _manifest("feed", reads=[_use("Tick")], calls=["venue.quote"])
    venue = _manifest("venue", writes=[_use("Tick")], actions=[_action("quote")])
    assert _told(load, TEXT, feed, venue) == []


def test_a_plugin_of_one_mode_refuses_another(load: Load) -> None:
    """What cannot work in this mode is named before the start, with both ways out."""
    live = "version: 1\napplication: {mode: live}\nplugins:\n  venue: {use: toy.venue}\n"
    (told,) = _told(load, live, _manifest("venue", modes=["paper"]))
    assert "works only in mode paper, and this would run in mode live" in told
    assert "set `enabled: false` for venue, or run in mode paper" in told
    assert _told(load, live.replace("toy.venue}", "toy.venue, enabled: false}"), _manifest("venue", modes=["p"])) == []
    assert _told(load, live, _manifest("venue", modes=["testnet", "live"])) == []


def test_hard_reader_without_writer_is_an_error(load: Load) -> None:
    """Nobody may wait for what nobody writes; the nearest written topic is offered."""
    feed, venue = _manifest("feed", reads=[_use("Tick")]), _manifest("venue", writes=[_use("Ticks")])
    assert _told(load, TEXT, feed, venue)[0] == (
        'error plugins.yaml:4:3: plugin feed: it reads Tick, which no enabled plugin writes, did you mean "Ticks"?'
    )


def test_soft_reader_without_writer_is_a_finding(load: Load) -> None:
    """What a plugin can do without does not stop the start."""
    feed = _manifest("feed", reads=[_use("Tick", hard=False)])
    (told,) = _told(load, TEXT, feed, _manifest("venue"))
    assert told.startswith("finding plugins.yaml:4:3: plugin feed: it would use Tick")


def test_disabled_writer_is_offered(load: Load) -> None:
    """A plugin that is off writes nothing, but may be what is missing."""
    text = TEXT.replace("{use: toy.venue}", "{use: toy.venue, enabled: false}")
    feed, venue = _manifest("feed", reads=[_use("Tick")]), _manifest("venue", writes=[_use("Tick")])
    assert _told(load, text, feed, venue)[0].endswith("which no enabled plugin writes; enable venue")


def test_other_shape_is_an_error(load: Load) -> None:
    """Reader and writer must mean the same class."""
    feed, venue = _manifest("feed", reads=[_use("Tick", "b2")]), _manifest("venue", writes=[_use("Tick", "a1")])
    assert (
        "it reads Tick in another shape (schema b2) than venue writes it (schema a1)"
        in _told(load, TEXT, feed, venue)[0]
    )


def test_writer_without_reader_is_a_note(load: Load) -> None:
    """Talking to nobody is allowed."""
    (told,) = _told(load, TEXT, _manifest("feed"), _manifest("venue", writes=[_use("Tick")]))
    assert told == "note plugins.yaml:5:3: plugin venue: it writes Tick, which nobody reads"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("venu.quote", 'it calls venu.quote, but there is no plugin "venu", did you mean "venue"?'),
        ("venue.quoe", 'it calls venue.quoe, but venue has no action "quoe", did you mean "quote"?'),
    ],
)
def test_calls_must_name_actions(load: Load, call: str, sentence: str) -> None:
    """A call to an unknown plugin or action is found before it is made."""
    venue = _manifest("venue", actions=[_action("quote")])
    assert sentence in _told(load, TEXT, _manifest("feed", calls=[call]), venue)[0]


def test_a_plugin_left_out_of_the_installation_may_be_called(load: Load) -> None:
    """What lacks a required module is off, not in the way of those that would call it; switched off, it is."""
    venue = _manifest("venue", actions=[_action("quote")])
    feed = _manifest("feed", calls=["venue.quote"])
    missing = TEXT.replace("{use: toy.venue}", "{use: toy.venue, requires: [no_such_module_here]}")
    assert _told(load, missing, feed, venue) == []
    there = TEXT.replace("{use: toy.venue}", "{use: toy.venue, requires: [json], enabled: false}")
    assert "venue is disabled" in _told(load, there, feed, venue)[0]


def test_any_action_of_a_plugin_may_be_declared(load: Load) -> None:
    """`venue.*` stands for all actions."""
    assert _told(load, TEXT, _manifest("feed", calls=["venue.*"]), _manifest("venue")) == []


def test_an_exclusive_plugin_cannot_be_configured_twice(load: Load) -> None:
    """Two copies would both believe to be the only one."""
    text = TEXT.replace("toy.feed", "toy.venue")
    feed = Manifest(name="feed", use="toy.venue", exclusive=True)
    (told,) = _told(
        load, text.replace("options: {market: venue.market}\n", ""), feed, _manifest("venue", exclusive=True)
    )
    assert told.endswith("plugin venue: it is the same exclusive plugin as feed (toy.venue); disable one of them")


def test_commands_are_unique_and_not_ours(load: Load) -> None:
    """Two plugins cannot offer one command, and none can take a command of qt."""
    feed = _manifest("feed", actions=[_action("a", "show"), _action("b", "status")])
    told = _told(load, TEXT, feed, _manifest("venue", actions=[_action("c", "show")]))
    assert any("feed.a and venue.c all offer the command" in line for line in told)
    assert any('feed.b offers the command "qt status", which belongs to qt itself' in line for line in told)


def test_options_must_name_settings(load: Load) -> None:
    """An option that sets nothing is a mistake."""
    text = TEXT.replace("venue.market", "venue.markt")
    (told,) = _told(load, text, _manifest("feed"), _manifest("venue"))
    assert told == (
        'error plugins.yaml:2:19: "market" sets venue.markt, but venue has no such setting, did you mean "market"?'
    )


def test_reserved_commands_are_those_of_qt() -> None:
    """Every command of the framework is kept from applications."""
    from qtcore.cli.commands import COMMANDS

    assert set(COMMANDS) <= RESERVED_COMMANDS


def test_a_variable_of_a_disabled_plugin_is_named(load: Load) -> None:
    """Continuous learning was switched on, and what it is for was not there."""
    text = (
        "version: 1\naliases: {OLD_LEARNING: feed.market, OLD_URL: venue.market}\n"
        "plugins:\n  feed: {use: toy.feed, enabled: false}\n  venue: {use: toy.venue}\n"
    )
    manifests = {name: _manifest(name) for name in ("feed", "venue")}
    found = contract_problems(load(text, {"OLD_LEARNING": "x", "OLD_URL": "x"}), manifests)
    (told,) = [str(problem) for problem in found]
    assert told.startswith("OLD_LEARNING: it is set, but feed, which it is for, is disabled; set `enabled: true` at ")
    assert "plugins.yaml:4" in told


def test_a_disabled_source_of_the_posture_is_named(load: Load) -> None:
    """Whose silence tightens the posture for ever is said before the start."""
    text = (
        "version: 1\nposture: {levels: [normal, reduce_only], required: [feed], when_unknown: reduce_only}\n"
        "plugins:\n  feed: {use: toy.feed, enabled: false}\n  venue: {use: toy.venue}\n"
    )
    (told,) = _told(load, text, _manifest("feed"), _manifest("venue"))
    assert told.startswith("finding ")
    assert "posture.required names feed, which is disabled, so the posture never gets above reduce_only" in told


def _kind(code: str = "QT-TOY-LOST", cause: str = "the map is old") -> FindingKind:
    return FindingKind(
        code=code,
        title="lost",
        severity=Severity.LOW,
        cause=cause,
        consequence="it is late",
        fix="turn around",
        verify="it is there",
        remedies=(Remedy.manual("qt status", "shows where it is"),),
    )


def test_a_code_means_one_thing(load: Load) -> None:
    """Two plugins may share a code with the same texts; with others, both are named."""
    feed = _manifest("feed", findings=(_kind(),))
    assert _told(load, TEXT, feed, _manifest("venue", findings=(_kind(),))) == []
    (told,) = _told(load, TEXT, feed, _manifest("venue", findings=(_kind(cause="the map burned"),)))
    said = "it declares QT-TOY-LOST with other texts than feed; rename one, or let both say the same"
    assert told == f"error plugins.yaml:5:3: plugin venue: {said}"


def test_codes_of_the_framework_are_its_own(load: Load) -> None:
    """A plugin cannot give another meaning to what the framework says."""
    (told,) = _told(load, TEXT, _manifest("feed", findings=(_kind("QT-PLUGIN-DOWN"),)), _manifest("venue"))
    assert "it declares QT-PLUGIN-DOWN with other texts than the framework" in told
