"""Which artefact of a member votes, which did before it, and which wants to: one small file, replaced in one step."""

from __future__ import annotations

from pydantic import AwareDatetime, ValidationError

from qtcore.documents import Document

FILE, BEFORE = "pointers.json", "pointers.before.json"
REMEMBERED = 50


class Switch(Document):
    """One change of the pointers, and who wanted it."""

    at: AwareDatetime
    who: str
    why: str
    champion: str | None
    challenger: str | None


class Pointers(Document):
    """Hashes. `previous` is kept so that the way back is one step."""

    champion: str | None = None
    previous: str | None = None
    challenger: str | None = None
    switches: tuple[Switch, ...] = ()
    """Newest last."""

    @property
    def named(self) -> set[str]:
        """Artefacts that must not be deleted."""
        return {name for name in (self.champion, self.previous, self.challenger) if name is not None}

    def promoted(self, artefact: str, *, who: str, why: str, at: AwareDatetime) -> Pointers:
        """With a new champion; the old one becomes the previous."""
        before = self.champion if self.champion != artefact else self.previous
        challenger = self.challenger if self.challenger != artefact else None
        return self._switched(
            artefact, before, challenger, Switch(at=at, who=who, why=why, champion=artefact, challenger=challenger)
        )

    def challenged(self, artefact: str | None, *, who: str, why: str, at: AwareDatetime) -> Pointers:
        """With a new challenger, or none."""
        return self._switched(
            self.champion,
            self.previous,
            artefact,
            Switch(at=at, who=who, why=why, champion=self.champion, challenger=artefact),
        )

    def fallen_back(self, artefact: str | None, *, who: str, why: str, at: AwareDatetime) -> Pointers:
        """With `artefact` as champion and nothing before it: what it replaces is not to be gone back to."""
        challenger = self.challenger if self.challenger != artefact else None
        return self._switched(
            artefact, None, challenger, Switch(at=at, who=who, why=why, champion=artefact, challenger=challenger)
        )

    def earlier_champions(self) -> list[str]:
        """Those before the present one, newest first, each once."""
        found = dict.fromkeys([self.previous, *(switch.champion for switch in reversed(self.switches))])
        return [name for name in found if name is not None and name != self.champion]

    def _switched(self, champion: str | None, previous: str | None, challenger: str | None, switch: Switch) -> Pointers:
        switches = (*self.switches, switch)[-REMEMBERED:]
        return Pointers(champion=champion, previous=previous, challenger=challenger, switches=switches)


def pointers_of(text: bytes) -> Pointers | None:
    """None for what is none."""
    try:
        return Pointers.model_validate_json(text)
    except ValidationError:
        return None
