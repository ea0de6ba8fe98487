"""A few decisions and what was said of them: whoever loads the artefact must say the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from plugins.learning.artefacts.damage import Damage, Damaged
from plugins.learning.features import FeatureRows
from plugins.learning.rows import Floats, Floats32
from plugins.learning.schema import FeatureSchema

FILE = "canary.safetensors"
DECISIONS = 16
TOLERANCE = 1e-4
"""Between processors, thread counts and minor library versions the last digits of single precision differ."""


@dataclass(frozen=True, slots=True)
class Canary:
    """`history` [n, length, features] and the calibrated probabilities [n, 3] that belong to it."""

    history: Floats32
    said: Floats

    def rows(self, schema: FeatureSchema) -> FeatureRows:
        """As a member is asked."""
        return FeatureRows(schema, 0, tuple(f"canary{number}" for number in range(len(self.history))), self.history)

    def save(self, folder: Path) -> None:
        """Write it."""
        save_file({"history": np.ascontiguousarray(self.history), "said": self.said}, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Canary:
        """Read it. Raises Damaged."""
        try:
            tensors = load_file(folder / FILE)
            return cls(tensors["history"], tensors["said"])
        except (SafetensorError, KeyError, OSError) as error:
            raise Damaged(Damage.UNLOADABLE, f"its canary cannot be read: {error}") from error

    def check(self, said: Floats) -> None:
        """Raises Damaged when what is said now is not what was said then."""
        if said.shape != self.said.shape or not np.isfinite(said).all():
            raise Damaged(Damage.CANARY, "it gives no probabilities for decisions that it was trained to judge")
        away = float(np.abs(said - self.said).max())
        if away > TOLERANCE:
            raise Damaged(
                Damage.CANARY,
                f"it now says something else than when it was made: probabilities differ by up to {away:.4f}",
            )
