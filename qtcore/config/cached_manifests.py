"""What the inspector has seen last, as plain JSON data: for readers that must be quick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CACHE_NAME = "manifests.json"


def cached_entries(cache_dir: Path) -> dict[str, dict[str, object]]:
    """The raw cache by plugin; empty when there is none or it cannot be read, for it can always be made again.

    Each entry holds `key`, `root` (the folder of plugins.yaml) and `inspected`; whoever only wants to
    know what plugins offer, such as `qt --help`, need not ask whether an entry is still current.
    """
    try:
        data = json.loads((cache_dir / CACHE_NAME).read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: entry for name, entry in data.items() if isinstance(entry, dict)} if isinstance(data, dict) else {}


def cached_manifests(cache_dir: Path) -> dict[str, dict[str, Any]]:
    """The manifests as JSON data, as they were read last."""
    found = {}
    for name, entry in cached_entries(cache_dir).items():
        inspected = entry.get("inspected")
        if isinstance(inspected, dict) and isinstance(inspected.get("manifest"), dict):
            found[name] = inspected["manifest"]
    return found
