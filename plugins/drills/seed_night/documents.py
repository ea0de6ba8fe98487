"""What the night is made of, as documents: problems brought about, claims, evidence, and the night's own report."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import Field

from qtcore.documents import Document

Language = Literal["en", "no"]
Words = dict[Language, str]


class Truth(StrEnum):
    """What a claim of the document is worth in the home that was looked at."""

    CONFIRMED = "confirmed"
    HALF = "half"
    REFUTED = "refuted"
    UNPROVEN = "unproven"


class Proof(StrEnum):
    """How healing is proven, by something other than the word of the one who healed."""

    REBUILT = "rebuilt"
    """The history holds every fill that the exchange's ledger holds."""
    RUNNING = "running"
    """The plugin runs in a new generation and is not unknown."""
    RESOLVED = "resolved"
    """The findings are over in the journal."""
    ATTENDED = "attended"
    """The ledger holds an act on the position because of the signal."""
    FUNDING_ENDED = "funding_ended"
    """Nothing is held any more that pays."""


class Problem(Document):
    """One part of the state that the document describes, and what must become of it."""

    key: str
    title: Words
    variables: dict[str, str] = Field(default={}, description="of the environment; `{folder}` is the drill's")
    settings: dict[str, dict[str, Any]] = Field(default={}, description="by plugin, merged into the copy")
    refused: tuple[str, ...] = Field(default=(), description="words that the refusal of the start must hold")
    found: tuple[str, ...] = Field(default=(), description="codes, one of which must be opened")
    plugin: str = ""
    subject: str = ""
    quiet: bool = Field(default=False, description="nothing may be found because of it")
    healed: Proof | None = None
    person: str = Field(default="", description="what the step for a person must say")


class Claim(Document):
    """One statement of the document, and a sentence for each verdict that its check may come to."""

    number: int
    check: str
    said: Words
    command: str
    verdicts: dict[Truth, Words]
    quoted: dict[str, str] = {}


class Claims(Document):
    """The sixteen statements, and the verdicts in words."""

    claims: tuple[Claim, ...]
    verdict_words: dict[Truth, Words]


class Problems(Document):
    """Everything that is brought about."""

    problems: tuple[Problem, ...]
    explained: tuple[str, ...] = Field(default=(), description="codes that follow from what is brought about")


class Course(Document):
    """What became of one problem; seconds since it was brought about."""

    key: str
    title: Words
    at_s: float = Field(default=0.0, description="when it was brought about, on the clock that the journal carries")
    found_s: float | None = None
    by: str = Field(default="", description="the code, the refusal's words or the act by which it was found")
    healed_s: float | None = None
    proof: str = ""
    person: str = Field(default="", description="the exact step that the report gives to a person")
    expects: Literal["refusal", "healing", "person", "both", "quiet"]

    @property
    def well(self) -> bool:
        """Found, and healed or left to a person with a step, as it must be."""
        healed = self.expects not in {"healing", "both"} or self.healed_s is not None
        left = self.expects not in {"person", "both"} or bool(self.person)
        return self.found_s is not None and healed and left

    def within(self, found_s: float, healed_s: float) -> bool:
        """Whether it went well, and no slower than this."""
        return self.well and (self.found_s or 0) <= found_s and (self.healed_s or 0) <= healed_s


class Evidence(Document):
    """What the judge may look at: the report as JSON at three moments, and records of the home."""

    refusal: str = Field(description="what `qt up` said when it refused")
    refused_s: float
    calm: dict[str, Any] = Field(description="report before the prices stopped")
    silent: dict[str, Any] = Field(description="report while they stood still")
    left: dict[str, Any] = Field(description="report when everything that can be healed was, unattended")
    done: dict[str, Any] = Field(description="report after the steps left to a person")
    states: dict[str, dict[str, Any]] = Field(description="state files at `left`")
    calm_states: dict[str, dict[str, Any]]
    done_states: dict[str, dict[str, Any]]
    ledger: dict[str, Any] = Field(description="counts and rows of exchange.db")
    history: dict[str, Any] = Field(description="counts and rows of the history, and where it is")
    venue: dict[str, Any] = Field(description="what the venue itself says of positions, stops, marks")
    acts: dict[str, Any] = Field(description="what was brought about, with the figures needed to judge")
    courses: tuple[Course, ...] = ()
    wrong: tuple[str, ...] = Field(default=(), description="findings that nothing of what was brought about explains")


class Judgement(Document):
    """A claim and what is true of it here, with what shows it."""

    number: int
    said: Words
    truth: Truth
    now: Words
    figures: dict[str, Any]
    command: str


class Night(Document):
    """The night's report."""

    schema_: int = Field(default=1, alias="schema")
    at: str
    machine: str
    load: float
    judgements: tuple[Judgement, ...]
    verdict_words: dict[Truth, Words]
    courses: tuple[Course, ...]
    refusal: str
    refused_s: float
    started_s: float
    wrong: tuple[str, ...]
    steps: tuple[str, ...] = Field(
        description="steps that were left to a person and then taken, with what came of them"
    )
    healthy_after: str
    took_s: float
    ended_s: float = Field(description="when the steps of the person began, on the journal's clock")


@cache
def claims() -> Claims:
    """The document's statements."""
    return Claims.model_validate(_read("claims.yaml"))


@cache
def problems() -> tuple[Problem, ...]:
    """What is brought about."""
    return Problems.model_validate(_read("problems.yaml")).problems


@cache
def explained() -> tuple[str, ...]:
    """Codes of findings that follow from what is brought about, or are true of the evening too."""
    return Problems.model_validate(_read("problems.yaml")).explained


def _read(name: str) -> Any:
    return yaml.safe_load(files("plugins.drills.seed_night").joinpath(name).read_text(encoding="utf-8"))
