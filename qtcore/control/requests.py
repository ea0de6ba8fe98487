"""What `qt` and the supervisor say to each other over the control socket.

The socket is `control.sock` in the run folder (0600; the peer's uid is checked by the kernel's
credentials, so a request carries no name). A client writes one JSON object per line and reads one
JSON object per line, in order, as often as it likes:

    {"op": "restart", "args": {"plugin": "feed"}}
    {"ok": true, "result": {"sentence": "feed restarts (generation 4 ends)", "acted": true}}
    {"ok": false, "code": 64, "error": "there is no plugin \\"fed\\"; did you mean \\"feed\\"?"}
"""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, TypeAdapter

from qtcore.documents import Document, PluginName

SOCKET_NAME = "control.sock"
LONGEST_MUTE_S = 30 * 86_400.0
"""A mute ends by itself; what must never be told again belongs into the configuration."""
MAX_LINE_BYTES = 4_000_000
"""The longest line either side accepts."""


class NoArguments(Document):
    """For requests that need none."""


class PluginArguments(Document):
    """An act upon one plugin; `dry_run` only says what would happen."""

    plugin: PluginName
    reason: str = ""
    dry_run: bool = False


class CallArguments(Document):
    """Run `plugin.action`; the argument object is checked against the action's schema by the host."""

    plugin: PluginName
    action: str
    argument: dict[str, Any] = {}
    timeout_s: float | None = Field(default=None, gt=0, description="default: the action's own")


class RecordArguments(Document):
    """What was done."""

    sentence: str = Field(min_length=1, max_length=2_000)


class WatchedArguments(Document):
    """What somebody saw who waited for a status."""

    until: str
    for_s: float = Field(ge=0, description="how long it was to hold")
    held: bool
    waited_s: float = Field(ge=0)
    held_s: float = Field(ge=0, description="the longest time that it held without a break")
    breaks: int = Field(default=0, ge=0)
    why: str = Field(default="", max_length=500, description="what was seen instead, the last time")


class AcknowledgeArguments(Document):
    """A fingerprint, or a code for all open findings of it."""

    target: str = Field(min_length=1, max_length=500)
    reason: str = Field(default="", max_length=2_000)


class MuteArguments(Document):
    """A fingerprint or a code, open or to come, and for how long nobody is told of it."""

    target: str = Field(min_length=1, max_length=500)
    for_s: float = Field(gt=0, le=LONGEST_MUTE_S)
    reason: str = Field(min_length=1, max_length=2_000)


class UnmuteArguments(Document):
    """What was muted."""

    target: str = Field(min_length=1, max_length=500)


class DownArguments(Document):
    """Stop everything in order."""

    reason: str = "asked by the operator"
    dry_run: bool = False


class StatusRequest(Document):
    """Answers with a StatusDocument."""

    op: Literal["status"] = "status"
    args: NoArguments = NoArguments()


class ReportFactsRequest(Document):
    """Answers with ReportFacts: what only the living supervisor knows."""

    op: Literal["report_facts"] = "report_facts"
    args: NoArguments = NoArguments()


class CallRequest(Document):
    """Answers with the action's result."""

    op: Literal["call"] = "call"
    args: CallArguments


class StartRequest(Document):
    """Start a stopped plugin; answers with Acted."""

    op: Literal["start"] = "start"
    args: PluginArguments


class StopRequest(Document):
    """Stop a plugin and keep it stopped; answers with Acted."""

    op: Literal["stop"] = "stop"
    args: PluginArguments


class RestartRequest(Document):
    """Stop and start a plugin now; answers with Acted."""

    op: Literal["restart"] = "restart"
    args: PluginArguments


class QuarantineRequest(Document):
    """Take a plugin out until released; answers with Acted."""

    op: Literal["quarantine"] = "quarantine"
    args: PluginArguments


class ReleaseRequest(Document):
    """Give a quarantined plugin another chance; answers with Acted."""

    op: Literal["release"] = "release"
    args: PluginArguments


class HealRequest(Document):
    """Ask a plugin's health anew, so that what it can repair in place is repaired now; answers with Acted."""

    op: Literal["heal"] = "heal"
    args: PluginArguments


class RecordRequest(Document):
    """Journal what a person did beside the supervisor; answers with nothing."""

    op: Literal["record"] = "record"
    args: RecordArguments


class WatchedRequest(Document):
    """Keep the verdict of `qt watch` in the journal."""

    op: Literal["watched"] = "watched"
    args: WatchedArguments


class AcknowledgeRequest(Document):
    """Note that somebody knows of a finding; answers with Acted."""

    op: Literal["acknowledge"] = "acknowledge"
    args: AcknowledgeArguments


class MuteRequest(Document):
    """Tell nobody of a finding for a while; answers with Acted."""

    op: Literal["mute"] = "mute"
    args: MuteArguments


class UnmuteRequest(Document):
    """End a mute before its time; answers with Acted."""

    op: Literal["unmute"] = "unmute"
    args: UnmuteArguments


class DownRequest(Document):
    """Stop everything; answers with Acted at once, then the supervisor ends."""

    op: Literal["down"] = "down"
    args: DownArguments = DownArguments()


Request = Annotated[
    StatusRequest
    | ReportFactsRequest
    | CallRequest
    | StartRequest
    | StopRequest
    | RestartRequest
    | QuarantineRequest
    | ReleaseRequest
    | HealRequest
    | RecordRequest
    | WatchedRequest
    | AcknowledgeRequest
    | MuteRequest
    | UnmuteRequest
    | DownRequest,
    Field(discriminator="op"),
]
REQUEST: TypeAdapter[Request] = TypeAdapter(Request)


class Acted(Document):
    """What an act did, or would do when it was a dry run."""

    sentence: str
    acted: bool = Field(description="false for a dry run, and where nothing needed doing")
    affected: tuple[PluginName, ...] = Field(default=(), description="plugins that stop or start along with it")


class Done(Document):
    """The request was carried out."""

    ok: Literal[True] = True
    result: JsonValue = None


class Refused(Document):
    """It was not: `code` is the exit code that `qt` ends with, `error` one sentence with the cure."""

    ok: Literal[False] = False
    code: int = Field(ge=1, le=255)
    error: str


Response = Annotated[Done | Refused, Field(discriminator="ok")]
RESPONSE: TypeAdapter[Response] = TypeAdapter(Response)
