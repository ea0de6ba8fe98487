"""`drills.yaml` as a document: systems, drills, and the incidents that nobody has drilled yet."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from qtcore.documents import Document, PluginName
from qtcore.drills.acts import Act, Function
from qtcore.drills.checks import Check
from qtcore.health.model import Code

DrillId = Annotated[str, Field(pattern=r"^[A-Z][0-9]{1,2}$")]
Letter = Literal["R", "Q", "N", "X", "S", "B", "H", "F"]
HEAL_LETTERS: dict[Letter, str] = {
    "R": "restart",
    "Q": "quarantine",
    "N": "no new entries",
    "X": "reduce-only exit",
    "S": "state repaired",
    "B": "back off",
    "H": "a person",
    "F": "refuse to start",
}


class System(Document):
    """A system in which drills are run: a copy of `plugins.yaml` with a patch, a market and a speed."""

    like: str = Field(default="", description="another system that this one adds to")
    market: str = Field(default="", description="as for `qt up --market`; `{seed}` is replaced")
    speed: str = ""
    without: tuple[PluginName, ...] = Field(default=(), description="plugins that are not enabled")
    with_: tuple[PluginName, ...] = Field(
        default=(), alias="with", description="of the other system's `without`, these stay"
    )
    home: Function | None = Field(default=None, description="makes the home once; each drill begins with a copy of it")
    configuration: dict[str, Any] = Field(default={}, description="merged into the copy of `plugins.yaml`")
    environment: dict[str, str] = {}
    ports: tuple[str, ...] = Field(default=(), description="variables that get a free port of this machine")
    ready: tuple[Check, ...] = Field(default=(), description="what must hold, beside running, before a fault begins")
    twin: tuple[Act, ...] = Field(default=(), description="what an undisturbed run is asked to do, as drills ask")
    known: tuple[Code, ...] = Field(default=(), description="findings that are true of it undisturbed")


class Fault(Document):
    """Where the fault lies: in what the system is started with, or in what is done to it while it runs."""

    environment: dict[str, str] = Field(default={}, description="`{application}` is the folder of the copy")
    configuration: dict[str, Any] = {}
    configure: Function | None = Field(default=None, description="returns a patch that depends on this machine")
    files: dict[str, str] = Field(default={}, description="written beside the copy of `plugins.yaml` before the start")
    acts: tuple[Act, ...] = ()


class Expected(Document):
    """What must be found: one of `found`, with one of `first` at the head of the report."""

    found: tuple[Code, ...] = Field(min_length=1)
    first: tuple[Code, ...] = Field(min_length=1)
    plugin: PluginName | None = None
    subject: str = ""
    effects: tuple[Code, ...] = Field(default=(), description="what may be found beside it, being its consequence")

    @property
    def allowed(self) -> frozenset[str]:
        """Every code that is no wrong finding."""
        return frozenset((*self.found, *self.first, *self.effects))


class Refused(Document):
    """The start must be refused, with this exit code and a sentence that holds these words."""

    exit: int
    says: tuple[str, ...] = Field(min_length=1)


class Limits(Document):
    """Real seconds: from the fault to its finding and to its handling, from its end to proven recovery."""

    detect_s: PositiveFloat = 5.0
    handle_s: PositiveFloat = 15.0
    recover_s: NonNegativeFloat = Field(default=30.0, description="0: it does not end by itself, see `over`")


class Drill(Document):
    """One rehearsed fault and what is expected of the system."""

    id: DrillId
    title: str
    happened: str = Field(description="what it did to the original system")
    system: str
    prepare: tuple[Act, ...] = Field(default=(), description="done before the fault, as in ordinary work")
    decoys: tuple[Act, ...] = Field(
        default=(), description="done before the fault; nothing may be found because of them"
    )
    fault: Fault
    expect: Expected | None = None
    refused: Refused | None = None
    heal: str = Field(description="letters of the catalogue's column, with spaces")
    handled: tuple[Check, ...] = ()
    limits: Limits = Limits()
    lift: tuple[Act, ...] = Field(default=(), description="how the fault ends; nothing: it ends by itself")
    recovered: tuple[Check, ...] = Field(default=(), description="what proves that it is over")
    over: str = Field(default="", description="what ends it where no check can say so")

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of the catalogue's column."""
        return tuple(self.heal.split())

    @property
    def refuses_start(self) -> bool:
        """Whether the system must not come up at all."""
        return self.refused is not None and not self.fault.acts

    @model_validator(mode="after")
    def _judgeable(self) -> Self:
        if (self.expect is None) is (self.refused is None):
            raise ValueError(f"{self.id}: say what is expected or with which sentence the start is refused")
        if wrong := set(self.letters) - set(HEAL_LETTERS):
            raise ValueError(f"{self.id}: {', '.join(sorted(wrong))} is no letter of healing")
        if not self.recovered and not self.over:
            raise ValueError(f"{self.id}: say in `recovered` or `over` how it ends")
        return self


class Staged(Document):
    """A drill in several stages that the application conducts itself."""

    title: str
    happened: str = Field(description="what it did to the original system")
    conduct: Function = Field(description="called with the folders of application, system and reports, and who is told")


class Drills(Document):
    """The whole file."""

    version: Literal[1]
    harm: Function | None = Field(default=None, description="the outsider who looks for harm after each drill")
    systems: dict[str, System]
    drills: tuple[Drill, ...]
    staged: dict[str, Staged] = Field(default={}, description="drills in stages, by name")
    not_yet: dict[DrillId, str] = Field(
        default={}, description="incidents of the catalogue that nobody has drilled yet"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [drill.id for drill in self.drills]
        if twice := sorted({one for one in ids if ids.count(one) > 1} | (set(ids) & set(self.not_yet))):
            raise ValueError(f"{', '.join(twice)} is there twice")
        for name in [*(drill.system for drill in self.drills), *(s.like for s in self.systems.values() if s.like)]:
            if name not in self.systems:
                raise ValueError(f"there is no system {name}; there are {', '.join(self.systems)}")
        return self
