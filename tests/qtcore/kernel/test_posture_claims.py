"""Posture: the strictest unexpired claim, the supervisor's own among them; silence counts as strict."""

from __future__ import annotations

import pytest

from qtcore.health.model import Status
from qtcore.kernel import events as it
from qtcore.kernel.commands import SetPosture
from qtcore.kernel.posture import PostureScale
from qtcore.kernel.words import Cause, Lifecycle
from tests.qtcore.kernel.driver import SCALE, Driver, only, plugin

STRICT = PostureScale(SCALE.levels, ("risk",), "reduce_only")


def guarded(bad_starts: int = 0) -> Driver:
    """One vital plugin and one other, all running."""
    return Driver(
        plugin("guard", vital=True),
        plugin("near", "other"),
        bad_starts=bad_starts,
        posture=SCALE,
        vital_posture="reduce_only",
    )


def test_the_posture_opens_only_when_the_vital_plugins_run() -> None:
    """From the first moment until ready it is tight."""
    driver = Driver(plugin("guard", vital=True), posture=SCALE, vital_posture="reduce_only", start=False)
    driver.answer_starts = False
    driver.tell(it.SupervisorStarted())
    assert driver.level() == "reduce_only"
    (said,) = only(SetPosture, driver.tell(it.PluginReady("guard", 1)))
    assert (said.level, said.changed) == ("normal", True)


@pytest.mark.parametrize(
    "trouble",
    [
        it.HostSuspected("main", 1, Cause.HUNG, "silent"),
        it.PluginEnded("guard", 1, Cause.RAISED, "raised"),
        it.HealthSeen("guard", 1, Status.CRITICAL, "cannot see the account"),
        it.OperatorStop("guard", "sam"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_the_first_sign_of_trouble_tightens(trouble: it.Event) -> None:
    """Suspicion is enough; the reason names the plugin."""
    driver = guarded()
    driver.answer_starts = False
    (said,) = only(SetPosture, driver.tell(trouble))
    assert said.level == "reduce_only"
    assert said.reasons[0].startswith("supervisor: guard (vital) ")


def test_trouble_of_others_does_not_tighten() -> None:
    """Only vital plugins speak through the supervisor."""
    driver = guarded()
    driver.answer_starts = False
    driver.ends("near")
    assert driver.level() == "normal"


def test_the_strictest_claim_wins_and_expires() -> None:
    """Three seconds without renewal, and it is gone."""
    driver = guarded()
    driver.claim("near", "no_entries")
    driver.claim("operator", "flatten", lasts_s=5.0)
    assert driver.level() == "flatten"
    driver.wait(5.0)
    assert driver.level() == "normal"


def test_a_plugins_claim_cannot_outlive_it() -> None:
    """However long it asks for; a person's claim lasts as long as it says."""
    driver = guarded()
    driver.claim("near", "no_entries", lasts_s=1e6)
    driver.wait(3.0)
    assert driver.level() == "normal"
    driver.claim("operator", "hands_off", lasts_s=3600.0)
    driver.wait(3599.0)
    assert driver.level() == "hands_off"


def test_a_missing_required_source_means_caution() -> None:
    """Who must speak and does not is the strictest news short of a claim."""
    driver = Driver(plugin("risk"), posture=STRICT)
    assert driver.level() == "reduce_only"
    driver.claim("risk", "normal")
    assert driver.level() == "normal"
    driver.wait(3.0)
    assert driver.level() == "reduce_only"


def test_a_silent_source_is_told_to_a_person() -> None:
    """After ten seconds, and until it speaks."""
    driver = Driver(plugin("risk"), posture=STRICT)
    driver.claim("risk", "normal")
    driver.wait(12.9)
    assert driver.state.findings == frozenset()
    driver.wait(0.2)
    assert driver.state.findings == {("QT-POSTURE-SOURCE-SILENT", "risk")}
    driver.claim("risk", "normal")
    assert driver.state.findings == frozenset()


def test_a_source_that_never_spoke_has_time_to_start() -> None:
    """It comes after others; the posture is cautious meanwhile, so nothing hurries."""
    driver = Driver(plugin("risk"), posture=STRICT)
    driver.wait(29.9)
    assert driver.state.findings == frozenset()
    driver.wait(0.2)
    assert driver.state.findings == {("QT-POSTURE-SOURCE-SILENT", "risk")}


def test_a_source_on_its_way_is_not_called_silent() -> None:
    """A start has a limit of its own; its silence counts from when it runs."""
    driver = Driver(plugin("risk", start_timeout_s=90.0), posture=STRICT, start=False)
    driver.answer_starts = False
    driver.tell(it.SupervisorStarted())
    driver.wait(80.0)
    assert (driver.state.findings, driver.level()) == (frozenset(), "reduce_only")
    driver.tell(it.PluginReady("risk", driver["risk"].generation))
    driver.wait(9.9)
    assert driver.state.findings == frozenset()
    driver.wait(0.2)
    assert driver.state.findings == {("QT-POSTURE-SOURCE-SILENT", "risk")}


@pytest.mark.parametrize("first", ["a claim of another", "a tick"])
def test_the_supervisors_own_sleep_is_nobodys_silence(first: str) -> None:
    """Whatever it hears first after a gap: the posture is cautious at once, and the silence counts from there."""
    driver = Driver(plugin("risk"), plugin("near"), posture=STRICT)
    driver.claim("risk", "normal")
    driver.now_s += 60.0
    if first == "a tick":
        driver.tell(it.Tick())
    else:
        driver.claim("near", "normal")
    assert (driver.level(), driver.state.findings) == ("reduce_only", frozenset())
    driver.wait(9.9)
    assert driver.state.findings == frozenset()
    driver.wait(0.2)
    assert driver.state.findings == {("QT-POSTURE-SOURCE-SILENT", "risk")}


def test_figures_in_a_reason_are_no_change() -> None:
    """An age that grows is said with the next renewal and recorded once; another limit is news."""
    driver = guarded()
    said = []
    for age in range(11, 21):
        reason = f"last confirmed {age} s ago (limit 10.5 s)"
        said += only(SetPosture, driver.claim("near", "no_entries", reason=reason))
        said += only(SetPosture, driver.wait(1.0))
    assert [wish.changed for wish in said].count(True) == 1
    assert said[-1].reasons == ("near: last confirmed 20 s ago (limit 10.5 s)",)
    assert only(SetPosture, driver.claim("near", "no_entries", reason="5.2 % lost (limit 5 %)"))[0].changed


def test_a_level_that_is_not_on_the_scale_counts_as_caution() -> None:
    """A mistake in a claim tightens; it is neither dropped nor an error."""
    driver = guarded()
    driver.claim("near", "careful")
    assert driver.level() == "reduce_only"
    assert driver.state.ignored.unfit == 1


def test_nobody_speaks_in_the_supervisors_name() -> None:
    """A claim under its name is not taken."""
    driver = guarded()
    driver.claim("supervisor", "normal")
    assert (driver.state.claims, driver.state.ignored.unfit) == ({}, 1)


def test_the_posture_is_renewed_each_second() -> None:
    """Hosts forget it after three; where there is only one level nothing needs to be said."""
    driver = guarded()
    said = only(SetPosture, driver.wait(10.0))
    assert len(said) == 10
    assert not any(wish.changed for wish in said)
    assert only(SetPosture, Driver(plugin("a")).wait(100.0)) == []


def test_a_supervisor_that_crash_looped_is_cautious_for_a_while() -> None:
    """Three bad starts in the window: it runs everything, and claims the cautious level until it has proven itself."""
    driver = guarded(bad_starts=3)
    assert set(driver.lives().values()) == {Lifecycle.RUNNING}
    assert driver.level() == "reduce_only"
    assert driver.state.findings == {("QT-SUPERVISOR-BOOT-LOOP", None)}
    driver.wait(300.0)
    assert (driver.level(), driver.state.findings) == ("normal", frozenset())
