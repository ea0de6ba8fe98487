"""The audit of a configuration: what no plugin can see alone, and how secrets are shown in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, ValidationError, field_validator

from qtcore import Settings, impossible, means
from qtcore.config.audit import audit_document, audit_problems
from qtcore.config.audit_findings import findings_of
from qtcore.config.configuration import Configuration
from qtcore.config.effective import EffectiveValue
from qtcore.config.limits import comparable, owner_problems
from qtcore.config.manifest import Manifest
from qtcore.config.meaning import Meaning
from qtcore.config.overrides import Source, SourceKind
from qtcore.config.periods import freshness_problems
from qtcore.config.problem import ConfigurationRefused, Weight
from qtcore.config.shape import misfits

Load = Callable[..., Configuration]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

TEXT = """
version: 1
plugins:
  guard: {use: toy.guard, settings: {positions: 4}}
  taker: {use: toy.taker}
  idle: {use: toy.idle, enabled: false, settings: {size: 3}}
"""


class Inner(Settings):
    least: float = 0.3


class Guard(Settings):
    positions: PositiveInt = Field(default=4, json_schema_extra=means("limit.positions"))
    net: float = Field(default=1.5, json_schema_extra=means("limit.net"))
    age_s: PositiveFloat = Field(default=10.0, json_schema_extra=means(judges="taker.look_s"))
    inner: Inner = Inner()


class Taker(Settings):
    positions: PositiveInt = Field(default=4, json_schema_extra=means("limit.positions"))
    net: float = Field(default=1.2, json_schema_extra=means("limit.net", within=True))
    look_s: PositiveFloat = Field(default=4.0, json_schema_extra=means(least_s=0.5))
    key: SecretStr = SecretStr("")
    url: str = ""


def _manifests(**settings: type[Settings]) -> dict[str, Manifest]:
    return {
        name: Manifest(name=name, use=f"toy.{name}", settings_schema=kind.model_json_schema())
        for name, kind in settings.items()
    }


MANIFESTS = _manifests(guard=Guard, taker=Taker)


def _told(load: Load, environment: dict[str, str] | None = None, text: str = TEXT) -> list[tuple[str, str | None, str]]:
    found = audit_problems(load(text, environment or {}), MANIFESTS)
    return [(problem.weight.value, problem.code, problem.sentence) for problem in found]


def test_one_limit_with_two_values_is_doubtful_and_names_both(load: Load) -> None:
    """Neither is more right than the other; the place of each is told."""
    (told,) = [told for told in _told(load, {"QT_TAKER__POSITIONS": "6"}) if "positions" in told[2]]
    assert told[:2] == ("finding", "QT-CONFIG-OWNERS")
    assert 'guard.positions is 4 (plugins.yaml:3:38), taker.positions is "6" (QT_TAKER__POSITIONS)' in told[2]


def test_one_limit_with_one_value_is_a_note(load: Load) -> None:
    """Whoever changes one should know of the other."""
    (told,) = [told for told in _told(load) if "positions" in told[2]]
    assert told[0] == "note"
    assert "guard.positions and taker.positions say the same" in told[2]


def test_a_margin_inside_a_limit_may_be_stricter_and_not_looser(load: Load) -> None:
    """1.2 within 1.5 is meant; 2 would never be reached."""
    assert not [told for told in _told(load) if "net" in told[2]]
    (told,) = [told for told in _told(load, {"QT_TAKER__NET": "2"}) if "net" in told[2]]
    assert told[:2] == ("finding", "QT-CONFIG-OWNERS")
    assert "looser than guard.net" in told[2]


def test_an_age_shorter_than_the_period_it_judges_is_doubtful(load: Load) -> None:
    """What comes every 4 s is not old after 5."""
    assert not [told for told in _told(load, {"QT_GUARD__AGE_S": "6"}) if told[1] == "QT-CONFIG-FRESHNESS"]
    (told,) = [told for told in _told(load, {"QT_GUARD__AGE_S": "5"}) if told[1] == "QT-CONFIG-FRESHNESS"]
    assert "judges taker.look_s, whose period is 4 s" in told[2]
    assert "at least 6 s" in told[2]


def test_an_interval_that_would_be_a_busy_loop_is_refused_and_a_short_one_doubted(load: Load) -> None:
    """A division that came to 0 once made a loop that did nothing else."""
    busy = [told for told in _told(load, {"QT_TAKER__LOOK_S": "0.001"}) if told[1] == "QT-CONFIG-INTERVAL"]
    short = [told for told in _told(load, {"QT_TAKER__LOOK_S": "0.2"}) if told[1] == "QT-CONFIG-INTERVAL"]
    assert [told[0] for told in busy + short] == ["error", "finding"]
    assert "busy loop" in busy[0][2]


def test_settings_of_a_plugin_that_is_off_change_nothing_and_are_named(load: Load) -> None:
    """As a note where the file says it: switching a plugin off should not need its settings removed."""
    assert ("note", "QT-CONFIG-UNUSED") in {told[:2] for told in _told(load) if "idle.size" in told[2]}


def test_a_password_in_an_address_of_the_file_is_refused(load: Load) -> None:
    """Settings are read by everybody; the sentence does not repeat it."""
    text = TEXT.replace("{use: toy.taker}", "{use: toy.taker, settings: {url: 'pg://bob:hunter22@db/x'}}")
    (told,) = [told for told in _told(load, text=text) if told[0] == "error"]
    assert "carries a password" in told[2]
    assert "hunter22" not in told[2]


def test_the_document_shows_secrets_by_fingerprint_and_names_what_was_used(load: Load) -> None:
    """Two readers can compare whether they mean one key, and cannot use it."""
    environment = {"QT_TAKER__KEY": "hunter22hunter22", "QT_TAKER__URL": "pg://bob:swordfish@db/x"}
    configuration = load(TEXT, environment)
    document = audit_document(configuration, MANIFESTS, audit_problems(configuration, MANIFESTS), NOON)
    values = {value.name: value for value in document.values}
    assert values["taker.key"].secret
    assert str(values["taker.key"].value).startswith("sha256:")
    assert values["guard.inner.least"].value == 0.3
    assert {"QT_TAKER__KEY", "QT_TAKER__URL"} <= {*document.environment}
    assert "hunter22" not in document.model_dump_json()
    assert "swordfish" not in document.model_dump_json()
    assert document.file_sha256 == configuration.sha256


def test_the_fingerprint_of_a_configuration_changes_with_any_value(load: Load) -> None:
    """And with nothing else."""

    def fingerprint(environment: dict[str, str]) -> str:
        return audit_document(load(TEXT, environment), MANIFESTS, (), NOON).fingerprint

    assert fingerprint({}) == fingerprint({})
    assert fingerprint({}) != fingerprint({"QT_GUARD__POSITIONS": "5"})


def test_doubts_become_findings_with_cause_and_fix(load: Load) -> None:
    """Each has a subject of its own, so that two are not one."""
    configuration = load(TEXT, {"QT_TAKER__POSITIONS": "6", "QT_TAKER__NET": "2"})
    found = list(findings_of(audit_problems(configuration, MANIFESTS)))
    assert len({finding.fingerprint for finding in found}) == len(found) == 2
    assert all(finding.cause and finding.fix and finding.remedies for finding in found)


def test_a_value_with_a_comment_in_it_is_refused(refused: Callable[..., list[str]]) -> None:
    """Environment files have no comments behind values."""
    text = TEXT.replace("version: 1", "version: 1\naliases: {SLOTS: {sets: [guard.positions, taker.positions]}}")
    (told,) = refused(text, {"SLOTS": "4 # slots"})
    assert told == 'SLOTS: "4 # slots" ends in a comment, which is taken as a part of it; write the value alone'


def test_a_secret_with_a_comment_in_it_is_not_repeated(refused: Callable[..., list[str]]) -> None:
    """The name says what it is."""
    (told,) = refused(TEXT, {"QT_TAKER__KEY": "hunter22 # mine"})
    assert "hunter22" not in told


def test_a_validator_may_say_which_finding_its_refusal_is() -> None:
    """So that a chain of thresholds that lets nothing through is known as one."""

    class Chain(Settings):
        least: float = 0.0

        @field_validator("least")
        @classmethod
        def _passes(cls, least: float) -> float:
            if least > 0.65:
                raise impossible("QT-CONFIG-CHAIN", "nothing reaches {least}")
            return least

    with pytest.raises(ValidationError) as caught:
        Chain(least=0.7)
    (misfit,) = misfits(caught.value, Chain)
    assert (misfit.code, misfit.sentence) == ("QT-CONFIG-CHAIN", "nothing reaches {least}")


def _value(name: str, value: Any, **meaning: Any) -> EffectiveValue:
    return EffectiveValue(name, value, Source(SourceKind.DEFAULT, "default"), meaning=Meaning(**meaning))


@given(st.floats(0.1, 1000), st.floats(0.1, 1000), st.floats(0.5, 500))
def test_on_one_clock_the_speed_of_the_market_decides_nothing_above_two_seconds(
    limit_s: float, period_s: float, speed: float
) -> None:
    """Limit and period in market time shrink together; real limits are never below two seconds."""
    values = [
        _value("venue.speed", speed, group="clock.market_speed"),
        _value("a.age_s", limit_s, judges=period_s, judges_market=True, market=True),
    ]
    doubted = list(freshness_problems(values))
    assert bool(doubted) == (max(limit_s / speed, 2.0) < 1.5 * period_s / speed)


def test_a_market_that_runs_as_fast_as_it_can_has_no_real_period() -> None:
    """Nothing is said where nothing can be known."""
    values = [
        _value("venue.speed", "max", group="clock.market_speed"),
        _value("a.age_s", 0.001, judges=60.0, judges_market=True),
    ]
    assert list(freshness_problems(values)) == []


@given(st.lists(st.integers(0, 3), min_size=2, max_size=5))
def test_owners_are_doubted_exactly_when_they_differ(limits: list[int]) -> None:
    """Whoever writes a value as text means the same."""
    values = [
        _value(f"p{index}.limit", limit if index % 2 else str(limit), group="limit")
        for index, limit in enumerate(limits)
    ]
    (problem,) = owner_problems(values)
    assert (problem.weight is Weight.FINDING) == (len(set(limits)) > 1)


def test_durations_with_a_unit_are_seconds() -> None:
    """A candle of "1m" and one of 60 are one length."""
    assert comparable("1m") == comparable(60) == comparable("60")


def test_the_refusal_is_one_of_configuration(load: Load) -> None:
    """Whatever the audit calls an error ends with the exit code of wrong configuration."""
    with pytest.raises(ConfigurationRefused):
        load(TEXT, {"QT_GUARD__POSITIONS": "4 # four"})
