"""Features: closed bars in, rows of a typed schema out, the same in training and in trading."""

from plugins.learning.features.bars import History, Panel, panel_of
from plugins.learning.features.catalogue import feature_schema
from plugins.learning.features.engine import FeatureEngine, FeatureRows
from plugins.learning.features.matrix import batch

__all__ = ["FeatureEngine", "FeatureRows", "History", "Panel", "batch", "feature_schema", "panel_of"]
