"""What can be wrong with an artefact."""

from __future__ import annotations

from enum import StrEnum

from qtcore import QtError


class Damage(StrEnum):
    """Why an artefact is not used."""

    MISSING = "missing"
    TRUNCATED = "truncated"
    CORRUPTED = "corrupted"
    FOREIGN = "foreign"
    OTHER_SCHEMA = "other_schema"
    OTHER_CLASSES = "other_classes"
    UNLOADABLE = "unloadable"
    CANARY = "canary"


class Damaged(QtError):
    """An artefact must not vote; `damage` says why in a word, the text in a sentence."""

    def __init__(self, damage: Damage, sentence: str) -> None:
        super().__init__(sentence)
        self.damage = damage
