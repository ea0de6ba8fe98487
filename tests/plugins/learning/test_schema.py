"""Schemas: what their hash depends on, and how a mismatch is told."""

from __future__ import annotations

import dataclasses
import json

import pytest

from plugins.domain import View
from plugins.learning.classes import CLASS_ORDER, Direction, view_of
from plugins.learning.features import feature_schema
from plugins.learning.schema import Feature, FeatureSchema, SchemaMismatch, schema_of

SMALL = FeatureSchema(1, 60, (Feature("a", 1), Feature("b", 5, (("bars", 4.0),))))


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(SMALL, version=2),
        dataclasses.replace(SMALL, interval_s=300),
        dataclasses.replace(SMALL, features=SMALL.features[::-1]),
        dataclasses.replace(SMALL, features=SMALL.features[:1]),
        dataclasses.replace(SMALL, features=(Feature("a", 1), Feature("b", 5, (("bars", 5.0),)))),
        dataclasses.replace(SMALL, features=(Feature("a", 1), Feature("c", 5, (("bars", 4.0),)))),
    ],
)
def test_e8_any_change_of_a_schema_changes_its_hash_and_is_refused(other: FeatureSchema) -> None:
    """Version, interval, order, number, parameters and names all count, and the refusal says what differs."""
    assert other.hash != SMALL.hash
    with pytest.raises(SchemaMismatch, match="made for features"):
        SMALL.require(other)


def test_a_schema_survives_the_way_through_json() -> None:
    """What a manifest holds is the schema."""
    schema = feature_schema(300)
    back = schema_of(json.loads(json.dumps(schema.document())))
    assert back == schema
    assert back.hash == schema.hash
    schema.require(back)


def test_names_are_unique_and_between_twenty_and_forty() -> None:
    """A column is found by its name."""
    names = feature_schema(60).names
    assert len(set(names)) == len(names)
    assert 20 <= len(names) <= 40


def test_a_mismatch_names_the_columns() -> None:
    """The reader learns which features are gone and which are new."""
    other = FeatureSchema(1, 60, (Feature("a", 1), Feature("z", 1)))
    with pytest.raises(SchemaMismatch, match="missing: b; unknown: z"):
        SMALL.require(other)


def test_the_class_order_is_down_flat_up() -> None:
    """Every model's columns stand in this order, and each class has its view."""
    assert CLASS_ORDER == ("DOWN", "FLAT", "UP")
    assert [view_of(direction) for direction in Direction] == [View.SHORT, View.NEUTRAL, View.LONG]
