"""The closed set of faults and their parameters.

Each is bounded: by how often it strikes (`count`) or by how long it lasts (`seconds`, real time). What is not said is
taken from the kind: most strike once, states last ten seconds.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

LONGEST_S = 86_400.0
STATE_S = 10.0


class FaultKind(StrEnum):
    DROP_REPLY = "drop_reply"
    SLOW_REPLY = "slow_reply"
    UNKNOWN_OUTCOME = "unknown_outcome"
    UNAVAILABLE = "unavailable"
    OVERLOAD = "overload"
    TOO_MANY_REQUESTS = "too_many_requests"
    BANNED = "banned"
    REFUSAL = "refusal"
    WOULD_TRIGGER = "would_trigger"
    MOVED_PATH = "moved_path"
    CLOCK_SKEW = "clock_skew"
    STALE_SNAPSHOT = "stale_snapshot"
    EVENTS_DELAYED = "events_delayed"
    EVENTS_DUPLICATED = "events_duplicated"
    EVENTS_REORDERED = "events_reordered"
    EVENTS_LOST = "events_lost"
    LISTEN_KEY_EXPIRED = "listen_key_expired"
    HALF_OPEN = "half_open"
    MUTE = "mute"
    DISCONNECT = "disconnect"
    DEPTH_GAP = "depth_gap"
    STUCK_TRIGGER = "stuck_trigger"
    PARTIAL_CHILD = "partial_child"
    DELEVERAGING = "deleveraging"
    LIQUIDATION = "liquidation"
    FUNDING_INTERVAL = "funding_interval"
    BRACKET_CHANGE = "bracket_change"
    DELISTING = "delisting"
    FILTER_CHANGE = "filter_change"
    EMPTY_REPLY = "empty_reply"
    FROZEN_MARKET = "frozen_market"


class SocketGroup(StrEnum):
    """Connections by their path, as the venue splits them."""

    ALL = "all"
    PRIVATE = "private"
    MARKET = "market"
    PUBLIC = "public"


class RefusalCode(StrEnum):
    """Refusals that no rule of this venue can bring about, with the sentence they come with."""

    REJECTED = "-2010"
    BAD_KEY = "-2015"
    BALANCE = "-2018"
    POSITION = "-2024"
    COOLING_OFF = "-4192"
    QUANT_RULES = "-4400"


class BaseFault(BaseModel):
    """What all faults have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strikes: ClassVar[bool] = True
    """True: each strike counts, once by default. False: a state, which lasts `STATE_S` by default."""
    at_once: ClassVar[bool] = False
    """It happens when it is asked for and is over then: neither `count` nor `seconds` says anything."""

    count: int | None = Field(None, ge=1, le=100_000, description="how often it strikes")
    seconds: float | None = Field(None, gt=0, le=LONGEST_S, description="how long it lasts, in real time")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.at_once and (self.count or self.seconds):
            raise ValueError(f"{self.named()} happens at once: leave count and seconds out")
        if not self.strikes and self.count:
            raise ValueError(f"{self.named()} is a state and has no count: say how many seconds")
        return self

    @classmethod
    def named(cls) -> FaultKind:
        """The kind that this model is of."""
        return FaultKind(cls.model_fields["kind"].default)

    @property
    def bound_count(self) -> int | None:
        """How often it may strike; None without a limit."""
        default = 1 if self.strikes and self.seconds is None else None
        return self.count or default

    @property
    def bound_s(self) -> float | None:
        """How long it may last; None until its count is used up."""
        default = None if self.strikes else STATE_S
        return self.seconds or default

    def shown(self) -> str:
        """The kind and what was said about it, for screens."""
        said = self.model_dump(mode="json", exclude_defaults=True, exclude={"kind", "count", "seconds"})
        details = ", ".join(f"{name} {value}" for name, value in said.items())
        return f"{self.named()} ({details})" if details else str(self.named())


class RequestFault(BaseFault):
    """Strikes requests. Without `path` those that place or change orders, without `method` any."""

    path: str = Field("", description="strike only this path, like /fapi/v1/algoOrder")
    method: Literal["", "GET", "POST", "PUT", "DELETE"] = Field("", description="strike only this method")


class DropReply(RequestFault):
    """The request is carried out, and the connection dies before the answer."""

    kind: Literal[FaultKind.DROP_REPLY] = FaultKind.DROP_REPLY


class SlowReply(RequestFault):
    """The request is carried out at once, and the answer takes its time."""

    kind: Literal[FaultKind.SLOW_REPLY] = FaultKind.SLOW_REPLY
    delay_s: float = Field(3.0, gt=0, le=600)


class UnknownOutcome(RequestFault):
    """The answer says that nobody knows; whether the request was carried out is `executed`."""

    kind: Literal[FaultKind.UNKNOWN_OUTCOME] = FaultKind.UNKNOWN_OUTCOME
    executed: bool = True
    answer: Literal["503", "408", "-1007"] = "503"


class Unavailable(RequestFault):
    """HTTP 503 `Service Unavailable.`: nothing was done, for certain. Strikes every path when none is named."""

    kind: Literal[FaultKind.UNAVAILABLE] = FaultKind.UNAVAILABLE


class Overload(BaseFault):
    """-1008 for what opens; orders that reduce or close, and cancels, pass, as on the venue."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.OVERLOAD] = FaultKind.OVERLOAD


class TooManyRequests(BaseFault):
    """429 with Retry-After for every signed or public call."""

    kind: Literal[FaultKind.TOO_MANY_REQUESTS] = FaultKind.TOO_MANY_REQUESTS
    retry_after_s: int = Field(5, ge=1, le=3600)


class Banned(BaseFault):
    """418 with Retry-After for every call until it is over."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.BANNED] = FaultKind.BANNED


class RefusalFault(RequestFault):
    """A refusal for which the venue has reasons of its own. The last two leave what reduces alone, as on the venue."""

    kind: Literal[FaultKind.REFUSAL] = FaultKind.REFUSAL
    code: RefusalCode = RefusalCode.REJECTED


class WouldTrigger(BaseFault):
    """-2021 for a conditional order: the price came to its trigger while the request was on its way."""

    kind: Literal[FaultKind.WOULD_TRIGGER] = FaultKind.WOULD_TRIGGER
    symbol: str = ""


class MovedPath(BaseFault):
    """404 for a path that the venue has moved elsewhere."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.MOVED_PATH] = FaultKind.MOVED_PATH
    path: str = Field(pattern=r"^/", description="the path that is gone, like /fapi/v3/account")


class ClockSkew(BaseFault):
    """The venue's clock for requests is off; later than the real time when positive."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.CLOCK_SKEW] = FaultKind.CLOCK_SKEW
    by_ms: int = Field(2_000, ge=-60_000, le=60_000)


class EmptyReply(RequestFault):
    """A reading call is answered with an empty list, as if there were nothing."""

    kind: Literal[FaultKind.EMPTY_REPLY] = FaultKind.EMPTY_REPLY
    path: str = Field(pattern=r"^/", description="the path that answers with nothing, like /fapi/v3/positionRisk")
    method: Literal["", "GET", "POST", "PUT", "DELETE"] = Field("GET", description="only what reads can be empty: GET")

    @model_validator(mode="after")
    def _only_reads(self) -> Self:
        if self.method != "GET":
            raise ValueError("empty_reply strikes what reads: leave method out, or say GET")
        return self


class FrozenMarket(BaseFault):
    """What is told of one symbol stands still, prices with their old times; orders are filled as before."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.FROZEN_MARKET] = FaultKind.FROZEN_MARKET
    symbol: str


class StaleSnapshot(BaseFault):
    """Account, balance, positions and open orders are answered as they were when the fault began."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.STALE_SNAPSHOT] = FaultKind.STALE_SNAPSHOT


class EventFault(BaseFault):
    """Strikes events of the user stream."""

    event: str = Field("", description="strike only this type, like ORDER_TRADE_UPDATE")


class EventsDelayed(EventFault):
    kind: Literal[FaultKind.EVENTS_DELAYED] = FaultKind.EVENTS_DELAYED
    delay_s: float = Field(2.0, gt=0, le=600)


class EventsDuplicated(EventFault):
    kind: Literal[FaultKind.EVENTS_DUPLICATED] = FaultKind.EVENTS_DUPLICATED


class EventsReordered(EventFault):
    """An event is sent after the one that follows it; at the latest after a second."""

    kind: Literal[FaultKind.EVENTS_REORDERED] = FaultKind.EVENTS_REORDERED


class EventsLost(EventFault):
    kind: Literal[FaultKind.EVENTS_LOST] = FaultKind.EVENTS_LOST


class ListenKeyExpired(BaseFault):
    """Every listen key ends now. `close`: its connections are closed too, else they stay open and silent."""

    at_once: ClassVar[bool] = True
    kind: Literal[FaultKind.LISTEN_KEY_EXPIRED] = FaultKind.LISTEN_KEY_EXPIRED
    close: bool = False


class HalfOpen(BaseFault):
    """Connections that are open now neither answer nor send any more, pings included; new ones work."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.HALF_OPEN] = FaultKind.HALF_OPEN
    sockets: SocketGroup = SocketGroup.ALL


class Mute(BaseFault):
    """Connections answer pings and carry no data.

    `streams` is a pattern like `*@kline_1m`; the user stream goes by the name `user`.
    """

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.MUTE] = FaultKind.MUTE
    streams: str = Field("*", min_length=1)


class Disconnect(BaseFault):
    """Connections are closed, as after their 24 hours."""

    at_once: ClassVar[bool] = True
    kind: Literal[FaultKind.DISCONNECT] = FaultKind.DISCONNECT
    sockets: SocketGroup = SocketGroup.ALL


class DepthGap(BaseFault):
    """A change of the book is not sent, so that the next one's `pu` does not fit."""

    kind: Literal[FaultKind.DEPTH_GAP] = FaultKind.DEPTH_GAP
    symbol: str = ""


class StuckTrigger(BaseFault):
    """Conditional orders that are triggered stay in TRIGGERING until it is over."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.STUCK_TRIGGER] = FaultKind.STUCK_TRIGGER
    symbol: str = ""


class PartialChild(BaseFault):
    """A triggered order gets only a fraction of what it wants; the rest expires (marketTakeBound)."""

    kind: Literal[FaultKind.PARTIAL_CHILD] = FaultKind.PARTIAL_CHILD
    symbol: str = ""
    fraction: Decimal = Field(Decimal("0.4"), ge=0, lt=1)


class Deleveraging(BaseFault):
    """A part of a position is closed by the venue at the mark price (`adl_autoclose`)."""

    at_once: ClassVar[bool] = True
    kind: Literal[FaultKind.DELEVERAGING] = FaultKind.DELEVERAGING
    symbol: str
    fraction: Decimal = Field(Decimal("0.5"), gt=0, le=1)


class Liquidation(BaseFault):
    """The position is liquidated now (`autoclose-…`), and -2023 answers every order until it is over."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.LIQUIDATION] = FaultKind.LIQUIDATION
    symbol: str


class FundingInterval(BaseFault):
    """Funding is settled every so many hours of market time, at `rate` or at the last known one."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.FUNDING_INTERVAL] = FaultKind.FUNDING_INTERVAL
    symbol: str
    hours: Literal[1, 4, 8] = 1
    rate: Decimal | None = Field(None, gt=-1, lt=1)


class BracketChange(BaseFault):
    """The symbol's brackets change: all leverages and caps divided, all rates multiplied by `factor`."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.BRACKET_CHANGE] = FaultKind.BRACKET_CHANGE
    symbol: str
    factor: int = Field(2, ge=2, le=20)


class Delisting(BaseFault):
    """The symbol is SETTLING: positions may only be reduced. `settle`: it ends at once, and all that it had with it."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.DELISTING] = FaultKind.DELISTING
    symbol: str
    settle: bool = False


class FilterChange(BaseFault):
    """The symbol's filters change; what is not named stays."""

    strikes: ClassVar[bool] = False
    kind: Literal[FaultKind.FILTER_CHANGE] = FaultKind.FILTER_CHANGE
    symbol: str
    tick_size: Decimal | None = Field(None, gt=0)
    step_size: Decimal | None = Field(None, gt=0)
    min_notional: Decimal | None = Field(None, gt=0)


Fault = Annotated[
    DropReply
    | SlowReply
    | UnknownOutcome
    | Unavailable
    | Overload
    | TooManyRequests
    | Banned
    | RefusalFault
    | WouldTrigger
    | MovedPath
    | ClockSkew
    | StaleSnapshot
    | EventsDelayed
    | EventsDuplicated
    | EventsReordered
    | EventsLost
    | ListenKeyExpired
    | HalfOpen
    | Mute
    | Disconnect
    | DepthGap
    | StuckTrigger
    | PartialChild
    | Deleveraging
    | Liquidation
    | FundingInterval
    | BracketChange
    | Delisting
    | FilterChange
    | EmptyReply
    | FrozenMarket,
    Field(discriminator="kind"),
]

FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)


class NoSuchFaultError(ValueError):
    """The document describes no fault; the sentence says where it is wrong."""


def read_fault(document: dict[str, Any]) -> Fault:
    """The fault that a JSON object describes. Raises NoSuchFaultError."""
    try:
        return FAULT.validate_python(document)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'][1:]) or 'kind'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        )
        raise NoSuchFaultError(f"this is no fault: {said}") from error
