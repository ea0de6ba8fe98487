"""The frozen contracts: their published schemas are current, and every document survives the journey."""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.qtcore.contracts.documents import documents
from tools.write_schemas import CONTRACTS, FOLDER, schemas

DOCUMENTS = [name for name, kind in CONTRACTS.items() if not is_dataclass(kind)]
"""Messages between plugins are left out: they may gain fields, and their schema hash tells readers apart."""


@pytest.mark.parametrize(("path", "text"), list(schemas()), ids=lambda value: getattr(value, "stem", ""))
def test_published_schema_is_current(path: Any, text: str) -> None:
    """docs/schemas holds what the types say; `make docs` writes it again."""
    assert path.read_text(encoding="utf-8") == text


def test_no_schema_is_left_over() -> None:
    """Every file in docs/schemas belongs to a contract."""
    assert {path.stem for path in FOLDER.iterdir()} == set(CONTRACTS)


@pytest.mark.parametrize("name", [name for name in CONTRACTS if name not in ("configuration", "drills")])
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # shrinking documents this size takes minutes and tells nothing more
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_round_trip(name: str, data: st.DataObject) -> None:
    """Any document becomes JSON that its schema allows, and comes back equal."""
    adapter: TypeAdapter[Any] = TypeAdapter(CONTRACTS[name])
    document = data.draw(documents(CONTRACTS[name]))
    text = adapter.dump_json(document, by_alias=True)
    jsonschema.validate(json.loads(text), json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))
    assert adapter.validate_json(text) == document


@pytest.mark.parametrize("name", DOCUMENTS)
def test_unknown_fields_are_refused(name: str) -> None:
    """A document with a field that nobody knows is not accepted in silence."""
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    objects = [node for node in [schema, *schema.get("$defs", {}).values()] if node.get("type") == "object"]
    assert objects
    assert all(node.get("additionalProperties") is False for node in objects)
