"""The judge of the drills sees what is wrong: each doctored observation fails for its own reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.drills.document import Drill
from qtcore.drills.judging import Heading, Observation, Refusal, figures_of, judged, share_below, together
from qtcore.drills.observing import Seen
from qtcore.drills.results import CheckLine, DrillRun, TwinResult

Doctor = Callable[[Observation], Observation]


def test_what_is_as_it_should_be_passes(drill: Drill, good: Observation) -> None:
    """Found, named, handled, over, and nothing else found or broken."""
    result = judged(drill, good)
    assert result.passed
    assert (result.detect_s, result.first, result.handle_s, result.recover_s) == (0.4, "QT-PLUGIN-DOWN", 2.0, 1.0)
    assert result.faults == ()


def finding(code: str = "QT-PLUGIN-DOWN", plugin: str = "worker", opened_s: float = 0.4) -> Seen:
    """One that the drill may or may not expect."""
    return Seen(code, plugin, "", opened_s)


DOCTORED: dict[str, tuple[Doctor, str, str]] = {
    "nothing found": (lambda o: replace(o, findings=()), "detected", "not detected"),
    "found of another plugin": (lambda o: replace(o, findings=(finding(plugin="reader"),)), "detected", "not detected"),
    "found too late": (lambda o: replace(o, findings=(finding(opened_s=5.1),)), "detected", "only after 5.1 s"),
    "found before the fault": (lambda o: replace(o, findings=(finding(opened_s=-1.0),)), "detected", "not detected"),
    "an effect stands first": (
        lambda o: replace(o, headings=(Heading(1.0, (("QT-A", "QT-PLUGIN-DOWN"),)),)),
        "cause_first",
        "QT-A stands first",
    ),
    "another cause stands first": (
        lambda o: replace(o, headings=(Heading(1.0, (("QT-Z",), ("QT-PLUGIN-DOWN", "QT-A"))),)),
        "cause_first",
        "QT-Z stands first",
    ),
    "not handled": (
        lambda o: replace(o, handling=(CheckLine(check="restarted", holds=False, wrong="it has no new life"),)),
        "handled",
        "it has no new life",
    ),
    "not over": (
        lambda o: replace(o, recovery=(CheckLine(check="running", holds=False, wrong="worker is away"),)),
        "recovered",
        "worker is away",
    ),
}


@pytest.mark.parametrize(("doctor", "field", "says"), DOCTORED.values(), ids=list(DOCTORED))
def test_one_thing_wrong_fails_that_thing(
    drill: Drill, good: Observation, doctor: Doctor, field: str, says: str
) -> None:
    """The verdict is lost in exactly the field that is about it, and a sentence says why."""
    result = judged(drill, doctor(good))
    assert not result.passed
    assert not getattr(result, field)
    assert any(says in fault for fault in result.faults)


def test_a_finding_that_nobody_declared_is_wrong(drill: Drill, good: Observation) -> None:
    """It does not matter that everything else is right."""
    result = judged(drill, replace(good, findings=(*good.findings, finding("QT-Z", "other"))))
    assert result.wrong_findings == ("QT-Z of other",)
    assert not result.passed


def test_an_expected_finding_before_the_fault_is_wrong(drill: Drill, good: Observation) -> None:
    """A decoy, or the system itself, has brought it about."""
    result = judged(drill, replace(good, findings=(*good.findings, finding(opened_s=-3.0))))
    assert result.wrong_findings == ("QT-PLUGIN-DOWN of worker (before the fault)",)


def test_what_is_true_undisturbed_is_neither_wrong_nor_first(drill: Drill, good: Observation) -> None:
    """A system may have findings of its own that everybody knows."""
    known = replace(
        good,
        known=frozenset({"QT-OLD"}),
        findings=(*good.findings, finding("QT-OLD", "other")),
        headings=(Heading(1.0, (("QT-OLD",), ("QT-PLUGIN-DOWN", "QT-A"))),),
    )
    assert judged(drill, known).passed


@pytest.mark.parametrize("kind", ["lost", "doubled", "naked", "loosened"])
def test_any_harm_fails(drill: Drill, good: Observation, kind: str) -> None:
    """One sentence of the outside judge is enough."""
    result = judged(drill, replace(good, harm={kind: ("an order",), "other": ()}))
    assert not result.passed
    assert result.harmed == (f"{kind}: an order",)


def test_a_drill_that_broke_off_proves_nothing(drill: Drill, good: Observation) -> None:
    """Not even that it was handled or is over."""
    result = judged(drill, replace(good, handling=(), recovery=(), error="the venue did not answer"))
    assert (result.handled, result.recovered, result.passed) == (False, False, False)


def test_the_last_report_with_the_fault_in_it_counts(drill: Drill, good: Observation) -> None:
    """What was named first for a moment and then put right is right; reports after it are not about it."""
    headings = (
        Heading(0.5, (("QT-A",),)),
        Heading(1.5, (("QT-PLUGIN-DOWN", "QT-A"),)),
        Heading(9.0, (("QT-Z",),)),
    )
    assert judged(drill, replace(good, headings=headings)).cause_first


def test_a_fault_that_is_over_before_any_report_is_named_by_what_opened_first(drill: Drill, good: Observation) -> None:
    """The journal has the order."""
    assert judged(drill, replace(good, headings=())).first == "QT-PLUGIN-DOWN"
    late = (finding("QT-A", "reader", 0.1), finding(opened_s=0.4))
    assert judged(drill, replace(good, headings=(), findings=late)).first == "QT-A"


@pytest.fixture
def refusing(drill: Drill) -> Drill:
    """A start that must be refused."""
    given: dict[str, Any] = {"exit": 64, "says": ["QT_ONE", "QT_TWO"]}
    return Drill.model_validate(
        {**drill.model_dump(exclude={"expect", "handled", "fault"}), "fault": {}, "expect": None, "refused": given}
    )


@pytest.mark.parametrize(
    ("refusal", "passes"),
    [
        (Refusal(64, "QT_ONE says this and QT_TWO that", 1.0), True),
        (Refusal(64, "QT_ONE is wrong", 1.0), False),
        (Refusal(69, "QT_ONE says this and QT_TWO that", 1.0), False),
        (Refusal(None, "it runs", 40.0), False),
        (Refusal(64, "QT_ONE says this and QT_TWO that", 5.5), False),
        (None, False),
    ],
)
def test_a_refusal_needs_its_code_its_words_and_its_time(
    refusing: Drill, good: Observation, refusal: Refusal | None, *, passes: bool
) -> None:
    """An exit code without the sentence that teaches is no refusal."""
    result = judged(refusing, replace(good, findings=(), headings=(), handling=(), refusal=refusal))
    assert result.passed is passes
    assert result.detected is passes


def test_figures_count_what_failed(drill: Drill, good: Observation) -> None:
    """Shares are of all drills that were run; harm and twins are summed."""
    broken = judged(drill, replace(good, findings=(), harm={"lost": ("one", "two")}))
    twin = TwinResult(
        system="small", drills=("B14",), lasted_s=30, raised=("QT-Z of other",), harm={"lost": ("three",)}
    )
    figures = figures_of([judged(drill, good), broken], [twin])
    assert (figures.run, figures.passed, figures.detected, figures.handled) == (2, 1, 1, 2)
    assert (figures.twins, figures.twins_raised, figures.harm) == (1, 1, {"lost": 3})
    assert not twin.passed


@given(st.lists(st.floats(0, 100), min_size=1), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_a_value_that_occurred(values: list[float], share: float) -> None:
    """At least that share of all values is not above it, and less is below it."""
    found = share_below(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


def test_of_several_runs_the_last_word_on_each_drill_counts(drill: Drill, good: Observation) -> None:
    """Figures are those of what is shown."""
    failed, passed = judged(drill, replace(good, findings=())), judged(drill, good)
    runs = [
        DrillRun(
            schema=1,
            at=datetime(2025, 1, 1, tzinfo=UTC),
            version="1",
            machine=f"machine {number}",
            seed=1,
            took_s=60.0,
            figures=figures_of([result], []),
            drills=(result,),
            twins=(),
            not_yet={"A1": "one"},
        )
        for number, result in enumerate((failed, passed))
    ]
    one = together(runs)
    assert [result.passed for result in one.drills] == [True]
    assert (one.figures.passed, one.took_s, one.machine) == (1, 120.0, "machine 0; machine 1")
