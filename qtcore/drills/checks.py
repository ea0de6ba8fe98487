"""What can be stated about a system from outside: the closed set of checks of a drill."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qtcore.documents import Document, Facts, PluginName
from qtcore.drills.acts import Function
from qtcore.health.model import Code, Status
from qtcore.kernel.words import Cause


class PostureCheck(Document):
    """The posture is exactly this now, or has been at least this strict since the fault."""

    check: Literal["posture"]
    exactly: str = ""
    at_least: str = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.exactly) is bool(self.at_least):
            raise ValueError("say `exactly` or `at_least`")
        return self


class RestartedCheck(Document):
    """A plugin has got a new life since the fault and runs."""

    check: Literal["restarted"]
    plugin: PluginName
    cause: Cause | None = None


class RestartsCheck(Document):
    """A plugin was restarted at most so often since the fault."""

    check: Literal["restarts"]
    plugin: PluginName
    at_most: int = Field(ge=0)


class QuarantinedCheck(Document):
    """A plugin was taken out."""

    check: Literal["quarantined"]
    plugin: PluginName


class KeptCheck(Document):
    """Whoever does not share the fate of what was hurt lives in the same generation and process as before."""

    check: Literal["kept"]


class RunningCheck(Document):
    """Every enabled plugin runs."""

    check: Literal["running"]


class StatusCheck(Document):
    """A plugin has this status."""

    check: Literal["status"]
    plugin: PluginName
    exactly: Status


class CountsCheck(Document):
    """The counts of the status add up to the plugins."""

    check: Literal["counts"]


class HumanOnlyCheck(Document):
    """Nobody improvised: no act of healing and no restart since the fault."""

    check: Literal["human_only"]


class HealedCheck(Document):
    """The plugin's own `heal` was tried and a re-check proved it."""

    check: Literal["healed"]
    plugin: PluginName


class SaysCheck(Document):
    """The texts of what was found contain these words."""

    check: Literal["says"]
    words: tuple[str, ...] = Field(min_length=1)
    codes: tuple[Code, ...] = Field(default=(), description="of these findings; default: of those expected")


class ResolvedCheck(Document):
    """What was found is over; without codes, everything that the fault brought is."""

    check: Literal["resolved"]
    codes: tuple[Code, ...] = ()


class OutsiderCheck(Document):
    """An outsider's judge finds nothing wrong: it returns sentences."""

    check: Literal["outsider"]
    function: Function
    arguments: Facts = {}


Check = Annotated[
    PostureCheck
    | RestartedCheck
    | RestartsCheck
    | QuarantinedCheck
    | KeptCheck
    | RunningCheck
    | StatusCheck
    | CountsCheck
    | HumanOnlyCheck
    | HealedCheck
    | SaysCheck
    | ResolvedCheck
    | OutsiderCheck,
    Field(discriminator="check"),
]


def shown(check: Check) -> str:
    """The check in a few words."""
    said = check.model_dump(mode="json", exclude_defaults=True, exclude={"check"}, exclude_none=True)
    parts = [_shown(name, value) for name, value in said.items()]
    return " ".join([check.check, *parts]).strip()


def _shown(name: str, value: object) -> str:
    match value:
        case list():
            return f"{name} {', '.join(map(str, value))}"
        case dict():
            return ", ".join(f"{key} {one}" for key, one in value.items())
        case _ if name == "function":
            return str(value).rpartition(":")[2]
        case _:
            return f"{name} {value}"
