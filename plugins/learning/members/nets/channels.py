"""Which features the nets see as series: few, of short memory, and never missing on a bar that was traded."""

from __future__ import annotations

import numpy as np

from plugins.learning.members.protocol import Untrainable
from plugins.learning.rows import Ints
from plugins.learning.schema import FeatureSchema

CHANNELS = (
    "return_1",
    "volatility_12",
    "signed_volume_24",
    "bollinger_position_20",
    "stochastic_14",
    "distance_to_mean_96",
)

WINDOW = 64
"""Rows that a net looks back over."""


def channels_of(schema: FeatureSchema) -> Ints:
    """The columns of the channels. Raises Untrainable when the schema has lost one."""
    places = {name: place for place, name in enumerate(schema.names)}
    if gone := [name for name in CHANNELS if name not in places]:
        raise Untrainable(f"the nets are made for {', '.join(gone)}, which features {schema.hash[:12]} do not have")
    return np.array([places[name] for name in CHANNELS], dtype=np.int64)
