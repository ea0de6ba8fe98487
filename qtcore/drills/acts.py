"""What an outsider may do to a running system: the closed set of acts of a drill."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from qtcore.documents import Document, Facts, PluginName

Function = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
"""`module:function` of the application: an outsider's hand or judge, called with an `Outside` and its arguments."""
Where = Literal["home", "application"]


class SignalAct(Document):
    """A signal to the process in which a plugin lives, or to the supervisor."""

    do: Literal["signal"]
    signal: Literal["KILL", "STOP", "CONT", "TERM"]
    plugin: PluginName | None = None
    supervisor: bool = False
    for_s: NonNegativeFloat = Field(default=0, description="so long whatever takes its place gets the signal as well")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.plugin is None) is not self.supervisor:
            raise ValueError("a signal goes to a plugin or to the supervisor: name one of the two")
        return self


class CallAct(Document):
    """`qt call` of an action, such as a fault of the venue."""

    do: Literal["call"]
    action: str = Field(pattern=r"^[a-z]\w*\.[a-z]\w*$")
    arguments: Facts = {}


class QtAct(Document):
    """A command line of `qt`, as a person would give it."""

    do: Literal["qt"]
    words: tuple[str, ...] = Field(min_length=1)
    exit: int | Literal["any"] = 0
    within_s: PositiveFloat = 20.0


class WriteAct(Document):
    """A file is written, whole."""

    do: Literal["write"]
    file: str
    text: str
    where: Where = "home"


class RemoveAct(Document):
    """A file is removed."""

    do: Literal["remove"]
    file: str
    where: Where = "home"


class AgeAct(Document):
    """Files get another time of change; what is in them stays."""

    do: Literal["age"]
    files: str = Field(description="a pattern below the home folder")
    hours: float = Field(ge=0)


class ConfigureAct(Document):
    """The copy of `plugins.yaml` is written as it was at the start, with a patch; an empty one undoes it."""

    do: Literal["configure"]
    patch: dict[str, Any]


class OutsiderAct(Document):
    """Something only the application's own outsider can do: an order by hand, a row, a message."""

    do: Literal["outsider"]
    function: Function
    arguments: Facts = {}


class WaitAct(Document):
    """Time passes."""

    do: Literal["wait"]
    seconds: PositiveFloat


class SecondAct(Document):
    """`qt up` once more on the same home."""

    do: Literal["second"]


Act = Annotated[
    SignalAct | CallAct | QtAct | WriteAct | RemoveAct | AgeAct | ConfigureAct | OutsiderAct | WaitAct | SecondAct,
    Field(discriminator="do"),
]
