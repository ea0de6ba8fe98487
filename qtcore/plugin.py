"""What a plugin author writes: a class with declarations, hooks, timers and actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo

from qtcore.config.manifest import CommandLine

S = TypeVar("S", bound="Settings")
F = TypeVar("F", bound=Callable[..., Any])

TIMER_MARK = "__qt_timer__"
ACTION_MARK = "__qt_action__"

PORT_FORMAT = "port"
Port = Annotated[int, Field(ge=0, le=65535, json_schema_extra={"format": PORT_FORMAT})]
"""A setting that holds a port to listen on (0 = any free one); `qt up` refuses to start when it is taken."""


class Settings(BaseModel):
    """Base of a plugin's settings: frozen, typed, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Check:
    """The validation context while `qt check` or `qt up` looks at settings, before anything runs in `mode`."""

    def __init__(self, mode: str = "") -> None:
        self.mode = mode
        self.asked = False


def is_check(info: ValidationInfo) -> bool:
    """True inside a settings validator while `qt check` or `qt up` looks, in a process of its own.

    Then a validator may look at the world (that a file exists and can be read) and refuse with a
    sentence, so that nothing is started in vain. When the plugin itself is built it must not: what
    was true once may have changed, and `start` tells that better.
    """
    if not isinstance(info.context, Check):
        return False
    info.context.asked = True
    return True


def checked_mode(info: ValidationInfo) -> str | None:
    """The mode that would be started, where `is_check` is true; else None.

    For what only one mode needs, such as credentials: refuse here, before anything is started.
    """
    return info.context.mode if is_check(info) and isinstance(info.context, Check) else None


class NoSettings(Settings):
    """For a plugin that needs none."""


class Plugin(Generic[S]):
    """Base of every plugin; declarations are class data, read by the inspector without starting anything."""

    reads: ClassVar[list[type[Any]]] = []
    """Topics it cannot work without; a missing writer is a configuration error."""
    optional_reads: ClassVar[list[type[Any]]] = []
    """Topics it makes use of when somebody writes them."""
    writes: ClassVar[list[type[Any]]] = []
    calls: ClassVar[list[str]] = []
    """Actions it calls, as `plugin.action` or `plugin.*`."""
    cadence_s: ClassVar[float] = 30.0
    """How often `health` is asked, and the pace against which progress is judged."""
    exclusive: ClassVar[bool] = False
    """Two generations must never be active at once."""
    vital: ClassVar[bool] = False
    """Never given up: retried for ever, posture tightens while it is away."""
    modes: ClassVar[list[str]] = []
    """The modes it can work in, any when empty; `qt check` and `qt up` refuse another one."""
    area: ClassVar[str] = ""
    """The part of the application it belongs to: the scorecard's heading."""
    preload: ClassVar[list[str]] = []
    """Third-party modules that its host's zygote imports beforehand."""

    @classmethod
    def settings_type(cls) -> type[Settings]:
        """The settings class given as `Plugin[...]`; NoSettings when none was."""
        for base in getattr(cls, "__orig_bases__", ()):
            if isinstance(get_origin(base), type) and issubclass(get_origin(base), Plugin):
                (argument,) = get_args(base)
                if isinstance(argument, type) and issubclass(argument, Settings):
                    return argument
        for parent in cls.__mro__[1:]:
            if parent is not Plugin and issubclass(parent, Plugin):
                return parent.settings_type()
        return NoSettings


@dataclass(frozen=True, slots=True)
class TimerMark:
    """Set by @every on a method."""

    every_s: float
    timeout_s: float


@dataclass(frozen=True, slots=True)
class ActionMark:
    """Set by @action on a method."""

    effect: bool
    timeout_s: float
    command: CommandLine | None
    offline: bool = False


def every(seconds: float, *, timeout_s: float | None = None) -> Callable[[F], F]:
    """Run this method every `seconds` (real) from `ready()` until stop, first after one period.

    Runs never overlap. A run longer than `timeout_s` (default: the larger of the period and 30 s)
    fails; three failures in a row end the instance.
    """
    if seconds <= 0:
        raise ValueError(f"@every({seconds}) cannot run: give a period above zero, in seconds")
    mark = TimerMark(float(seconds), timeout_s or max(float(seconds), 30.0))

    def decorate(method: F) -> F:
        setattr(method, TIMER_MARK, mark)
        return method

    return decorate


def action(
    *,
    effect: bool = False,
    timeout_s: float = 10.0,
    command: str | None = None,
    help: str = "",  # noqa: A002 - the word authors expect
    offline: bool = False,
) -> Callable[[F], F]:
    """Let others call this method as `plugin.action`.

    Its first parameter after `self` is the context; the rest, typed, form the argument's schema.
    `effect=True` says that it changes the world: a timed-out call has an unknown outcome and an
    idempotency key is honoured. `command="kill on"` also offers it as `qt kill on`. With
    `offline=True` it is a static method `(home: Path, **parameters)` that `qt` runs in its own
    process, so that it works when everything is down.
    """
    offered = CommandLine(name=command, help=help) if command else None

    def decorate(method: F) -> F:
        setattr(method, ACTION_MARK, ActionMark(effect, timeout_s, offered, offline))
        return method

    return decorate
