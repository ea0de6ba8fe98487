"""The latch never lets go by itself, and the fence proves what it says."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Account, Posture
from plugins.risk_guard.fence import Fence, Step
from plugins.risk_guard.latch import GUARD, Latch, Pull, after_release, decide
from plugins.risk_guard.limits import Baselines, Breach
from plugins.risk_guard.memory import Forgotten, Memory, recall, remember
from plugins.risk_guard.switch import Switch, proof_of
from plugins.store.kill_switch import read_kill_switch, write_kill_switch

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LOSS = Breach("daily_loss", Posture.REDUCE_ONLY, "lost")
BUSY = Breach("gross_exposure", Posture.NO_ENTRIES, "much")
BASE = Baselines("2026-01-05", Decimal(10_000), Decimal(12_000))
ACCOUNT = Account(Decimal(9000), Decimal(9000), Decimal(9000), Decimal(0), 0, 0, NOW, NOW)

events = st.lists(st.sampled_from(["loss", "busy", "fine", "file gone", "restart", "guard writes off"]), max_size=12)


@given(events)
def test_only_a_person_lets_it_go(happened: list[str]) -> None:
    """Whatever happens to limits, process and file: once pulled, it stays until a person speaks."""
    with tempfile.TemporaryDirectory() as folder:
        home, latched = Path(folder), False
        switch = Switch(home)
        for number, event in enumerate(happened):
            now = NOW + timedelta(seconds=number)
            if event == "file gone":
                (home / "kill.json").unlink(missing_ok=True)
            elif event == "restart":
                switch = Switch(home, latch=switch.latch)
            elif event == "guard writes off":
                write_kill_switch(home, on=False, who=GUARD, when=now, why="by itself")
            switch.reason()
            switch.settle([LOSS] if event == "loss" else [BUSY] if event == "busy" else [], now)
            latched = latched or event == "loss"
            assert read_kill_switch(home).on == latched
        write_kill_switch(home, on=False, who="ada", when=NOW + timedelta(days=1), why="looked into it")
        switch.reason()
        assert switch.settle([], NOW + timedelta(days=1)) is (Pull.RELEASE if latched else Pull.NOTHING)


def test_it_says_who_and_why(tmp_path: Path) -> None:
    """A breach pulls the switch in the guard's name with the figures; limits that pass by themselves do not."""
    switch = Switch(tmp_path)
    switch.reason()
    assert switch.settle([BUSY], NOW) is Pull.NOTHING
    assert switch.settle([LOSS], NOW) is Pull.LATCH
    file = read_kill_switch(tmp_path)
    assert (file.on, file.who, file.why, file.when) == (True, GUARD, "lost", NOW)


def test_a_disk_that_takes_nothing_holds_the_claim(tmp_path: Path) -> None:
    """When the file cannot be written the guard claims all the same and tries again at each look."""
    home = tmp_path / "home"
    switch = Switch(home, latch=Latch("daily_loss", GUARD, NOW, "lost", written=False))
    assert "cannot be written" in (switch.reason() or "")
    assert switch.settle([], NOW) is Pull.RESTORE
    assert read_kill_switch(home).on


def test_a_release_measures_anew_only_what_was_broken() -> None:
    """After a daily loss the day begins where it stands, the peak stays; what a person had pulled changes nothing."""
    day = after_release(BASE, Latch("daily_loss", GUARD, NOW, ""), ACCOUNT)
    assert day == Baselines("2026-01-05", Decimal(9000), Decimal(12_000))
    assert after_release(BASE, Latch("drawdown", GUARD, NOW, ""), ACCOUNT) == Baselines(
        "2026-01-05", Decimal(9000), Decimal(9000)
    )
    assert after_release(BASE, Latch("", "ada", NOW, "lunch"), ACCOUNT) == BASE
    assert decide(None, read_kill_switch(Path("/nonexistent")), []) is Pull.NOTHING


def order(number: int, state: str, *, at: datetime = NOW, purpose: str = "entry") -> dict[str, Any]:
    return {"id": f"o{number}", "purpose": purpose, "state": state, "created_at": at.isoformat()}


def test_the_fence_waits_for_what_was_signed_before() -> None:
    """Sweep, wait out the window, sweep and look again; an entry that still rests is no proof."""
    fence = Fence(NOW)
    assert fence.step(100.0, 2.5) is Step.SWEEP
    fence = fence.swept(100.0, ["o1"])
    assert fence.step(102.4, 2.5) is Step.WAIT
    assert fence.step(102.5, 2.5) is Step.SWEEP_AGAIN
    resting = fence.looked(
        NOW, [], [order(1, "cancelled"), order(2, "unknown"), order(3, "acknowledged", purpose="stop")]
    )
    assert (resting.resting, resting.proven_at) == (("o2",), None)
    assert resting.step(103.0, 2.5) is Step.SWEEP_AGAIN
    proven = resting.looked(NOW, ["o2"], [order(1, "cancelled"), order(2, "cancelled")])
    assert proven.step(104.0, 2.5) is Step.PROVEN
    assert proven.told()["cancelled_again"] == ["o2"]


def test_h10_an_entry_after_the_kill_is_told() -> None:
    """The proof names entries that were made after the kill and reached the venue."""
    late = NOW + timedelta(seconds=1)
    looked = Fence(NOW).looked(NOW, [], [order(1, "filled", at=late), order(2, "refused", at=late), order(3, "filled")])
    assert looked.late == ("o1",)


def test_the_proof_is_of_this_kill(tmp_path: Path) -> None:
    """An old proof says nothing about a new kill."""
    switch = write_kill_switch(tmp_path, on=True, who="ada", when=NOW, why="storm")
    assert "not proven yet" in str(proof_of(tmp_path, switch))


def test_h11_what_is_known_survives_a_restart(tmp_path: Path) -> None:
    """Baselines, round trips and the latch come back as they were; an older file is understood."""
    memory = Memory(BASE, latch=Latch("daily_loss", GUARD, NOW, "lost"))
    remember(tmp_path, memory)
    assert recall(tmp_path) == memory
    (tmp_path / "baselines.json").write_text('{"day": "2026-01-05", "day_equity": "1", "peak_equity": "2"}')
    assert recall(tmp_path) == Memory(Baselines("2026-01-05", Decimal(1), Decimal(2)))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"day": 3}'])
def test_a_damaged_memory_is_no_empty_one(tmp_path: Path, content: str) -> None:
    """It is put aside for a person, also when asked again; only a home that never had one is new."""
    assert recall(tmp_path) == Forgotten(f"there is no {tmp_path / 'baselines.json'}", missing=True)
    (tmp_path / "baselines.json").write_text(content)
    for _ in range(2):
        found = recall(tmp_path)
        assert isinstance(found, Forgotten)
        assert not found.missing
    assert (tmp_path / "baselines.damaged").read_text() == content
