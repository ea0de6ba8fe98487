"""Made-up decisions with something to learn in them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from plugins.learning.features import feature_schema
from plugins.learning.members.nets.channels import CHANNELS
from tests.plugins.learning.members.lessons import Lesson

HISTORY = 64


@pytest.fixture(scope="session")
def lesson() -> Callable[..., Lesson]:
    """`lesson(decisions, seed)`: the direction follows `return_1` of the last row, with much noise."""

    def make(decisions: int = 2000, seed: int = 1) -> Lesson:
        schema = feature_schema(60)
        random = np.random.default_rng(seed)
        steps = random.normal(size=(decisions + HISTORY - 1, len(schema.features)))
        series = np.zeros_like(steps)
        for row in range(1, len(series)):  # slow enough for a net to see it in its window
            series[row] = 0.8 * series[row - 1] + 0.6 * steps[row]
        series = series.astype(np.float32)
        told = series[HISTORY - 1 :, schema.names.index(CHANNELS[0])] + random.normal(size=decisions) / 3
        labels = np.digitize(told, [-0.5, 0.5]).astype(np.int64)
        decided = np.arange(decisions, dtype=np.int64) * 60_000
        return Lesson(schema, series, np.arange(decisions), labels, np.ones(decisions), decided, decided + 300_000)

    return make
