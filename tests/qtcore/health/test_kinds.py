"""What is always true of a code is said once, and reaches every finding of that code."""

from __future__ import annotations

from qtcore.health.kinds import Catalogue, FindingKind
from qtcore.health.model import Finding, Remedy, Severity

KIND = FindingKind(
    code="QT-TEST-LOST",
    title="it has lost its way",
    severity=Severity.MEDIUM,
    cause="the map is old",
    consequence="{subject} is not reached",
    fix="`qt call {plugin}.find` with {subject}",
    verify="`qt status` shows {plugin} healthy",
    remedies=(Remedy.safe("call {plugin}.find", "looks for {subject} anew", "{subject} is found"),),
)
CATALOGUE = Catalogue([KIND])


def test_what_was_seen_is_said_and_the_rest_comes_from_the_kind() -> None:
    """Severity and cause may be known better than usual."""
    found = KIND.found("lost for 3 s", severity=Severity.HIGH, cause="the map burned", evidence={"for_s": 3})
    assert (found.code, found.severity, found.summary) == ("QT-TEST-LOST", Severity.HIGH, "lost for 3 s")
    assert (found.title, found.cause) == ("it has lost its way", "the map burned")


def test_names_are_filled_in_once_they_are_known() -> None:
    """A plugin names the subject; who it is, the supervisor knows."""
    found = KIND.found("lost", subject="BTCUSDT")
    assert found.consequence == "BTCUSDT is not reached"
    assert found.fix == "`qt call {plugin}.find` with BTCUSDT"
    known = CATALOGUE.complete(found.model_copy(update={"plugin": "scout"}))
    assert known.fix == "`qt call scout.find` with BTCUSDT"
    assert known.remedies == (Remedy.safe("call scout.find", "looks for BTCUSDT anew", "BTCUSDT is found"),)
    assert CATALOGUE.complete(known) == known


def test_a_bare_finding_is_completed_and_a_stranger_is_kept() -> None:
    """What a plugin says itself outranks its kind; a code that nobody declared stays as it was said."""
    bare = Finding(code="QT-TEST-LOST", severity=Severity.LOW, summary="lost", plugin="scout", fix="turn around")
    full = CATALOGUE.complete(bare)
    assert (full.severity, full.fix, full.cause) == (Severity.LOW, "turn around", "the map is old")
    stranger = bare.model_copy(update={"code": "QT-TEST-OTHER"})
    assert CATALOGUE.complete(stranger) == stranger


def test_a_finding_is_translated_with_its_names() -> None:
    """A translation is of the text with placeholders; what was said at run time stays as said."""
    norwegian = {
        "the map is old": "kartet er gammelt",
        "{subject} is not reached": "{subject} nås ikke",
        "looks for {subject} anew": "leter etter {subject} på nytt",
    }
    found = CATALOGUE.complete(KIND.found("lost", subject="veien").model_copy(update={"plugin": "speider"}))
    told = CATALOGUE.translated(found, norwegian)
    assert (told.cause, told.consequence, told.summary) == ("kartet er gammelt", "veien nås ikke", "lost")
    assert told.remedies[0].effect == "leter etter veien på nytt"
    assert told.fix == found.fix


def test_texts_are_what_a_translation_must_have() -> None:
    """Acts are not texts: they are typed."""
    assert set(KIND.texts) == {
        "it has lost its way",
        "the map is old",
        "{subject} is not reached",
        "`qt call {plugin}.find` with {subject}",
        "`qt status` shows {plugin} healthy",
        "looks for {subject} anew",
        "{subject} is found",
    }
