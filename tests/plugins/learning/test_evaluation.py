"""The results table: an edge where there is one, none where there is none, and said in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from plugins.learning.dataset import Samples, build_samples
from plugins.learning.evaluate import Plan, main, recorded
from plugins.learning.evaluation import Evaluation, calibrated, evaluate
from plugins.learning.labels import Costs
from plugins.learning.metrics import quality
from plugins.learning.results_page import Experiment, page
from plugins.learning.validation import walk_forward
from tests.conftest import Paths
from tests.plugins.learning import planted
from tests.plugins.learning.conftest import history


def table(samples: Samples) -> Evaluation:
    """The honest learner and two that are not, beside the baselines."""
    makers = {"honest": planted.honest, "constant": planted.constant, "swapped": planted.swapped}
    models = {name: maker(samples) for name, maker in makers.items()}
    return evaluate(samples, models, costs=Costs(), combined=["constant"])


@pytest.fixture(scope="module")
def with_edge() -> Evaluation:
    """A market in which there is something to learn."""
    return table(build_samples(planted.market_with_edge(2500), 3600, every_bars=2))


def test_an_edge_is_found_where_there_is_one(with_edge: Evaluation) -> None:
    """The honest learner knows more than the classes' shares and earns; calibration turns the swapped one harmless."""
    rows = {row.name: row for row in with_edge.rows}
    assert rows["honest"].edge == "edge"
    assert rows["honest"].gain is not None
    assert rows["honest"].gain.low > 0.0
    for name in ("constant", "swapped"):
        gain = rows[name].gain
        assert gain is not None
        assert gain.low <= 0.0
        assert rows[name].edge != "edge"
    assert rows["always flat"].edge == "never trades"
    assert rows["constant"].spread is not None


def test_no_edge_is_said_where_there_is_none() -> None:
    """Nobody earns in a market without anything to learn, and the page says so in those words."""
    found = table(build_samples(planted.market_without(2500), 3600, every_bars=2))
    assert all(row.edge != "edge" for row in found.rows)
    text = page([Experiment("made up", "No edge planted.", found)], command="test", missing=["n_hits: not installed"])
    assert "Net of costs there is no edge." in text
    assert "- not judged: n_hits: not installed" in text
    assert text.count("\n| ") == len(found.rows) + 1


def test_every_row_judges_the_same_decisions(with_edge: Evaluation) -> None:
    """Models and baselines alike, on as many days."""
    assert len({len(row.earnings.daily) for row in with_edge.rows}) == 1
    assert len({row.quality.n for row in with_edge.rows if row.quality}) == 1
    names = [row.name for row in with_edge.rows]
    assert names[-6:] == ["ensemble", "always flat", "majority class", "momentum", "RSI rule", "buy and hold"]


def test_calibration_learns_nothing_from_what_it_is_judged_on() -> None:
    """An overconfident learner comes out with a small error on decisions that nobody had seen."""
    samples = build_samples(planted.market_with_edge(2500), 3600, every_bars=2)
    fold = walk_forward(samples)[-1]
    train, test = samples.take(fold.train), samples.take(fold.test)
    raw = planted.overconfident(samples)(train)(test)
    mended = calibrated(planted.overconfident(samples))(train)(test)
    assert quality(raw, test.labels).ece > 0.3
    assert quality(mended, test.labels).ece < 0.1


def test_recordings_are_read_newest_bars_first_and_without_cut_out_windows(tmp_path: Path) -> None:
    """As the data folder has them; settlements come along."""
    mine = history(300, seed=1)
    (tmp_path / "ohlcv").mkdir()
    (tmp_path / "funding").mkdir()
    bars = pa.table({"ts": mine.opened_ms, **mine.columns})
    for name in ("AUSDT_1m", "AUSDT-crash_1m", "BUSDT_5m"):
        pq.write_table(bars, tmp_path / "ohlcv" / f"{name}.parquet")
    pq.write_table(pa.table({"ts": mine.funding_ms, "rate": mine.funding_rate}), tmp_path / "funding" / "AUSDT.parquet")
    found = recorded(tmp_path, Plan("1m", 10, 1, 100))
    assert list(found) == ["AUSDT"]
    np.testing.assert_array_equal(found["AUSDT"].opened_ms, mine.opened_ms[-100:])
    assert len(found["AUSDT"].funding_ms) == len(mine.funding_ms)


def test_a_folder_without_recordings_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 69 and what to name instead."""
    assert main(["--data", str(tmp_path)]) == 69
    assert "holds no folder ohlcv" in capsys.readouterr().err


def test_the_real_recordings_can_be_sampled(paths: Paths) -> None:
    """An hour's bars of two symbols: all classes occur, none nearly always."""
    found = recorded(paths.shared("data", "train"), Plan("1h", 24, 6, 3000, symbols=2))
    shares = build_samples(found, 3600, every_bars=6).shares()
    assert (shares > 0.15).all()
    assert (shares < 0.6).all()
