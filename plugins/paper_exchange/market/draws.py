"""Random numbers that are the same on every machine, reachable at any position without the ones before.

Only the raw stream of a counter-based bit generator is used (numpy keeps those stable; its distributions may
change between versions), and only operations that IEEE 754 rounds exactly: + − × ÷ √ and whole numbers. A
library's exp or log may differ in the last bit from one processor to the next; over a walk that is another market.
"""

from __future__ import annotations

from enum import IntEnum
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plugins.paper_exchange.market.series import Floats

Words = NDArray[np.uint64]

NORMAL_WORDS: Final = 3
"""Words that one normal number takes."""

_LANES: Final = np.array([0, 16, 32, 48], dtype=np.uint64)
_LANE_MASK: Final = np.uint64(0xFFFF)
_LN_2: Final = 0.6931471805599453
_ROOT_HALF: Final = 0.7071067811865476


class Stream(IntEnum):
    """What the words of one sequence are for: each purpose and day has its own."""

    START = 0
    NOISE = 1
    JUMPS = 2
    JUMP_SIZES = 3
    FAST = 4
    SLOW = 5
    DETAIL = 6
    FUNDING = 7


def words(seed: int, stream: Stream, number: int, *shape: int) -> Words:
    """Raw 64-bit words; each (seed, stream, number) is a sequence of its own."""
    key = np.array([seed, number * 16 + stream], dtype=np.uint64)
    return np.random.Philox(key=key).random_raw(prod(shape)).reshape(shape)


def normal(raw: Words) -> Floats:
    """Numbers of mean 0 and variance 1 from the last axis, which holds `NORMAL_WORDS` words each.

    The sum of twelve uniform numbers (Irwin–Hall): bell-shaped out to 6. The market's fat tails come from its
    volatility and its jumps, not from here.
    """
    sixteenths: Words = (raw[..., np.newaxis] >> _LANES) & _LANE_MASK
    total: Floats = sixteenths.sum(axis=(-2, -1)).astype(np.float64)
    return (total - 12 * 32767.5) / 65536.0


def uniform(raw: Words) -> Floats:
    """Numbers in (0, 1)."""
    return ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def exponential(raw: Words) -> Floats:
    """Positive numbers of mean 1, exponentially distributed."""
    return -_natural_log(uniform(raw))


def _natural_log(values: Floats) -> Floats:
    """ln by the series of artanh, to about 1e-13; `values` are positive."""
    mantissa, exponent = np.frexp(values)
    low = mantissa < _ROOT_HALF
    mantissa = np.where(low, mantissa * 2.0, mantissa)
    exponent = np.where(low, exponent - 1, exponent)
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square = ratio * ratio
    series = np.zeros_like(ratio)
    for odd in range(15, 0, -2):
        series = series * square + 1.0 / odd
    return 2.0 * ratio * series + exponent * _LN_2
