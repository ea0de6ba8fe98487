"""Every problem of `plugins.yaml` is one sentence with its place and the cure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Refused = Callable[..., list[str]]

GOOD = """
version: 1
application: {name: Test, mode: paper, modes: [paper, live]}
posture: {levels: [normal, reduce_only], required: [guard], when_unknown: reduce_only, vital: reduce_only}
options: {market: feed.market}
hosts:
  data: {loop_limit_s: 2}
plugins:
  feed:
    use: toy.feed
    host: data
    needs: [guard]
    settings: {market: simulated}
  guard:
    use: toy.guard
"""


def test_good_configuration_has_defaults_and_sources(load: Callable[..., object]) -> None:
    """What the file says is in force, the rest has its documented default, and both know where they come from."""
    configuration = load(GOOD)
    feed = configuration.sections.plugins["feed"]
    assert (feed.host, feed.restart.max_restarts, feed.settings) == ("data", 5, {"market": "simulated"})
    assert configuration.source(("plugins", "feed", "settings", "market")).where == "plugins.yaml:12:16"
    assert configuration.source(("plugins", "feed", "autonomy")).where == "default"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "settings: {market",
            "setings: {market",
            'plugins.yaml:12:5: plugin feed: unknown key "setings", did you mean "settings"?',
        ),
        ("hosts:", "host:", 'plugins.yaml:5:1: unknown key "host", did you mean "hosts"?'),
        (
            "loop_limit_s: 2",
            "loop_limit_s: fast",
            'plugins.yaml:6:24: "loop_limit_s" should be a valid number, unable to parse string as a number, '
            'and is "fast"',
        ),
        (
            "loop_limit_s: 2",
            "loop_limit_s: -1",
            'plugins.yaml:6:24: "loop_limit_s" should be greater than 0, and is -1',
        ),
        (
            "use: toy.guard",
            "enabled: true",
            'plugins.yaml:13:3: plugin guard: "use" is missing (`package.module` with one plugin class, '
            "or `package.module:Class`)",
        ),
        ("host: data", "host: dat", 'plugins.yaml:10:11: plugin feed: host "dat" is not declared under "hosts"'),
        ("needs: [guard]", "needs: [gard]", 'plugins.yaml:11:13: plugin feed: "needs" names unknown plugin "gard"'),
        ("needs: [guard]", "needs: guard", 'plugins.yaml:11:12: plugin feed: "needs" should be a list, and is "guard"'),
        ("needs: [guard]", "needs: [feed]", 'plugins.yaml:11:13: plugin feed: "needs" names the plugin itself'),
        ("when_unknown: reduce_only", "when_unknown: reduce", 'posture.when_unknown "reduce" is not one of the levels'),
        (
            "required: [guard]",
            "required: [gard]",
            'posture.required names unknown plugin "gard", did you mean "guard"?',
        ),
        (
            "mode: paper,",
            "mode: papr,",
            'application.mode "papr" is no mode of this application, did you mean "paper"?',
        ),
        ("market: feed.market", "market: fed.market", '"market" sets fed.market, but there is no plugin "fed"'),
        ("market: feed.market", "market: market", '"market" is not accepted: it should name a setting'),
        ("  guard:", "  Guard:", 'plugins.yaml:13:3: "Guard" cannot be a name here'),
        ("  guard:", "  guard__x:", '"guard__x" holds "__", which separates names in variables; use a single _'),
        ("version: 1", "version: 9", 'plugins.yaml:1:10: "version" should be 1, and is 9'),
        (
            "use: toy.guard",
            "use: toy.guard\n    enabled: false",
            'plugins.yaml:11:13: plugin feed: it needs "guard", which is disabled; enable it or disable this one too',
        ),
    ],
)
def test_each_mistake_is_one_sentence(refused: Refused, old: str, new: str, sentence: str) -> None:
    """The mistake is named with file, line, column, plugin and cure."""
    assert GOOD.count(old) >= 1
    said = refused(GOOD.replace(old, new))
    assert any(sentence in line for line in said), said


def test_a_cycle_is_drawn(refused: Refused) -> None:
    """Plugins that wait for each other are shown in a circle."""
    text = GOOD.replace("use: toy.guard", "use: toy.guard\n    after: [feed]")
    assert refused(text) == [
        "plugins.yaml:8:3: the plugins wait for each other in a circle: feed → guard → feed; "
        "remove one of these needs or after"
    ]


def test_all_mistakes_are_told_at_once(refused: Refused) -> None:
    """Nobody has to start ten times to see ten mistakes."""
    text = GOOD.replace("host: data", "host: dat").replace("mode: paper,", "mode: papr,")
    assert len(refused(text)) == 2


def test_an_empty_file_is_refused(refused: Refused) -> None:
    """An empty file is told for what it lacks."""
    assert refused("") == ["plugins.yaml:1:1: the whole should be a mapping of keys to values, and is empty"]
