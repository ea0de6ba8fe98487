"""Trained members on disk: content-addressed, signed, checked before each use, and switched by a pointer.

Nothing heavy is imported here; `voter` is what loads a member.
"""

from plugins.learning.artefacts.damage import Damage, Damaged
from plugins.learning.artefacts.manifest import Circumstances, Content, Manifest, Training
from plugins.learning.artefacts.pointers import Pointers, Switch
from plugins.learning.artefacts.store import KEPT, ArtefactStore, Kept
from plugins.learning.artefacts.voter import Voter, load_voter

__all__ = [
    "KEPT",
    "ArtefactStore",
    "Circumstances",
    "Content",
    "Damage",
    "Damaged",
    "Kept",
    "Manifest",
    "Pointers",
    "Switch",
    "Training",
    "Voter",
    "load_voter",
]
