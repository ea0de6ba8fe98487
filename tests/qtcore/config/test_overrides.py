"""Values from the environment and from options, and what they may not do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Refused = Callable[..., list[str]]

TEXT = """
version: 1
application: {mode: paper, modes: [paper, live]}
options: {market: feed.market}
aliases:
  QT_MAX_AGE: feed.max_age_s
  OLD_PAPER: {sets: application.mode, values: {"true": paper, "false": live}}
  OLD_TESTNET: {sets: application.mode, values: {"true": live, "false": [paper, test]}}
plugins:
  feed:
    use: toy.feed
    settings: {max_age_s: 1, nested: {a: 1, b: 2}}
"""


def _feed(configuration: object) -> dict[str, object]:
    settings: dict[str, object] = configuration.sections.plugins["feed"].settings
    return settings


def test_environment_overrides_settings(load: Callable[..., object]) -> None:
    """A variable replaces one setting, nested ones too, and is its source from then on."""
    configuration = load(TEXT, {"QT_FEED__MAX_AGE_S": "7", "QT_FEED__NESTED__B": "9", "QT_FEED__NEW": "[1, x]"})
    assert _feed(configuration) == {"max_age_s": "7", "nested": {"a": 1, "b": "9"}, "new": [1, "x"]}
    assert configuration.source(("plugins", "feed", "settings", "nested", "b")).where == "QT_FEED__NESTED__B"
    assert configuration.source(("plugins", "feed", "settings", "nested", "a")).where == "plugins.yaml:11:39"


def test_text_that_only_begins_like_a_list_stays_text(load: Callable[..., object]) -> None:
    """A password may begin with a bracket."""
    assert _feed(load(TEXT, {"QT_FEED__KEY": "[p4ss"}))["key"] == "[p4ss"


def test_alias_is_a_source_of_its_own(load: Callable[..., object]) -> None:
    """A name of old sets what it is declared to set."""
    configuration = load(TEXT, {"QT_MAX_AGE": "7", "OLD_PAPER": "TRUE"})
    assert _feed(configuration)["max_age_s"] == "7"
    assert configuration.mode == "paper"
    assert configuration.source(("application", "mode")).where == "OLD_PAPER"


def test_a_value_may_leave_a_choice_of_modes(load: Callable[..., object], refused: Refused) -> None:
    """Where the file's mode is among them it holds, and the file stays its source; else the start is refused."""
    configuration = load(TEXT, {"OLD_TESTNET": "false"})
    assert (configuration.mode, configuration.source(("application", "mode")).kind.value) == ("paper", "file")
    (problem,) = refused(TEXT.replace("mode: paper", "mode: live"), {"OLD_TESTNET": "false"})
    assert "says mode live, OLD_TESTNET says paper or test; make them agree" in problem


def test_only_the_mode_can_be_left_open(refused: Refused) -> None:
    """A setting has one value, so a list would say nothing."""
    (problem,) = refused(
        TEXT.replace("QT_MAX_AGE: feed.max_age_s", "QT_MAX_AGE: {sets: feed.max_age_s, values: {a: [b, c]}}")
    )
    assert "name one value" in problem


def test_options_win(load: Callable[..., object]) -> None:
    """What is typed on the command line is the last word."""
    configuration = load(TEXT, {"QT_FEED__MARKET": "recorded"}, {"market": "simulated"})
    assert _feed(configuration)["market"] == "simulated"


@pytest.mark.parametrize(
    ("environment", "options", "sentence"),
    [
        (
            {"QT_FED__MAX_AGE_S": "7"},
            {},
            'QT_FED__MAX_AGE_S: there is no plugin "fed" for this variable, did you mean "QT_FEED__MAX_AGE_S"?',
        ),
        (
            {"QT_MAX_AGE": "7", "QT_FEED__MAX_AGE_S": "8"},
            {},
            "QT_MAX_AGE and QT_FEED__MAX_AGE_S contradict each other about feed.max_age_s; unset one of them",
        ),
        (
            {"OLD_PAPER": "false"},
            {},
            "plugins.yaml:2:21 says mode paper, OLD_PAPER says live; make them agree",
        ),
        ({"OLD_PAPER": "maybe"}, {}, "OLD_PAPER: it must be one of true, false; correct it or unset it"),
        ({}, {"markt": "x"}, '--markt: plugins.yaml declares no such option, did you mean "--market"?'),
    ],
)
def test_what_does_not_fit_is_refused(
    refused: Refused, environment: dict[str, str], options: dict[str, str], sentence: str
) -> None:
    """Unknown plugins and options, contradictions and bad values are named by their variable."""
    said = refused(TEXT, environment, options)
    assert len(said) == 1
    assert said[0].startswith(sentence), said


def test_agreeing_sources_are_no_contradiction(load: Callable[..., object]) -> None:
    """Two variables may say the same."""
    assert _feed(load(TEXT, {"QT_MAX_AGE": "7", "QT_FEED__MAX_AGE_S": "7"}))["max_age_s"] == "7"
