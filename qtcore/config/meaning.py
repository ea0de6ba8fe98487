"""What a setting means beside its own plugin, said by its author and judged by the configuration audit.

    positions: PositiveInt = Field(default=4, json_schema_extra=means("limit.positions"))
    account_age_s: float = Field(default=10.0, json_schema_extra=means(judges="exchange.reconcile_s"))
    look_s: PositiveFloat = Field(default=5.0, json_schema_extra=means(least_s=0.5))

The framework compares meanings as plain words and knows none of them, except `MARKET_SPEED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError
from pydantic_core import PydanticCustomError

from qtcore.documents import Document

KEY = "x-qt"
"""Where the meaning stands in a setting's JSON Schema."""

MARKET_SPEED = "clock.market_speed"
"""The group of the one setting that says how many market seconds pass in a real one."""


class Meaning(Document):
    """What a setting says that others may say too, or that must fit something else."""

    group: str = Field(default="", description="settings of one group mean the same limit")
    within: bool = Field(default=False, description="a margin inside the group's limit: only stricter is meant")
    judges: str | float | None = Field(
        default=None, description="what this limit of age judges: the setting with its period, or the seconds of it"
    )
    judges_market: bool = Field(default=False, description="the seconds in `judges` are market time")
    market: bool = Field(default=False, description="this setting itself is market time")
    least_s: float | None = Field(default=None, gt=0, description="a shorter interval costs more than it brings")


NOTHING = Meaning()


def means(
    group: str = "",
    *,
    within: bool = False,
    judges: str | float | None = None,
    judges_market: bool = False,
    market: bool = False,
    least_s: float | None = None,
) -> dict[str, Any]:
    """The `json_schema_extra` of a setting's Field; see `Meaning` for the words."""
    meaning = Meaning(
        group=group, within=within, judges=judges, judges_market=judges_market, market=market, least_s=least_s
    )
    return {KEY: meaning.model_dump(exclude_defaults=True)}


def impossible(code: str, sentence: str) -> ValueError:
    """What a settings validator raises where its trouble has a code of its own, as `QT-CONFIG-CHAIN`."""
    return PydanticCustomError("qt", "{sentence}", {"sentence": sentence, "code": code})


def meaning_of(node: Mapping[str, Any]) -> Meaning:
    """What the JSON Schema of a setting says of its meaning; nothing where it says nothing that can be read."""
    try:
        return Meaning.model_validate(node.get(KEY, {}))
    except ValidationError:
        return NOTHING
