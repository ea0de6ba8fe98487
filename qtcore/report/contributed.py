"""What plugins have contributed to the report, as it was kept last."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from qtcore.report.document import Contribution
from qtcore.report.section import SectionsFile

STALE_S = 60.0
"""Contributions are renewed each quarter of a minute; one that missed four turns is stale."""


def contributions(folder: Path, now: datetime) -> tuple[list[Contribution], list[str]]:
    """Every contribution that can be read, by plugin, and a sentence for each that cannot."""
    found: list[Contribution] = []
    damage: list[str] = []
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    for path in paths:
        if path.name.startswith("."):
            continue
        try:
            kept = SectionsFile.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            continue  # replaced or removed while we looked
        except (OSError, ValidationError):
            damage.append(f"the sections in {path} cannot be read; a running plugin writes them anew")
            continue
        age_s = max(0.0, (now - kept.produced_at).total_seconds())
        found.append(
            Contribution(
                plugin=kept.plugin,
                produced_at=kept.produced_at,
                age_s=round(age_s, 3),
                stale=age_s > STALE_S,
                sections=kept.sections,
            )
        )
    return found, damage
