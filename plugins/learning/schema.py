"""Which features a model is fed, in which order, made how: one value with one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from qtcore import QtError


class SchemaMismatch(QtError):
    """A model and the features it is given do not belong together."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column. `bars` is its warm-up: how many closed bars in a row, the newest included, it is made from.

    `optional` says that it may be missing while a symbol counts as covered (funding, the rest of the market).
    """

    name: str
    bars: int
    parameters: tuple[tuple[str, float], ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class FeatureSchema:
    """Columns in order. `version` is raised when the same name comes to mean another figure."""

    version: int
    interval_s: int
    features: tuple[Feature, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def bars(self) -> int:
        """How many closed bars in a row the slowest feature needs."""
        return max(feature.bars for feature in self.features)

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over version, interval and each feature's name, place, warm-up and parameters."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def document(self) -> dict[str, Any]:
        """Plain data for a manifest; `schema_of` reads it back."""
        return {
            "version": self.version,
            "interval_s": self.interval_s,
            "features": [
                {**asdict(feature), "parameters": [list(pair) for pair in feature.parameters]}
                for feature in self.features
            ],
        }

    def require(self, other: FeatureSchema) -> None:
        """Raise SchemaMismatch, with what differs, unless `other` is the same schema."""
        if other.hash == self.hash:
            return
        gone = [name for name in self.names if name not in other.names]
        new = [name for name in other.names if name not in self.names]
        raise SchemaMismatch(
            f"made for features {self.hash[:12]} (version {self.version}, {len(self.features)} columns of "
            f"{self.interval_s} s bars) but given {other.hash[:12]} (version {other.version}, "
            f"{len(other.features)} columns of {other.interval_s} s bars)"
            + (f"; missing: {', '.join(gone)}" if gone else "")
            + (f"; unknown: {', '.join(new)}" if new else "")
            + "; train anew, or go back to an artefact of these features"
        )


def schema_of(document: Mapping[str, Any]) -> FeatureSchema:
    """The schema that `FeatureSchema.document` described. Raises KeyError, TypeError or ValueError for other data."""
    return FeatureSchema(
        version=int(document["version"]),
        interval_s=int(document["interval_s"]),
        features=tuple(
            Feature(
                name=str(row["name"]),
                bars=int(row["bars"]),
                parameters=tuple((str(name), float(value)) for name, value in row["parameters"]),
                optional=bool(row["optional"]),
            )
            for row in document["features"]
        ),
    )
