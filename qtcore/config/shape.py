"""Says in a sentence what is wrong with the shape of some data, from pydantic's errors and the JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from qtcore.config.problem import did_you_mean

Location = tuple[str | int, ...]

_LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that does not fit, by its location in the data."""

    location: Location
    sentence: str
    about_key: bool
    """True when the key is wrong, false when its value is."""
    code: str | None = None
    """Of the finding that it is, where it is more than a wrong value."""


def misfits(error: ValidationError, model: type[BaseModel]) -> list[Misfit]:
    """Every error of a validation of `model`, told for people; values of secret fields are not shown."""
    schema = model.model_json_schema()
    found: dict[Location, Misfit] = {}
    for detail in error.errors(include_url=False):
        misfit = _misfit(dict(detail), schema)
        found.setdefault(misfit.location, misfit)
    return list(found.values())


def _misfit(detail: Mapping[str, Any], schema: Mapping[str, Any]) -> Misfit:
    location: Location = tuple(detail["loc"])
    name = f'"{location[-1]}"' if location else "the whole"
    match detail["type"]:
        case "extra_forbidden":
            known = keys_at(schema, location[:-1])
            cure = did_you_mean(str(location[-1]), known) if known else "; no keys are expected here, remove it"
            return Misfit(location, f"unknown key {name}{cure}", about_key=True, code="QT-CONFIG-UNKNOWN")
        case "missing":
            meaning = node_at(schema, location).get("description", "")
            sentence = f"{name} is missing" + (f" ({meaning})" if meaning else "; add it")
            return Misfit(location, sentence, about_key=True, code="QT-CONFIG-MISSING")
        case "qt":
            context = detail["ctx"]
            return Misfit(location, str(context["sentence"]), about_key=False, code=str(context["code"]))
        case _ if location and location[-1] == "[key]":
            return Misfit(location[:-1], _wrong_name(str(location[-2])), about_key=True)
        case _:
            return Misfit(location, f"{name} {_complaint(detail, node_at(schema, location))}", about_key=False)


def _wrong_name(name: str) -> str:
    return f'"{name}" cannot be a name here; use lower-case letters, digits and _ and begin with a letter'


_PLAIN_WORDS = {
    "model_type": "should be a mapping of keys to values",
    "dict_type": "should be a mapping of keys to values",
    "tuple_type": "should be a list",
    "list_type": "should be a list",
    "string_type": "should be text (put it in quotes)",
    "too_short": "should hold at least one entry",
}


def _complaint(detail: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    message = _PLAIN_WORDS.get(detail["type"], str(detail["msg"]))
    for opening in ("Value error, ", "Assertion failed, "):
        message = message.removeprefix(opening)
    message = message.removeprefix("Input ")
    if not message.startswith("should"):
        message = f"is not accepted: {message}"
    if is_secret(node) or detail["type"] in {"value_error", "assertion_error"}:
        return message  # a validator's own sentence names the value where that helps
    return f"{message}, and is {_shown(detail.get('input'))}"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case Mapping() | list():
            return "a mapping" if isinstance(value, Mapping) else "a list"
        case _:
            text = json.dumps(value, ensure_ascii=False, default=str)
            return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def is_secret(node: Mapping[str, Any]) -> bool:
    """Whether a JSON Schema node describes a value that must not be printed."""
    return bool(node.get("writeOnly")) or node.get("format") == "password"


def keys_at(schema: Mapping[str, Any], location: Sequence[str | int]) -> list[str]:
    """The property names that a JSON Schema knows at a location."""
    return sorted({key for node in _nodes_at(schema, location) for key in node.get("properties", {})})


def node_at(schema: Mapping[str, Any], location: Sequence[str | int]) -> Mapping[str, Any]:
    """The schema of the value at a location; empty when the schema does not say."""
    own = _declared_at(schema, location)
    merged: dict[str, Any] = {}
    for node in (*_nodes_at(schema, location), own):
        merged.update(node)
    return merged


def _declared_at(schema: Mapping[str, Any], location: Sequence[str | int]) -> Mapping[str, Any]:
    """The property as its parent declares it; a description beside a `$ref` stands only there."""
    if not location:
        return {}
    for node in _nodes_at(schema, location[:-1]):
        declared = node.get("properties", {}).get(location[-1])
        if isinstance(declared, Mapping):
            return declared
    return {}


def _nodes_at(schema: Mapping[str, Any], location: Sequence[str | int]) -> list[Mapping[str, Any]]:
    nodes = list(_branches(schema, schema))
    for step in location:
        below = [child for node in nodes for child in _children(node, step)]
        if below:  # a step that is no property (the tag of a union) stays where it is
            nodes = [branch for child in below for branch in _branches(child, schema)]
    return nodes


def _children(node: Mapping[str, Any], step: str | int) -> Iterator[Mapping[str, Any]]:
    candidates = (
        [node.get("items"), *node.get("prefixItems", ())[step : step + 1]]
        if isinstance(step, int)
        else [
            node.get("properties", {}).get(step, node.get("additionalProperties")),
            *node.get("patternProperties", {}).values(),
        ]
    )
    yield from (candidate for candidate in candidates if isinstance(candidate, Mapping))


def _branches(node: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The node itself with references followed, or each alternative of a union."""
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        yield from _branches(root.get("$defs", {}).get(name, {}), root)
        return
    yield node
    for keyword in ("anyOf", "oneOf", "allOf"):
        for branch in node.get(keyword, ()):
            yield from _branches(branch, root)
