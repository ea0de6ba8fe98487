"""Effects are folded under the deepest failing cause, whatever depends on whatever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from qtcore.health.cause import LATE_S, Group, Relations, fold, upstreams
from qtcore.health.model import Finding, Reach, Severity

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HIGH, MEDIUM, LOW, CRITICAL = Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.CRITICAL
TRADER = {
    "venue": Relations("venue"),
    "exchange": Relations("exchange", wants=frozenset({"venue"}), reads_from=frozenset({"universe"})),
    "feed": Relations("data", wants=frozenset({"venue"})),
    "database": Relations("data", wants=frozenset({"exchange"})),
    "universe": Relations("main", wants=frozenset({"exchange", "feed"})),
    "models": Relations("models", needs=frozenset({"database"}), wants=frozenset({"feed", "universe"})),
    "executor": Relations("main", needs=frozenset({"database"}), reads_from=frozenset({"models", "exchange"})),
}


def found(plugin: str | None, code: str, severity: Severity = HIGH, *, after_s: float = 0.0, **more: object) -> Finding:
    opened = NOON + timedelta(seconds=after_s)
    return Finding(code=code, severity=severity, summary=code, plugin=plugin, opened_at=opened).model_copy(update=more)


def codes(groups: tuple[Group, ...]) -> list[tuple[str, list[str]]]:
    return [(group.cause.code, [effect.code for effect in group.effects]) for group in groups]


def test_a_venue_fault_comes_before_the_feed_it_starves_and_the_orders_that_are_missing() -> None:
    folded = fold(
        [
            found("executor", "QT-NO-ORDERS", CRITICAL, after_s=60),
            found("models", "QT-MODELS-STARVED", after_s=30),
            found("feed", "QT-FEED-STALE", after_s=5),
            found("venue", "QT-VENUE-FAULT"),
        ],
        TRADER,
    )
    assert codes(folded) == [("QT-VENUE-FAULT", ["QT-NO-ORDERS", "QT-FEED-STALE", "QT-MODELS-STARVED"])]


def test_what_has_its_reason_in_itself_stands_alone() -> None:
    folded = fold([found("feed", "QT-FEED-STALE"), found("executor", "QT-THRESHOLDS", root=True)], TRADER)
    assert codes(folded) == [("QT-FEED-STALE", []), ("QT-THRESHOLDS", [])]


def test_a_trifle_upstream_does_not_explain_a_disaster() -> None:
    folded = fold([found("feed", "QT-FEED-POLLING", MEDIUM), found("executor", "QT-NO-ORDERS", CRITICAL)], TRADER)
    assert codes(folded) == [("QT-NO-ORDERS", []), ("QT-FEED-POLLING", [])]


def test_what_a_person_stopped_explains_what_is_missing_without_it() -> None:
    stopped = found("models", "QT-PLUGIN-STOPPED", LOW, root=True)
    folded = fold([stopped, found("executor", "QT-NO-ORDERS", CRITICAL, after_s=60)], TRADER)
    assert codes(folded) == [("QT-PLUGIN-STOPPED", ["QT-NO-ORDERS"])]


def test_advice_explains_nothing() -> None:
    folded = fold([found("feed", "QT-ADVICE", reach=Reach.NOTHING), found("models", "QT-MODELS-STARVED")], TRADER)
    assert {cause for cause, _effects in codes(folded)} == {"QT-ADVICE", "QT-MODELS-STARVED"}


def test_what_came_long_after_is_no_cause() -> None:
    late = found("feed", "QT-FEED-STALE", after_s=LATE_S + 1)
    assert len(fold([late, found("models", "QT-MODELS-STARVED")], TRADER)) == 2
    in_time = found("feed", "QT-FEED-STALE", after_s=LATE_S)
    assert len(fold([in_time, found("models", "QT-MODELS-STARVED")], TRADER)) == 1


def test_a_plugin_that_went_away_later_is_no_cause_of_what_was_there() -> None:
    for after_s, groups in ((11.0, 2), (10.0, 1)):
        away = found("feed", "QT-PLUGIN-STOPPED", root=True, after_s=after_s)
        assert len(fold([away, found("models", "QT-MODELS-STARVED")], TRADER)) == groups


def test_a_full_disk_is_above_all() -> None:
    folded = fold(
        [
            found("feed", "QT-FEED-STALE", after_s=5),
            found(None, "QT-JOURNAL-UNWRITABLE", CRITICAL, after_s=1),
            found("database", "QT-DATABASE-UNWRITABLE", after_s=1),
            found(None, "QT-DISK-FULL", CRITICAL, reach=Reach.EVERYTHING),
        ],
        TRADER,
    )
    assert [group.cause.code for group in folded] == ["QT-DISK-FULL"]


def test_plugins_of_one_host_go_with_the_one_that_is_blamed() -> None:
    folded = fold(
        [
            found("database", "QT-PLUGIN-DOWN", CRITICAL, evidence={"because_of": "feed", "host": "data"}),
            found("feed", "QT-PLUGIN-DOWN", evidence={"host": "data"}),
        ],
        TRADER,
    )
    assert [(group.cause.plugin, len(group.effects)) for group in folded] == [("feed", 1)]


def test_plugins_of_one_host_that_fall_together_are_one_event() -> None:
    together = [found(name, "QT-PLUGIN-HUNG", evidence={"host": "data"}) for name in ("database", "feed")]
    assert [group.cause.plugin for group in fold(together, TRADER)] == ["feed"]
    apart = [together[0], found("feed", "QT-PLUGIN-HUNG", after_s=60, evidence={"host": "data"})]
    assert len(fold(apart, {name: Relations(item.host) for name, item in TRADER.items()})) == 2


def test_a_kind_knows_its_usual_causes_within_one_plugin() -> None:
    folded = fold(
        [
            found("feed", "QT-PLUGIN-QUARANTINED", effect_of=("QT-PLUGIN-DOWN",)),
            found("feed", "QT-PLUGIN-DOWN"),
            found("universe", "QT-PLUGIN-DOWN", after_s=600),
        ],
        {"feed": Relations("a"), "universe": Relations("b")},
    )
    assert [(group.cause.plugin, [effect.code for effect in group.effects]) for group in folded] == [
        ("feed", ["QT-PLUGIN-QUARANTINED"]),
        ("universe", []),
    ]


def test_in_a_circle_the_weaker_tie_gives_way() -> None:
    assert "universe" not in upstreams(TRADER)["exchange"]
    assert "exchange" in upstreams(TRADER)["universe"]


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
SETS = st.frozensets(NAMES, max_size=2)
RELATIONS = st.dictionaries(NAMES, st.builds(Relations, st.sampled_from(["x", "y"]), SETS, SETS, SETS))
CODES = st.sampled_from(["QT-A", "QT-B", "QT-C"])


@st.composite
def findings(draw: st.DrawFn) -> list[Finding]:
    made = draw(
        st.lists(
            st.builds(
                found,
                st.none() | NAMES,
                CODES,
                st.sampled_from(Severity),
                after_s=st.floats(0, 300),
                reach=st.sampled_from(Reach),
                root=st.booleans(),
                effect_of=st.lists(CODES, max_size=2).map(tuple),
                evidence=st.fixed_dictionaries({}, optional={"because_of": NAMES, "host": st.just("x")}),
            ),
            max_size=8,
            unique_by=lambda finding: finding.fingerprint,
        )
    )
    return list(made)


@given(findings(), RELATIONS, st.randoms(use_true_random=False))
def test_each_finding_appears_once_and_no_cause_lies_downstream_of_its_effect(
    listed: list[Finding], relations: dict[str, Relations], random: object
) -> None:
    groups = fold(listed, relations)
    shown = [finding.fingerprint for group in groups for finding in (group.cause, *group.effects)]
    assert sorted(shown) == sorted(finding.fingerprint for finding in listed)
    upstream = upstreams(relations)
    for group in groups:
        for effect in group.effects:
            named = effect.effect_of or effect.evidence
            assert not effect.root or named
            assert effect.plugin not in upstream.get(group.cause.plugin or "", ())
    ranks = [list(Severity).index(group.severity) for group in groups]
    assert ranks == sorted(ranks, reverse=True)
    shuffled = list(listed)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random
    assert fold(shuffled, relations) == groups


@given(RELATIONS)
def test_nobody_is_upstream_of_himself(relations: dict[str, Relations]) -> None:
    for name, sources in upstreams(relations).items():
        assert name not in sources
        assert all(name not in upstreams(relations)[source] for source in sources)


def test_a_kind_that_names_its_cause_is_folded_wherever_that_is() -> None:
    folded = fold(
        [found("models", "QT-DISK"), found("database", "QT-UNWRITABLE", CRITICAL, effect_of=("QT-DISK",))],
        {"models": Relations("a"), "database": Relations("b")},
    )
    assert codes(folded) == [("QT-DISK", ["QT-UNWRITABLE"])]
