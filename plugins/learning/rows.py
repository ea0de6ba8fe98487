"""What a model is given: feature rows, and the rows before them for models that read sequences."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from plugins.learning.schema import FeatureSchema

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
AnyInts = NDArray[np.integer[Any]]


class Rows(Protocol):
    """Feature rows in the order of `schema`. Missing is NaN."""

    @property
    def schema(self) -> FeatureSchema:
        """What the columns mean."""
        ...

    @property
    def values(self) -> Floats32:
        """[n, features]: one row per decision."""
        ...

    def __len__(self) -> int: ...

    def sequences(self, length: int) -> Floats32:
        """[n, length, features]: each row with those before it, oldest first; its last one equals `values`."""
        ...
