"""How fast market time runs against real time."""

from __future__ import annotations

import math
from collections.abc import Callable

_LONG_S = 1e9
"""Long enough for no lower bound of a real limit to matter."""


def market_speed(real_limit_s: Callable[[float], float]) -> float:
    """Market seconds a real second, from a context's `real_limit_s`; 0 while the market stands still."""
    real_s = real_limit_s(_LONG_S)
    return 0.0 if math.isinf(real_s) else _LONG_S / real_s
