"""What was learned: artefacts with this home's signature."""

from __future__ import annotations

from plugins.domain import MemberName
from plugins.learning.artefacts import ArtefactStore, Damaged
from qtcore import Patient, Seen, Skipped, Trouble, Verdict


def artefacts(patient: Patient) -> Verdict:
    """Every champion is whole, and signed with this home's key."""
    store = ArtefactStore(patient.root)
    champions = {name: champion for name in MemberName if (champion := store.pointers(name).champion)}
    if not champions:
        return Skipped("nothing has been trained yet")
    damaged = []
    for name, champion in champions.items():
        try:
            store.verified(name, champion)
        except Damaged as damage:
            code = f"QT-MODELS-ARTEFACT-{name.replace('_', '-').upper()}"
            damaged.append(Seen(code, str(damage), subject=str(name)))
    return Trouble.of(damaged, f"{', '.join(champions)}: whole and signed")
