"""The store of artefacts for people: what `qt models list` and `qt models show` print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plugins.domain import MemberName, at_market_ms
from plugins.learning.artefacts import ArtefactStore, Damaged, Manifest, Pointers
from qtcore import QtError


class NoSuchArtefact(QtError):
    """Nothing of that name is in the store, or more than one thing."""


def listed(home: Path) -> dict[str, Any]:
    """Every member's artefacts, newest first, and its pointers."""
    store = ArtefactStore(home)
    return {str(name): _member(store, name) for name in MemberName}


def shown(home: Path, artefact: str) -> dict[str, Any]:
    """One artefact whole. Raises NoSuchArtefact, saying what there is."""
    store = ArtefactStore(home)
    name, found = _found(store, artefact)
    answer: dict[str, Any] = {"member": str(name), "artefact": found, "role": _role(store.pointers(name), found)}
    try:
        manifest = store.verified(name, found)
    except Damaged as damaged:
        return {**answer, "whole": False, "damage": damaged.damage, "reason": str(damaged)}
    return {**answer, "whole": True, **manifest.model_dump(mode="json", exclude={"signature"})}


def _member(store: ArtefactStore, name: MemberName) -> dict[str, Any]:
    pointers = store.pointers(name)
    last = pointers.switches[-1] if pointers.switches else None
    return {
        "champion": pointers.champion,
        "previous": pointers.previous,
        "challenger": pointers.challenger,
        "last_switch": last.model_dump(mode="json") if last else None,
        "artefacts": [_row(found, manifest, pointers) for found, manifest in store.versions(name)],
    }


def _row(artefact: str, manifest: Manifest | Damaged, pointers: Pointers) -> dict[str, Any]:
    row: dict[str, Any] = {"artefact": artefact, "role": _role(pointers, artefact)}
    if isinstance(manifest, Damaged):
        return {**row, "damage": manifest.damage, "reason": str(manifest)}
    content = manifest.content
    return {
        **row,
        "made_at": manifest.circumstances.made_at.isoformat(),
        "samples": content.training.samples,
        "learned_until": at_market_ms(content.training.last_ms).isoformat(),
        "log_loss": content.metrics.get("log_loss"),
        "skill": content.metrics.get("skill"),
        "ece": content.metrics.get("ece"),
    }


def _role(pointers: Pointers, artefact: str) -> str:
    roles = {pointers.challenger: "challenger", pointers.previous: "previous", pointers.champion: "champion"}
    return roles.get(artefact, "kept")


def _found(store: ArtefactStore, artefact: str) -> tuple[MemberName, str]:
    if artefact in set(MemberName):
        name = MemberName(artefact)
        champion = store.pointers(name).champion
        if champion is None:
            raise NoSuchArtefact(f"{name} has no champion; `qt models list` shows what there is")
        return name, champion
    found = [(name, each) for name in MemberName for each, _ in store.versions(name) if each.startswith(artefact)]
    if len(found) != 1 or not artefact:
        many = f"{len(found)} artefacts begin with {artefact!r}" if found else f"no artefact begins with {artefact!r}"
        raise NoSuchArtefact(f"{many}; `qt models list` shows what there is")
    return found[0]
