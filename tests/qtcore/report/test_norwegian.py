"""Norwegian: everything that is always said the same has a translation, with the same gaps to fill."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest
import yaml

import qtcore.report
from qtcore.config.problem import Weight
from qtcore.health.model import Finding, HealingOutcome, Rung, Severity, Status
from qtcore.health.questions import QUESTIONS
from qtcore.health.score import score_overall, score_plugin
from qtcore.kernel.words import Autonomy, Lifecycle
from qtcore.report.words import Language, Words, framework_texts
from tests.qtcore.report.fixed_texts import fixed_texts

NORWEGIAN = Words.of(Language.NO)
SETS: list[type[StrEnum]] = [Status, Severity, Lifecycle, Autonomy, Rung, HealingOutcome, Weight]


def test_every_fixed_text_has_a_translation() -> None:
    """Found in the source, so that a new sentence cannot be forgotten."""
    texts = fixed_texts()
    assert len(texts) > 100
    assert sorted(texts - framework_texts().keys()) == []


@pytest.mark.parametrize("closed", SETS, ids=lambda closed: closed.__name__)
def test_every_word_of_a_closed_set_has_a_translation(closed: type[StrEnum]) -> None:
    """Statuses, severities, lifecycles and the like."""
    assert [word.value for word in closed if word.value not in framework_texts()] == []
    assert [name for name in QUESTIONS if name not in framework_texts()] == []


def test_translations_have_the_gaps_of_their_texts() -> None:
    """A placeholder that is lost or new would raise, or leave something unsaid."""
    for text, translated in framework_texts().items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", translated)), text


def test_no_text_is_translated_twice() -> None:
    """The later one would win without anybody noticing."""
    path = Path(qtcore.report.__file__).with_name("norwegian.yaml")
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode)
    keys = [str(key.value) for key, _value in node.value]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("severity", list(Severity))
def test_every_deduction_and_every_cap_is_translated(status: Status, severity: Severity) -> None:
    """The score's reasons are made at run time, and fit templates."""
    finding = Finding(code="QT-X", severity=severity, summary="s")
    scored = score_plugin("feed", status, [finding], 7, vital=True)
    for lost in scored.deductions:
        assert NORWEGIAN.said(lost.reason) != lost.reason or lost.reason.startswith("status "), lost.reason
    for cap in score_overall([scored], [finding]).caps:
        _at, _, reason = cap.reason.partition(": ")
        assert NORWEGIAN.said(reason) != reason, reason


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567, "1 234 567"), (1234.56, "1 234,6"), (0.52, "0,52"), (3, "3"), (True, "ja"), (None, "-")],
)
def test_figures_are_set_as_norwegians_expect(value: float | bool | None, text: str) -> None:
    """A comma for the fraction, a space that does not break between thousands."""
    assert NORWEGIAN.value(value) == text.replace(" ", "\N{NO-BREAK SPACE}")


def test_a_number_that_names_something_is_no_quantity() -> None:
    """A process is not 21,824 of anything."""
    evidence = {"pid": 21824, "host_pid": 7_654_321, "bytes": 21824, "ok": True}
    assert Words().value(evidence) == "pid 21824, host_pid 7654321, bytes 21,824, ok yes"


@pytest.mark.parametrize(("seconds", "text"), [(7500, "2 t 5 min"), (0.25, "0,250 s"), (90_000, "1 d 1 t"), (8, "8 s")])
def test_durations(seconds: float, text: str) -> None:
    """Hours are timer."""
    assert NORWEGIAN.duration(seconds) == text


def test_one_and_many() -> None:
    """Both forms, by the number."""
    one, many = "{n} finding is open", "{n} findings are open"
    assert NORWEGIAN.plural(1, one, many) == "1 funn er åpent"
    assert NORWEGIAN.plural(1200, one, many) == "1\N{NO-BREAK SPACE}200 funn er åpne"
    assert Words().plural(1, one, many) == "1 finding is open"


@pytest.mark.parametrize(
    ("said", "norwegian"),
    [
        ("starting: its delay is over", "starter: ventetiden er over"),
        ("degraded: feed, models", "svekket: feed, models"),
        (
            "was not ready within 30 s (end 2 in 60 s, 5 allowed); starts again in 17 s",
            "ble ikke klar innen 30 s (slutt 2 på 60 s, 5 tillatt); starter igjen om 17 s",
        ),
        ("supervisor: risk_guard (vital) is starting", "overvåkeren: risk_guard (livsviktig): starter"),
        (
            "lost its host analysis to history (was asked to stop (killed)); starts again at once",
            "mistet prosessen analysis på grunn av history (was asked to stop (killed)); starter igjen straks",
        ),
        ("feed is stale: no candle", "feed is stale: no candle"),
    ],
)
def test_what_the_framework_says_at_run_time_fits_templates(said: str, norwegian: str) -> None:
    """Also one within another; what a plugin says stays as it said it."""
    assert NORWEGIAN.said(said) == norwegian
    assert Words().said(said) == said
