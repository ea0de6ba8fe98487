"""Four models for 200 symbols, and the trees alone: from features to verdicts, one batch a close.

    python benchmarks/models.py [--symbols 200] [--rounds 50] [--members FOLDER]

Trains small members on a made-up market (a minute) into a folder of its own, or into the one that is given, where
those of an earlier run are used again; then measures what happens at each
close: the trees' judging as `plugins.models` does it, the nets' as `plugins.deep` does it (packing and unpacking of the
windows included), and the combining of the votes. Trees and nets are measured one after the other, on one thread each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from plugins.domain import MemberName
from plugins.learning.artefacts import ArtefactStore
from plugins.learning.artefacts.champions import Champions
from plugins.learning.dataset import Samples, build_samples
from plugins.learning.ensemble import combined, equal_weights
from plugins.learning.features import FeatureRows, History
from plugins.learning.members import NETS, TREES, missing_library
from plugins.learning.members.nets.channels import WINDOW
from plugins.learning.training import Trained, train_members
from plugins.learning.windows_on_the_wire import packed, unpacked

BARS, SYMBOLS_LEARNED_FROM = 6_000, 6
MINUTE_MS = 60_000


def main() -> None:
    """Train, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--symbols", type=int, default=200)
    options.add_argument("--rounds", type=int, default=50)
    options.add_argument("--members", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as own:
        store, samples = ArtefactStore(given.members or Path(own)), _samples()
        _train(samples, store)
        _measure(store, _rows(samples, given.symbols), given.rounds)


def _samples() -> Samples:
    histories = {}
    for seed in range(SYMBOLS_LEARNED_FROM):
        random = np.random.default_rng(seed)
        close = 100 * np.exp(np.cumsum(random.normal(0, 0.0015, BARS)))
        open_ = np.concatenate([[100.0], close[:-1]])
        high, low = np.maximum(open_, close) * 1.0005, np.minimum(open_, close) * 0.9995
        columns = {"open": open_, "high": high, "low": low, "close": close, "volume": random.lognormal(2, 1, BARS)}
        opened = 1_735_689_600_000 + np.arange(BARS, dtype=np.int64) * MINUTE_MS
        histories[f"S{seed}USDT"] = History(opened, columns, np.array([], np.int64), np.array([]))
    return build_samples(histories, 60, every_bars=5, sequence=WINDOW)


def _train(samples: Samples, store: ArtefactStore) -> None:
    members = [name for name in MemberName if missing_library(name) is None and not store.pointers(name).champion]
    for result in train_members(samples, store, made_at=datetime.now(UTC), members=members):
        assert isinstance(result, Trained), result
        store.promote(result.member, result.artefact, who="benchmark", why="measured", at=datetime.now(UTC))
        print(f"trained {result.member:9} in {result.seconds:5.1f} s on {len(samples)} decisions")


def _rows(samples: Samples, symbols: int) -> FeatureRows:
    few = samples.take(np.linspace(0, len(samples) - 1, symbols).astype(np.int64))
    names = tuple(f"S{number}USDT" for number in range(symbols))
    return FeatureRows(samples.schema, int(samples.decided_ms.max()), names, few.sequences(WINDOW))


def _measure(store: ArtefactStore, rows: FeatureRows, rounds: int) -> None:
    trees, nets = Champions(store, TREES), Champions(store, [n for n in NETS if missing_library(n) is None])
    trees.refresh()
    nets.refresh()
    judged = [trees.ballot(name, rows) for name in trees.seats] + [nets.ballot(name, rows) for name in nets.seats]
    print(f"\n{len(rows)} symbols, {rounds} rounds, one thread")
    both = _timed("trees", lambda: [trees.ballot(name, rows) for name in trees.seats], rounds)
    for name in trees.seats:
        _timed(f"  {name}", lambda name=name: trees.ballot(name, rows), rounds)  # type: ignore[misc]
    deep = _timed(
        "nets", lambda: [nets.ballot(name, unpacked(rows.schema, packed(rows))) for name in nets.seats], rounds
    )
    for name in nets.seats:
        _timed(f"  {name}", lambda name=name: nets.ballot(name, rows), rounds)  # type: ignore[misc]
    votes = _timed("verdicts", lambda: combined(rows.symbols, judged, equal_weights()), rounds)
    print(
        f"\nall four, one after the other: median {both + deep + votes:.1f} ms (goal 60); trees {both:.1f} ms (goal 5)"
    )


def _timed(what: str, work: Callable[[], object], rounds: int) -> float:
    for _ in range(3):
        work()
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    print(f"{what:12} median {took[len(took) // 2]:6.2f} ms   p99 {took[int(len(took) * 0.99)]:6.2f} ms")
    return took[len(took) // 2]


if __name__ == "__main__":
    main()
