"""Retraining at work: real processes learn from a real archive, and only what has earned it votes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from plugins.domain import MemberName, RetrainingAdvice, at_market_ms
from plugins.learning.archive import Archive
from plugins.learning.artefacts import ArtefactStore
from plugins.retraining import Retraining
from plugins.retraining.order import History, Stage, TrainOrder
from plugins.retraining.record import read_record
from plugins.retraining.workshop import WorkFailed, carry_out
from plugins.store import database_url, open_store
from plugins.store.schema import upgrade
from qtcore import Finding
from qtcore.testing import Harness, Plug, harness
from tests.plugins.learning.planted import HOUR_MS, START_MS, market_with_edge

pytestmark = pytest.mark.anyio
BARS = 900
END = at_market_ms(START_MS + BARS * HOUR_MS)
SETTINGS = {"members": ["xgboost"], "samples": 1500, "least_samples": 300, "blocks": 3, "look_s": 1, "settle_s": 0}


def archive(folder: Path) -> Archive:
    kept = Archive(folder)
    for symbol, history in market_with_edge(BARS, symbols=3).items():
        kept.write(symbol, "1h", history)
    return kept


async def begin(h: Harness, *, autonomy: str = "enforced", **settings: Any) -> ArtefactStore:
    kept = archive(h.home / "history" / "planted")
    symbols = {name: {"bars": BARS, "trouble": ""} for name in kept.symbols("1h")}
    place = {"folder": str(kept.folder), "interval": "1h", "market": "planted"}
    h.on_call("history.coverage", lambda _: {**place, "wanted": list(symbols), "symbols": symbols})
    h.set_market(END, speed=1.0)
    async with open_store(database_url(h.home, "")) as store:
        await upgrade(store.engine, backups=h.home / "backups", now=END)
    h.start(Plug(Retraining, autonomy=autonomy, settings={**SETTINGS, **settings}))
    await h.ready()
    return ArtefactStore(h.home)


async def trained(h: Harness, times: int = 1) -> None:
    await h.until(lambda: h.progress().get("trainings", 0) >= times, timeout_s=90)


@pytest.mark.slow
async def test_the_first_training_lets_what_is_sane_vote_and_doubt_brings_a_challenger() -> None:
    """Nothing trained yet: it trains, rules with a reason and remembers. On doubt, hours later, a challenger waits."""
    async with harness() as h:
        store = await begin(h)
        await trained(h)
        champion = store.pointers(MemberName.XGBOOST).champion
        assert champion is not None
        record, _ = read_record(h.home / "data" / "retraining")
        (result,) = record.trainings[-1].results
        assert (result.ruling, result.artefact) == ("promote", champion)
        assert "nothing votes yet" in result.reason
        health = await h.health()
        assert (health.status, health.summary) == ("healthy", "last training: xgboost promote")

        h.set_market(END + timedelta(hours=3))
        await h.publish(RetrainingAdvice("the test doubts it", END + timedelta(days=400)))
        await h.advance(2)
        await trained(h, 2)
        record, _ = read_record(h.home / "data" / "retraining")
        assert record.trainings[-1].why == "the test doubts it"
        assert record.trainings[-1].results[0].ruling == "unchanged"  # the same history makes the same model
        assert "QT-RETRAINING-UNCHANGED" in [finding.code for finding in (await h.health()).findings]


@pytest.mark.slow
async def test_where_it_may_not_act_it_says_what_it_would_have_done() -> None:
    """Advisory: trained and ruled on, but nothing votes."""
    async with harness() as h:
        store = await begin(h, autonomy="advisory")
        await trained(h)
        assert store.pointers(MemberName.XGBOOST).champion is None
        assert any("promote xgboost" in what for what in h.withheld)


async def test_e23_too_little_to_learn_from_is_said_and_nothing_is_trained() -> None:
    """A learner without enough decisions is starved, in that word."""
    async with harness() as h:
        store = await begin(h, least_samples=100_000)
        await h.until(lambda: any(span.name == "retrain" for span in h.spans), timeout_s=60)
        health = await h.health()
        assert [finding.code for finding in health.findings] == ["QT-RETRAINING-STARVED"]
        assert store.versions(MemberName.XGBOOST) == []


async def test_a_history_that_still_fills_starves_nobody() -> None:
    """Minutes in which one symbol after the other arrives are no hunger; a minute and more without another one is."""
    wanted = [f"P{number}USDT" for number in range(10)]
    there: dict[str, Any] = {}
    asked: list[object] = []
    async with harness() as h:

        def coverage(_: dict[str, Any]) -> dict[str, Any]:
            asked.append(None)
            place = {"folder": str(h.home), "interval": "1h", "market": "planted"}
            return {**place, "wanted": wanted, "symbols": dict(there)}

        async def later(seconds: float) -> list[Finding]:
            await h.advance(seconds)
            begun = len(asked)
            await h.until(lambda: len(asked) >= begun + 2)  # one whole look at this time
            return (await h.health()).findings

        h.on_call("history.coverage", coverage)
        h.set_market(END, speed=1.0)
        async with open_store(database_url(h.home, "")) as store:
            await upgrade(store.engine, backups=h.home / "backups", now=END)
        h.start(Plug(Retraining, settings={**SETTINGS, "look_s": 0.02}))
        await h.ready()
        for symbol in wanted[:-1]:
            there[symbol] = {"bars": BARS, "trouble": ""}
            assert "QT-RETRAINING-STARVED" not in [finding.code for finding in await later(50)]
        (starved,) = [finding for finding in await later(70) if finding.code == "QT-RETRAINING-STARVED"]
        assert "it holds candles of 9 of 10 symbols" in starved.summary


def order(home: Path, folder: Path, **given: Any) -> TrainOrder:
    history = History(
        folder=folder, interval="1h", symbols=("P0USDT", "P1USDT"), bars=BARS, samples=1500, horizon_bars=24
    )
    course = {"blocks": 3, "steps": 2, "seed": 1, "threads": 1, "least_samples": 300}
    return TrainOrder(
        home=home, history=history, members=(MemberName.XGBOOST,), made_at=END, reason="test", **{**course, **given}
    )


async def test_a_training_process_that_is_killed_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """At its first word it is killed: the failure has the signal's name, the store no version, and nothing runs on."""
    folder = archive(tmp_path / "history").folder
    before = {child.pid for child in psutil.Process().children(recursive=True)}

    def kill(line: object) -> None:
        assert isinstance(line, Stage)
        for child in psutil.Process().children(recursive=True):
            if child.pid not in before:
                child.kill()

    with pytest.raises(WorkFailed, match="SIGKILL"):
        await carry_out(order(tmp_path, folder), deadline_s=60, hear=kill)
    assert ArtefactStore(tmp_path).versions(MemberName.XGBOOST) == []
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


async def test_a_training_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """The deadline has its sentence, and the process is gone."""
    folder = archive(tmp_path / "history").folder
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(WorkFailed, match=r"longer than 0 s"):
        await carry_out(order(tmp_path, folder), deadline_s=0.3, hear=lambda _: None)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
