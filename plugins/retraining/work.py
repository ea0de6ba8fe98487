"""The training process, `python -m plugins.retraining.work`: an order as JSON on its input, lines of it on its output.

It holds nothing that anybody waits for: killed at any instant, it leaves the champions as they were.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from plugins.domain import MemberName
from plugins.learning.archive import INTERVAL_S, Archive, DamagedHistory
from plugins.learning.artefacts import ArtefactStore
from plugins.learning.artefacts.damage import Damaged
from plugins.learning.artefacts.voter import load_voter
from plugins.learning.dataset import Samples, build_samples
from plugins.learning.held_out import Course
from plugins.learning.labels import Barriers
from plugins.learning.training import Failed, Trained, train_members
from plugins.retraining.comparing import Comparison, compared
from plugins.retraining.order import (
    ORDER,
    Compared,
    CompareOrder,
    Ended,
    FailedModel,
    History,
    Pair,
    Refused,
    Stage,
    TrainedModel,
    TrainOrder,
)
from qtcore.documents import Document
from qtcore.hosts.linux import die_with_parent


def main() -> int:
    """Carry out the order on standard input."""
    die_with_parent()
    order = ORDER.validate_json(sys.stdin.buffer.read())
    try:
        samples = samples_of(order.history)
    except (DamagedHistory, ValueError) as error:
        _say(Refused(reason=str(error)))
        return 0
    lines = train(order, samples) if isinstance(order, TrainOrder) else compare(order, samples)
    for line in lines:
        _say(line)
    return 0


def samples_of(history: History) -> Samples:
    """Labelled decisions of the newest bars. Raises DamagedHistory, ValueError when there is no bar."""
    histories = Archive(history.folder).read_all(history.interval, history.symbols, newest=history.bars)
    known = {symbol: bars for symbol, bars in histories.items() if len(bars.opened_ms)}
    barriers = Barriers(horizon_bars=history.horizon_bars)
    samples = build_samples(known, INTERVAL_S[history.interval], barriers=barriers)
    every = -(-len(samples) // history.samples)
    if every <= 1:
        return samples
    return build_samples(known, INTERVAL_S[history.interval], barriers=barriers, every_bars=every)


def train(order: TrainOrder, samples: Samples) -> Iterator[Document]:
    """Train every member, each told as soon as it is done."""
    if len(samples) < order.least_samples:
        yield Refused(reason=f"only {len(samples)} decisions have a known fate; {order.least_samples} are needed")
        return
    store = ArtefactStore(order.home)
    course = Course(blocks=order.blocks, steps=order.steps, seed=order.seed, threads=order.threads)
    for name in order.members:
        champion = store.pointers(name).champion
        (done,) = train_members(
            samples, store, made_at=order.made_at, members=[name], course=course, reason=order.reason, told=_told
        )
        match done:
            case Trained():
                yield TrainedModel(
                    member=name,
                    artefact=done.artefact,
                    unchanged=done.unchanged,
                    seconds=done.seconds,
                    samples=len(samples),
                    last_ms=int(samples.known_ms.max()),
                    metrics=done.metrics,
                    against=_against(store, champion, done, samples, order),
                )
            case Failed():
                yield FailedModel(member=name, reason=done.reason)
    yield Ended(decisions=len(samples))


def compare(order: CompareOrder, samples: Samples) -> Iterator[Document]:
    """Compare every pair on decisions that neither has learned from."""
    store = ArtefactStore(order.home)
    for pair in order.pairs:
        try:
            found = _compared(store, pair, samples, order)
        except (Damaged, ImportError, ValueError) as error:
            yield Compared(pair=pair, comparison=Comparison.nothing(), trouble=str(error))
        else:
            yield Compared(pair=pair, comparison=found)
    yield Ended(decisions=len(samples))


def _compared(store: ArtefactStore, pair: Pair, samples: Samples, order: CompareOrder) -> Comparison:
    voters = [load_voter(store, pair.member, artefact, threads=order.threads) for artefact in (pair.old, pair.new)]
    learned_ms = max(voter.manifest.content.training.last_ms for voter in voters) + _horizon_ms(order.history)
    unseen = samples.take(np.flatnonzero(samples.decided_ms > max(pair.since_ms, learned_ms)))
    if not len(unseen):
        return Comparison.nothing()
    old, new = (voter.judge(unseen) for voter in voters)
    return compared(old, new, unseen.labels, unseen.decided_ms, _horizon_ms(order.history))


def _against(
    store: ArtefactStore, champion: str | None, trained: Trained, samples: Samples, order: TrainOrder
) -> Comparison | None:
    """The champion on the decisions of the folds that it has not learned from, against what the folds' fits said."""
    if champion is None:
        return None
    try:
        voter = load_voter(store, trained.member, champion, threads=order.threads)
    except (Damaged, ImportError):
        return None
    judged = samples.take(trained.judged)
    horizon_ms = _horizon_ms(order.history)
    learned_ms = voter.manifest.content.training.last_ms + horizon_ms
    unseen = np.flatnonzero(judged.decided_ms > learned_ms)
    if not len(unseen):
        return Comparison.nothing()
    part = judged.take(unseen)
    return compared(voter.judge(part), trained.said[unseen], part.labels, part.decided_ms, horizon_ms)


def _horizon_ms(history: History) -> int:
    return history.horizon_bars * INTERVAL_S[history.interval] * 1000


def _told(member: MemberName, stage: str, done: float) -> None:
    _say(Stage(member=member, stage=stage, done=round(min(1.0, max(0.0, done)), 3)))


def _say(line: Document) -> None:
    sys.stdout.write(line.model_dump_json() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
