"""What a plugin declares, readable without running it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from qtcore.documents import Document, PluginName
from qtcore.health.kinds import FindingKind

SCHEMA_VERSION = 1


class TopicUse(Document):
    """A topic that a plugin reads or writes, with the hash of its JSON Schema."""

    topic: str
    schema_hash: str
    hard: bool = Field(default=True, description="a hard reader without a writer is an error")
    retained: bool = False


class TimerSpec(Document):
    """A method that runs every `every_s` real seconds."""

    name: str
    every_s: float = Field(gt=0)
    timeout_s: float = Field(gt=0)


class CommandLine(Document):
    """How an action is offered as `qt NAME …`."""

    name: str
    help: str


class ActionSpec(Document):
    """A method that others may call as `plugin.action`."""

    name: str
    help: str = ""
    effect: bool = Field(default=False, description="it changes the world, so a timed-out call has an unknown outcome")
    timeout_s: float = Field(default=10.0, gt=0)
    parameters: dict[str, Any] = Field(description="JSON Schema of the argument object")
    result: dict[str, Any] = Field(description="JSON Schema of the result")
    command: CommandLine | None = None
    offline: bool = Field(default=False, description="runs in the `qt` process itself and needs no supervisor")


class CheckSpec(Document):
    """A check that a plugin offers to the doctor."""

    name: str
    look: str = Field(description="`package.module:function`, imported only where it runs")
    deadline_s: float = Field(gt=0)
    elsewhere: bool = Field(default=False, description="it can also look at a bundle from another machine")


class LoadFailure(Document):
    """Why a plugin could not be read."""

    code: str
    sentence: str
    file: str | None = None
    line: int | None = None


class Manifest(Document):
    """The whole of one plugin's declarations, or the reason why they cannot be read."""

    schema_version: int = SCHEMA_VERSION
    name: PluginName
    use: str
    summary: str = ""
    module_file: str | None = None
    content_hash: str = ""
    settings_schema: dict[str, Any] = {}
    hooks: tuple[str, ...] = ()
    timers: tuple[TimerSpec, ...] = ()
    actions: tuple[ActionSpec, ...] = ()
    reads: tuple[TopicUse, ...] = ()
    writes: tuple[TopicUse, ...] = ()
    calls: tuple[str, ...] = ()
    cadence_s: float = Field(default=30.0, gt=0)
    exclusive: bool = False
    vital: bool = False
    modes: tuple[str, ...] = Field(default=(), description="the modes it can work in; any when empty")
    area: str = Field(default="", description="the part of the application it belongs to")
    preload: tuple[str, ...] = ()
    findings: tuple[FindingKind, ...] = Field(default=(), description="the kinds that it may ever report")
    checks: tuple[CheckSpec, ...] = Field(default=(), description="what it offers to `qt doctor`")
    norwegian: dict[str, str] = Field(
        default={}, description="translations of its fixed texts, from `norwegian.yaml` beside its module"
    )
    failure: LoadFailure | None = None
