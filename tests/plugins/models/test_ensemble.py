"""The ensemble at work: votes in every signal, one batch a close, and the rule behind it."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from plugins.domain import (
    Candle,
    EnsembleWeights,
    MemberName,
    Signal,
    Source,
    Standing,
    Universe,
    View,
    at_market_ms,
    history_of,
)
from plugins.learning.artefacts import ArtefactStore, Pointers
from plugins.learning.ballots import told_of
from plugins.learning.dataset import build_samples
from plugins.learning.ensemble import Ballot
from plugins.learning.features import History
from plugins.learning.training import Trained, train_members
from plugins.models import Models
from plugins.models.bench import Bench
from plugins.store import database_url, open_store
from qtcore import CallUnanswered, QtError
from qtcore.testing import Plug, harness
from tests.plugins.learning.conftest import START_MS

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 5, tzinfo=UTC)
WARM = 500
SYMBOLS = ("AUSDT", "BUSDT")
EAGER = {"ensemble": {"least_probability": 0.2, "least_margin": 0.0, "settle_s": 0, "burst_s": 0.05}}


def waves(seed: int) -> History:
    """Two hours up and down in turn, so that there is something to learn; on its way up at WARM, or down if odd."""
    random, minutes = np.random.default_rng(seed), np.arange(1500)
    swing = 0.006 * np.sin(2 * np.pi * (minutes - WARM) / 120) * (-1) ** seed
    close = 50 * np.exp(swing + random.normal(0, 3e-4, len(minutes)))
    open_ = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(open_, close) * 1.0003, np.minimum(open_, close) * 0.9997
    columns = {"open": open_, "high": high, "low": low, "close": close, "volume": random.lognormal(2, 1, len(minutes))}
    nothing = np.array([], dtype=np.int64)
    return History(START_MS + minutes.astype(np.int64) * 60_000, columns, nothing, nothing.astype(np.float64))


class Market:
    """The waves, one bar after the other."""

    def __init__(self) -> None:
        self.histories = {symbol: waves(seed) for seed, symbol in enumerate(SYMBOLS)}
        self.bars = WARM

    def candle(self, symbol: str, number: int) -> Candle:
        bars = self.histories[symbol]
        figures = [Decimal(f"{bars.columns[name][number]:.6f}") for name in ("open", "high", "low", "close", "volume")]
        opened = at_market_ms(int(bars.opened_ms[number]))
        return Candle(symbol, 60, opened, opened + timedelta(minutes=1), *figures)

    def answer(self, argument: dict[str, Any]) -> Any:
        symbol = argument["symbol"]
        numbers = range(max(0, self.bars - argument["limit"]), self.bars)
        return history_of(symbol, 60, [self.candle(symbol, number) for number in numbers])

    @property
    def now(self) -> datetime:
        return self.candle(SYMBOLS[0], self.bars - 1).closed_at


@pytest.fixture(scope="session")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which LightGBM is champion, and was trained twice."""
    home = tmp_path_factory.mktemp("champion")
    histories = {symbol: waves(seed) for seed, symbol in enumerate(SYMBOLS)}
    samples = build_samples(histories, 60, every_bars=2, sequence=64)
    store = ArtefactStore(home)
    for part in (samples, samples.take(np.arange(len(samples) - 100))):
        (result,) = train_members(part, store, made_at=NOW, members=[MemberName.LIGHTGBM])
        assert isinstance(result, Trained)
        store.promote(MemberName.LIGHTGBM, result.artefact, who="test", why="first", at=NOW)
    return home


@pytest.fixture
def home(migrated: Path, artefact: Path) -> Path:
    """A migrated home with champions."""
    for folder in ("artefacts", "keys"):
        shutil.copytree(artefact / folder, migrated / folder)
    return migrated


async def begin(h: Any, market: Market, settings: dict[str, Any]) -> None:
    h.on_call("feed.history", market.answer)
    h.set_market(market.now, speed=0)
    await h.publish(Universe(SYMBOLS, {}, h.clock.wall()))
    h.start(Plug(Models, settings=settings))
    await h.ready()
    await h.until(lambda: any(line["event"] == "champion" and line["standing"] == "voted" for line in h.logs))


async def close(h: Any, market: Market) -> None:
    """The next bar of every symbol has closed."""
    market.bars += 1
    h.set_market(market.now, speed=0)
    for symbol in SYMBOLS:
        await h.publish(market.candle(symbol, market.bars - 1), writer="feed")


def ensemble(h: Any) -> list[Signal]:
    return [signal for signal in h.published(Signal) if signal.source is Source.ENSEMBLE]


async def test_every_vote_is_in_the_signal_and_stored(home: Path) -> None:
    """Each symbol of a close gets one verdict; the members that did not vote are named; stored before it is told."""
    market = Market()
    async with harness(home=home) as h:
        await begin(h, market, EAGER)
        await close(h, market)
        await h.until(lambda: len(ensemble(h)) == len(SYMBOLS))
        signals = {signal.symbol: signal for signal in ensemble(h)}
        assert set(signals) == set(SYMBOLS)
        for signal in signals.values():
            assert signal.id == f"ensemble-{signal.symbol}-60-{int(market.now.timestamp() * 1000)}"
            standing = {vote.member: vote.standing for vote in signal.votes}
            assert standing[MemberName.LIGHTGBM] is Standing.VOTED
            assert standing[MemberName.XGBOOST] is Standing.NOT_TRAINED
            assert standing[MemberName.N_HITS] in {Standing.NOT_TRAINED, Standing.NOT_INSTALLED}
            assert sum(vote.weight for vote in signal.votes) == pytest.approx(1.0)
            (voted,) = [vote for vote in signal.votes if vote.weight]
            assert voted.probabilities is not None
            side = voted.probabilities[2 if signal.view is View.LONG else 0]
            assert float(signal.confidence) == pytest.approx(min(max(side, 0.34), 0.95), abs=1e-4)
            assert signal.agreement in {0.0, 1.0}
            assert len(signal.feature_hash) == 64
            assert {"p_up", "rsi_14"} <= set(signal.features)
        async with open_store(database_url(home)) as store:
            for signal in signals.values():
                row = await store.signals.get(signal.id)
                assert row is not None
                assert row.signal.votes == signal.votes
        assert set(await h.call("models.votes")) == set(SYMBOLS)


@pytest.mark.parametrize(("least", "spoken"), [(0.2, False), (0.9999999, True)])
async def test_e1_the_rule_is_silent_where_the_ensemble_takes_a_side(home: Path, least: float, spoken: bool) -> None:
    """E1: a fallback stays one: the rule is silent where the ensemble has just taken a side, and speaks elsewhere."""
    market = Market()
    ensemble_settings = {**EAGER["ensemble"], "least_probability": least}
    async with harness(home=home) as h:
        await begin(h, market, {"ensemble": ensemble_settings, "rsi_rule": {"oversold": 49.9, "overbought": 50.1}})
        for _ in range(4):
            await close(h, market)
            await h.until(lambda: h.progress().get("verdicts", 0) >= len(SYMBOLS) * (market.bars - WARM))
        later = market.candle(SYMBOLS[0], WARM + 1).closed_at
        rule = [s for s in h.published(Signal) if s.source is Source.RSI_RULE and s.market_at >= later]
        assert bool(rule) is spoken
        assert bool(ensemble(h)) is not spoken
        assert spoken or h.progress()["left_to_the_ensemble"] > 0


async def test_weights_are_the_ones_told(home: Path) -> None:
    """What the model supervisor says is what is used; without weight nobody votes and the rule goes on."""
    market = Market()
    async with harness(home=home) as h:
        await begin(h, market, EAGER)
        await h.publish(EnsembleWeights({MemberName.XGBOOST: 1.0}, "lightgbm has no skill", NOW))
        await close(h, market)
        await h.until(lambda: h.progress().get("verdicts", 0) >= len(SYMBOLS))
        assert ensemble(h) == []
        await h.health()
        facts = h.facts()
        assert facts["weights"]["xgboost"] == 1.0
        assert facts["weights_reason"] == "lightgbm has no skill"


async def test_e9_a_damaged_champion_is_found_and_replaced(home: Path) -> None:
    """E9: a file that no longer holds what was written is found by health, and healed by the last good champion."""
    store, market = ArtefactStore(home), Market()
    pointers = store.pointers(MemberName.LIGHTGBM)
    assert pointers.champion is not None
    (store.folder(MemberName.LIGHTGBM, pointers.champion) / "model.txt").write_text("tree\n")
    async with harness(home=home) as h:
        h.on_call("feed.history", market.answer)
        h.set_market(market.now, speed=0)
        await h.publish(Universe(SYMBOLS, {}, h.clock.wall()))
        h.start(Plug(Models, settings=EAGER))
        await h.ready()
        await h.until(lambda: any(line["event"] == "champion" and line["standing"] == "unusable" for line in h.logs))
        await h.until(lambda: "QT-MODELS-ARTEFACT-LIGHTGBM" in h.findings)
        (finding,) = [one for one in (await h.health()).findings if one.code == "QT-MODELS-ARTEFACT-LIGHTGBM"]
        assert "model.txt" in finding.summary
        assert (pointers.previous or "?")[:12] in await h.heal(finding)
        assert not [one for one in (await h.health()).findings if one.code == finding.code]
        assert finding.code not in h.findings
        assert store.pointers(MemberName.LIGHTGBM).champion == pointers.previous
        await close(h, market)
        await h.until(lambda: len(ensemble(h)) == len(SYMBOLS))


async def test_e1_a_member_whose_library_is_missing_is_named_and_nobody_votes_in_its_stead(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no weight and says which library it needs; with all of them missing there is no ensemble at all."""

    def without(*members: MemberName) -> None:
        for module in ("plugins.models.bench", "plugins.learning.artefacts.champions"):
            monkeypatch.setattr(f"{module}.missing_library", lambda name: f"lib{name}" if name in members else None)

    without(MemberName.XGBOOST)
    market = Market()
    async with harness(home=home) as h:
        await begin(h, market, EAGER)
        await close(h, market)
        await h.until(lambda: len(ensemble(h)) == len(SYMBOLS))
        votes = {vote.member: vote for vote in ensemble(h)[0].votes}
    missing = votes[MemberName.XGBOOST]
    assert (missing.standing, missing.weight, missing.reason) == (
        Standing.NOT_INSTALLED, 0.0, "libxgboost is not installed",
    )  # fmt: skip
    assert votes[MemberName.LIGHTGBM].weight == 1.0
    without(*MemberName)
    bench = Bench(home)
    bench.refresh()
    assert not bench.trained
    assert {ballot.standing for ballot in bench.nets.values()} == {Standing.NOT_INSTALLED}


async def test_e1_a_library_that_is_gone_is_named_and_costs_no_champion(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E1: a member that was trained and cannot be loaded is no choice of anybody; what it learned keeps its place."""
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    store, market = ArtefactStore(home), Market()
    before = store.pointers(MemberName.LIGHTGBM)
    async with harness(home=home) as h:
        h.on_call("feed.history", market.answer)
        h.set_market(market.now, speed=0)
        await h.publish(Universe(SYMBOLS, {}, h.clock.wall()))
        h.start(Plug(Models, settings=EAGER))
        await h.ready()
        await h.until(lambda: any(line.get("standing") == "not_installed" for line in h.logs))
        found = {one.code: one for one in (await h.health()).findings}
        assert found["QT-MODELS-LIBRARY"].subject == "lightgbm"
        assert "lightgbm is not installed" in found["QT-MODELS-LIBRARY"].summary
        assert not found["QT-MODELS-LIBRARY"].healable
        await h.heal(found["QT-MODELS-LIBRARY"])
        assert store.pointers(MemberName.LIGHTGBM) == before


async def test_nets_that_are_late_are_late_by_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer in time costs the nets their vote and nobody else's; an answer gives it."""
    market, answers = Market(), list[Any]()
    store = ArtefactStore(home)
    (home / "artefacts" / MemberName.N_HITS).mkdir(mode=0o700)
    named = Pointers(champion="ab" * 32)
    (home / "artefacts" / MemberName.N_HITS / "pointers.json").write_text(named.model_dump_json())
    assert store.pointers(MemberName.N_HITS).champion

    def predict(argument: dict[str, Any]) -> Any:
        answers.append(argument["batch"])
        if len(answers) == 1:
            raise CallUnanswered("deep.predict")
        said = np.tile([0.1, 0.2, 0.7], (len(SYMBOLS), 1))
        return told_of([Ballot(MemberName.N_HITS, Standing.VOTED, said, "ab" * 32)])

    monkeypatch.setattr("plugins.models.bench.missing_library", lambda _: None)
    async with harness(home=home) as h:
        h.on_call("deep.predict", predict)
        await begin(h, market, EAGER)
        for expected in (Standing.LATE, Standing.VOTED):
            await close(h, market)
            await h.until(lambda: len(ensemble(h)) >= len(SYMBOLS) * (market.bars - WARM))
            votes = {vote.member: vote for vote in ensemble(h)[-1].votes}
            assert votes[MemberName.N_HITS].standing is expected
            assert votes[MemberName.LIGHTGBM].standing is Standing.VOTED
            assert votes[MemberName.LIGHTGBM].weight == pytest.approx(1.0 if expected is Standing.LATE else 0.5)
        assert list(answers[0]["symbols"]) == list(SYMBOLS)


async def test_a_view_is_remembered_over_a_restart(home: Path) -> None:
    """What the ensemble held when it ended it still holds, so that it can be taken back."""
    market = Market()
    async with harness(home=home) as h:
        await begin(h, market, EAGER)
        await close(h, market)
        await h.until(lambda: len(ensemble(h)) == len(SYMBOLS))
        views = {signal.symbol: signal.view.value for signal in ensemble(h)}
        await h.restart("models")
        await h.ready()
        with anyio.fail_after(5):
            while not (told := await h.call("models.votes")):
                await anyio.lowlevel.checkpoint()
        assert {symbol: row["view"] for symbol, row in told.items()} == views


async def test_the_store_is_readable_without_a_process(home: Path) -> None:
    """`qt models list` and `show` tell what votes, what did, and what an artefact is."""
    listed = Models.models_list(home)["lightgbm"]
    assert [row["role"] for row in listed["artefacts"]].count("champion") == 1
    shown = Models.models_show(home, "lightgbm")
    assert shown["artefact"] == listed["champion"]
    assert shown["whole"]
    assert shown["content"]["metrics"]["n"] > 0
    assert Models.models_show(home, listed["previous"][:10])["role"] == "previous"
    with pytest.raises(QtError, match="models list"):
        Models.models_show(home, "zz")
