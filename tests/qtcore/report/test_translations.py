"""What plugins say in fixed words is kept in Norwegian beside a report, with the names that were filled in."""

from __future__ import annotations

from pathlib import Path

import orjson

from qtcore.config.cached_manifests import CACHE_NAME
from qtcore.health.kinds import FindingKind
from qtcore.health.model import Remedy, Severity
from qtcore.report.translations import translations_for

KIND = FindingKind(
    code="QT-TOY-LOST",
    title="the way to {subject} is lost",
    severity=Severity.LOW,
    cause="the map is old",
    consequence="{plugin} is late",
    fix="turn around",
    verify="it is there",
    remedies=(Remedy.manual("qt status", "shows where {plugin} is"),),
)
NORWEGIAN = {
    "the way to {subject} is lost": "veien til {subject} er borte",
    "the map is old": "kartet er gammelt",
    "{plugin} is late": "{plugin} er for sen",
    "it rains": "det regner",
}


def test_texts_with_names_are_found_by_their_templates(tmp_path: Path) -> None:
    """Only what occurs in the report is kept, so that it can be set again where nothing is installed."""
    manifest = {"inspected": {"manifest": {"norwegian": NORWEGIAN}}}
    (tmp_path / CACHE_NAME).write_bytes(orjson.dumps({"scout": manifest}))
    met = KIND.complete(KIND.found("lost", subject="Oslo").model_copy(update={"plugin": "scout"}))
    assert translations_for([met], (), tmp_path) == {
        "the map is old": "kartet er gammelt",
        "scout is late": "scout er for sen",
        "the way to Oslo is lost": "veien til Oslo er borte",
    }
