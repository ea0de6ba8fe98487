"""How long the disk will do (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

LEAST_SPAN_S = 1200.0
"""A trend over less time than this says nothing."""

MOST_SAMPLES = 720
HORIZON = timedelta(days=2)
"""What grew before that says little about tomorrow."""

_FEWEST = 2
"""Samples in a quarter."""

_NOISE_BYTES_PER_DAY = 1024 * 1024
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What was free on the home's disk at one moment."""

    at: datetime
    free_bytes: int


def with_sample(samples: Sequence[Sample], sample: Sample) -> tuple[Sample, ...]:
    """The history with one more; what is too old, or ahead of a clock that was set back, goes."""
    kept = [old for old in samples if sample.at - HORIZON <= old.at < sample.at]
    return (*kept[-(MOST_SAMPLES - 1) :], sample)


def days_left(samples: Sequence[Sample]) -> float | None:
    """Days until nothing is free; None when too little is known or when space does not shrink.

    Only what was taken counts, not what was given back: a clean-up once a day must not hide that the
    disk fills up between. What was taken in at most two quarters of the time is no trend: somebody installed something.
    """
    per_day = max(map(_lasting, _windows(samples)), default=0.0)
    if per_day < _NOISE_BYTES_PER_DAY:
        return None
    return samples[-1].free_bytes / per_day


def _windows(samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    """The whole and ever shorter parts that end now: what has begun lately must not be hidden by quiet days."""
    while len(samples) > 1 and (samples[-1].at - samples[0].at).total_seconds() >= LEAST_SPAN_S:
        yield samples
        samples = samples[len(samples) // 2 :]


def _lasting(samples: Sequence[Sample]) -> float:
    """Bytes a day at which all of it shrinks, and at least three quarters of it."""
    return min(_per_day(samples), sorted(map(_per_day, _quarters(samples)))[1])


def _quarters(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    """Four stretches one after the other; a short history is its own four quarters."""
    if len(samples) < 4 * _FEWEST:
        return [samples] * 4
    ends = [len(samples) - 1 if part == 4 else part * len(samples) // 4 for part in range(5)]
    return [samples[first : last + 1] for first, last in pairwise(ends)]


def _per_day(samples: Sequence[Sample]) -> float:
    span_s = (samples[-1].at - samples[0].at).total_seconds()
    net = samples[0].free_bytes - samples[-1].free_bytes
    taken = sum(max(0, before.free_bytes - after.free_bytes) for before, after in pairwise(samples))
    given = taken - net
    return (net if given < taken / 2 else net / 2) / span_s * _DAY_S
