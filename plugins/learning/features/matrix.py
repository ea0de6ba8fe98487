"""Windows to feature values: the one place where features are made, for training and for trading alike."""

from __future__ import annotations

import numpy as np

from plugins.learning.features.bars import Panel
from plugins.learning.features.catalogue import RECIPES
from plugins.learning.features.windows import Windows
from plugins.learning.rows import Floats32

AT_ONCE = 4_000_000
"""Window elements reduced at once: about 32 MB of float64."""


def batch(panel: Panel, first: int = 0, last: int | None = None) -> Floats32:
    """[symbols, bars, features] of the bars `first` to `last` (exclusive); what cannot be known is NaN.

    Row t is made from bars up to and including t, so it may be used from that bar's close on.
    """
    end = len(panel) if last is None else last
    longest = max(recipe.feature.bars for recipe in RECIPES)
    step = max(1, AT_ONCE // (max(1, len(panel.symbols)) * longest))
    values = np.empty((len(panel.symbols), end - first, len(RECIPES)), dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        for begin in range(first, end, step):
            windows = Windows(panel, begin, min(begin + step, end))
            part = values[:, begin - first : windows.last - first]
            for column, recipe in enumerate(RECIPES):
                part[..., column] = recipe.make(windows)
    # A symbol without this bar has no row at all, whatever clock and market say.
    values[~np.isfinite(panel.close[:, first:end])] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values
