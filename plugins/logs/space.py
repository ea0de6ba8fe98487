"""How long the disk will do (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

LEAST_SPAN_S = 600.0
"""A trend over less time than this says nothing."""

MOST_SAMPLES = 720
HORIZON = timedelta(days=2)
"""What grew before that says little about tomorrow."""

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
    disk fills up between.
    """
    if len(samples) < 2:
        return None
    span_s = (samples[-1].at - samples[0].at).total_seconds()
    if span_s < LEAST_SPAN_S:
        return None
    net = samples[0].free_bytes - samples[-1].free_bytes
    taken = sum(max(0, before.free_bytes - after.free_bytes) for before, after in pairwise(samples))
    given = taken - net
    per_day = (net if given < taken / 2 else net / 2) / span_s * _DAY_S
    if per_day < _NOISE_BYTES_PER_DAY:
        return None
    return samples[-1].free_bytes / per_day
