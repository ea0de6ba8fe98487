"""Judges every model that is installed on recorded data and writes the results page.

    python -m plugins.learning.evaluate --data ../shared/data/train [--quick] [--out docs/model-results.md]

The full profile takes up to two hours on two cores, `--quick` some minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from plugins.domain import MemberName
from plugins.learning.archive import INTERVAL_S, read_bars, read_funding, tail, with_funding
from plugins.learning.dataset import Samples, build_samples
from plugins.learning.evaluation import evaluate
from plugins.learning.features import History
from plugins.learning.labels import Barriers, Costs
from plugins.learning.members import TREES, missing_library, new_member
from plugins.learning.results_page import Experiment, page
from plugins.learning.validation import Fit, Predict

SEED = 7
SEQUENCE = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """What is evaluated: bars of an interval, at most so many, every n-th a decision, of at most so many symbols."""

    interval: str
    horizon_bars: int
    every_bars: int
    newest: int
    symbols: int = 100
    combinatorial: bool = True


QUICK = (Plan("1h", 24, 6, 24_000, combinatorial=False),)
FULL = (
    Plan("1h", 24, 6, 50_000),
    Plan("15m", 48, 12, 110_000),
    Plan("5m", 72, 24, 110_000),
    Plan("1m", 120, 20, 45_000),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and write; returns 0, or 69 when there is no data."""
    asked = _parser().parse_args(arguments)
    if not (asked.data / "ohlcv").is_dir():
        _say(f"{asked.data} holds no folder ohlcv; name a folder of recordings with --data")
        return 69
    models, missing = _models(asked.threads)
    experiments = []
    for plan in QUICK if asked.quick else FULL:
        histories = recorded(asked.data, plan)
        if histories:
            experiments.append(_experiment(plan, histories, models))
    command = f"python -m plugins.learning.evaluate --data {asked.data}" + (" --quick" if asked.quick else "")
    asked.out.write_text(page(experiments, command=command, missing=missing), encoding="utf-8")
    _say(f"written: {asked.out}")
    return 0


def recorded(folder: Path, plan: Plan) -> dict[str, History]:
    """The newest bars of each perpetual of the plan's interval, with its funding where that is recorded."""
    files = sorted((folder / "ohlcv").glob(f"*_{plan.interval}.parquet"))
    whole = [path for path in files if "-" not in path.name][: plan.symbols]
    histories = {}
    for path in whole:
        symbol = path.name.partition("_")[0]
        history, funding = tail(read_bars(path), plan.newest), folder / "funding" / f"{symbol}.parquet"
        histories[symbol] = with_funding(history, *read_funding(funding)) if funding.exists() else history
    return histories


def member_fit(name: MemberName, threads: int) -> Fit:
    """A member as validation sees it."""

    def fit(train: Samples) -> Predict:
        member = new_member(name)
        member.fit(train, seed=SEED, threads=threads, progress=lambda _done: None)
        return member.predict

    return fit


def _experiment(plan: Plan, histories: Mapping[str, History], models: Mapping[str, Fit]) -> Experiment:
    began, barriers, costs = time.monotonic(), Barriers(horizon_bars=plan.horizon_bars), Costs()
    samples = build_samples(
        histories,
        INTERVAL_S[plan.interval],
        barriers=barriers,
        costs=costs,
        every_bars=plan.every_bars,
        sequence=SEQUENCE,
    )
    _say(f"{plan.interval}: {len(samples)} decisions of {len(histories)} symbols, {time.monotonic() - began:.0f} s")
    trees = [str(name) for name in TREES if str(name) in models] if plan.combinatorial else []
    found = evaluate(samples, models, costs=costs, combined=trees, told=_say)
    _say(f"{plan.interval}: done after {time.monotonic() - began:.0f} s")
    setup = (
        f"Horizon {plan.horizon_bars} bars, barriers at {barriers.width:g} volatilities of the horizon, "
        f"a decision every {plan.every_bars} bars; {costs.fee:.2%} fee and {costs.slippage:.2%} slippage a side."
    )
    return Experiment(f"{plan.interval} bars", setup, found)


def _models(threads: int) -> tuple[dict[str, Fit], list[str]]:
    models, missing = {}, []
    for name in MemberName:
        library = missing_library(name)
        if library is None:
            models[str(name)] = member_fit(name, threads)
        else:
            missing.append(f"{name}: {library} is not installed")
    return models, missing


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m plugins.learning.evaluate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder with ohlcv/ and funding/")
    parser.add_argument("--out", type=Path, default=Path("docs/model-results.md"))
    parser.add_argument("--quick", action="store_true", help="one market and no combinatorial paths, some minutes")
    parser.add_argument("--threads", type=int, default=2)
    return parser


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
