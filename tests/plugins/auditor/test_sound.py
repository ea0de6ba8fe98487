"""What holds of all rules: none says anything of a sound scene, and none takes blindness for health."""

from __future__ import annotations

import re

import pytest

from plugins.auditor import Auditor
from plugins.auditor.rules import RULES, Rule
from plugins.auditor.view import Scene
from tests.conftest import Paths
from tests.plugins.auditor.conftest import moment

NAMES = [rule.name for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_sound_scene_raises_no_suspicion(rule: Rule, sound: Scene) -> None:
    """Everybody says the same, and every stop is where it belongs."""
    assert rule.check(sound, moment()).suspicions == ()


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_rule_that_sees_nothing_says_so(rule: Rule) -> None:
    """Nothing is known: nothing is suspicious, and nothing was looked at."""
    seen = rule.check(Scene(), moment())
    assert seen.suspicions == ()
    assert seen.unseen or seen.looked_at <= 1


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_rule_names_incidents_that_really_happened(rule: Rule, paths: Paths) -> None:
    """By their numbers in the catalogue, as the module's first line does."""
    assert rule.incidents
    assert all(re.fullmatch(r"[A-J]\d+", name) for name in rule.incidents)


def test_names_and_kinds_are_unambiguous() -> None:
    """No name twice, and each kind of finding is declared for the catalogue."""
    assert len(set(NAMES)) == len(NAMES)
    declared = {kind.code for kind in Auditor.findings()}
    assert {kind.code for rule in RULES for kind in rule.kinds} < declared


def test_no_rule_lowers_anything_and_repairs_are_declared() -> None:
    """A rule may claim a stricter posture, and ask only for actions that the plugin declares to call."""
    assert {rule.repair for rule in RULES} - {""} <= set(Auditor.calls)
