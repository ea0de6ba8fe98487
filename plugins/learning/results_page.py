"""An evaluation as a page: a table anybody can read, and the sentences that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from plugins.learning.evaluation import Evaluation, Row
from plugins.learning.strategy import Interval

HEAD = (
    "| | log loss | gain per decision (95 %) | Brier | ECE | right | trades | net per trade | Sharpe (95 %) | "
    "paths | P(SR > 0) | deflated | verdict |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True, slots=True)
class Experiment:
    """One market and interval that was evaluated; `setup` says labels, costs and sampling in words."""

    title: str
    setup: str
    evaluation: Evaluation


def page(experiments: Sequence[Experiment], *, command: str, missing: Sequence[str] = ()) -> str:
    """The whole page in Markdown. `missing` are models that could not be judged, with the reason."""
    parts = [
        "# Results of the models\n",
        f"Written by `{command}`; do not edit.\n",
        HINDSIGHT,
        EXPLANATION,
    ]
    parts += [f"- not judged: {sentence}" for sentence in missing]
    parts += [_section(experiment) for experiment in experiments]
    return "\n".join(parts)


HINDSIGHT = """\
Whatever came out is shown, and no row was left out or picked by its result. The page is not free of hindsight all the
same: the rule of the labels and the sample of decisions were changed once, after a first look at results on these very
data, and no data were kept back from that look. So intervals and probabilities below say less than they claim to, and
an edge, where one is shown, would have to be seen again on data that nobody has looked at.
"""

EXPLANATION = """\
Every row judges the same decisions, by walking forward in three blocks; models are calibrated on the newest 15 % of
what teaches them. *Gain* is how far the log loss (nats) is below that of who knows only the shares of the classes. A
strategy acts on the likeliest class, one trade a symbol at a time, with fees, slippage and funding in each trade;
capital is split evenly over the symbols. Intervals: stationary block bootstrap over days, 2000 resamples. *Paths*:
lowest and highest Sharpe ratio over five paths of combinatorial purged cross-validation (trees only). *Deflated*: the
probability that the true Sharpe ratio is above zero, given how many rows were tried. *Verdict*: "edge" only where the
whole interval of the daily net return is above zero.
"""


def _section(experiment: Experiment) -> str:
    found = experiment.evaluation
    down, flat, up = found.shares
    return (
        f"\n## {experiment.title}\n\n{experiment.setup} {found.samples:,} decisions, {found.judged:,} of them "
        f"judged, from {_day(found.first_ms)} to {_day(found.last_ms)}, of {len(found.symbols)} symbols "
        f"({', '.join(found.symbols)}). Classes: {down:.1%} down, {flat:.1%} flat, {up:.1%} up. "
        f"Samples `{found.digest[:12]}`.\n\n" + HEAD + "".join(_line(row) for row in found.rows) + "\n" + _said(found)
    )


def _line(row: Row) -> str:
    judged, made = row.quality, row.earnings
    cells = [
        row.name,
        f"{judged.log_loss:.4f}" if judged else "–",
        _interval(row.gain, "+.4f") if row.gain else "–",
        f"{judged.brier:.4f}" if judged else "–",
        f"{judged.ece:.3f}" if judged else "–",
        f"{judged.accuracy:.1%}" if judged else "–",
        f"{made.trades:,}",
        f"{made.mean_net:+.3%}" if made.trades else "–",
        _interval(row.sharpe, "+.2f") if made.trades else "–",
        f"{row.spread[0]:+.2f} … {row.spread[1]:+.2f}" if row.spread else "–",
        _probability(row.probable),
        _probability(row.deflated),
        row.edge,
    ]
    return f"| {' | '.join(cells)} |\n"


def _said(found: Evaluation) -> str:
    learned = [row for row in found.rows if row.gain is not None and row.gain.low > 0.0]
    earning = [row.name for row in found.rows if row.edge == "edge"]
    knows = (
        f"Better than the shares of the classes, beyond doubt: {', '.join(row.name for row in learned)}."
        if learned
        else "No model knows more than the shares of the classes, beyond doubt."
    )
    earns = f"Net edge: {', '.join(earning)}." if earning else "Net of costs there is no edge."
    return f"{knows} {earns}\n"


def _interval(interval: Interval, form: str) -> str:
    return f"{interval.value:{form}} ({interval.low:{form}} … {interval.high:{form}})"


def _probability(value: float) -> str:
    return f"{value:.2f}" if value == value else "–"  # noqa: PLR0124 - NaN is the only value unlike itself


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
