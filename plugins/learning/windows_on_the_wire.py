"""The nets' windows on their way to another process: only the columns that nets look at, as base64 of float32."""

from __future__ import annotations

import base64
import binascii

import numpy as np

from plugins.learning.features import FeatureRows
from plugins.learning.members.nets.channels import WINDOW, channels_of
from plugins.learning.schema import FeatureSchema
from qtcore.documents import Document


class NoWindows(ValueError):
    """What came is not what was sent."""


class PackedWindows(Document):
    """One window a symbol, in the order of `symbols`."""

    schema_hash: str
    closed_at_ms: int
    symbols: tuple[str, ...]
    windows: str


def packed(rows: FeatureRows) -> PackedWindows:
    """The last WINDOW rows of each symbol."""
    windows = np.ascontiguousarray(rows.sequences(WINDOW)[:, :, channels_of(rows.schema)], dtype="<f4")
    return PackedWindows(
        schema_hash=rows.schema.hash,
        closed_at_ms=rows.closed_at_ms,
        symbols=rows.symbols,
        windows=base64.b64encode(windows.tobytes()).decode(),
    )


def unpacked(schema: FeatureSchema, batch: PackedWindows) -> FeatureRows:
    """As the nets are asked; columns that they do not look at are missing. Raises NoWindows."""
    columns = channels_of(schema)
    shape = (len(batch.symbols), WINDOW, len(columns))
    try:
        sent = np.frombuffer(base64.b64decode(batch.windows, validate=True), dtype="<f4").reshape(shape)
    except (binascii.Error, ValueError) as error:
        raise NoWindows(f"these are not {shape[0]} windows of {shape[1]} rows and {shape[2]} columns") from error
    history = np.full((*shape[:2], len(schema.features)), np.nan, dtype=np.float32)
    history[:, :, columns] = sent
    return FeatureRows(schema, batch.closed_at_ms, batch.symbols, history)
