"""What `plugins.yaml` may say about the paper exchange."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, PositiveFloat, ValidationInfo, field_validator

from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.faults.kinds import Fault
from plugins.paper_exchange.market.opening import open_market
from plugins.paper_exchange.play.clock import parse_speed
from plugins.paper_exchange.server.app import PUBLIC_KEY, PUBLIC_SECRET, ServerSettings
from plugins.paper_exchange.server.limits import LimitSettings
from plugins.paper_exchange.server.websockets import SocketLife
from qtcore import Port, Settings, is_check, means

Fraction = Annotated[Decimal, Field(ge=0, lt=1)]
Amount = Annotated[Decimal, Field(gt=0)]


class PaperExchangeSettings(Settings):
    """What the play-money world is like. Key and secret are public constants: nothing is behind them."""

    market: str = Field("simulated", description="simulated[:seed=N], recording:DIR or csv:DIR")
    symbols: tuple[str, ...] = Field((), description="only these; all that the market has when empty")
    speed: str = Field(
        "20",
        description="how many times real time, or max, or lockstep",
        json_schema_extra=means("clock.market_speed"),
    )
    port: Port = 8877
    key: str = PUBLIC_KEY
    secret: str = PUBLIC_SECRET
    start_balance: Amount = Field(Decimal(10_000), description="USDT of a new account")
    maker_fee: Fraction = Decimal("0.0002")
    taker_fee: Fraction = Decimal("0.0005")
    half_spread: Fraction = Field(Decimal("0.00005"), description="from last price to best price; an assumption")
    level_notional: Amount = Field(Decimal(50_000), description="USDT offered a basis point; an assumption")
    default_leverage: Annotated[int, Field(ge=1, le=125)] = 20
    weight_limit_1m: Annotated[int, Field(ge=1)] = 2_400
    order_limit_10s: Annotated[int, Field(ge=1)] = 300
    order_limit_1m: Annotated[int, Field(ge=1)] = 1_200
    ban_after: Annotated[int, Field(ge=1)] = Field(10, description="refusals a minute (429) before a ban (418)")
    ban_s: Annotated[int, Field(ge=1)] = Field(120, description="length of the first ban; each next is twice as long")
    listen_key_life_s: PositiveFloat = 3600.0
    connection_life_s: PositiveFloat = Field(86_400.0, description="after this a websocket is closed")
    ping_s: PositiveFloat = Field(180.0, description="between pings on a websocket")
    pong_s: PositiveFloat = Field(600.0, description="a websocket without a pong for this long is dropped")
    tell_faults: bool = Field(
        default=True, description="whether health says which faults were asked for; false in a drill of finding them"
    )
    faults: tuple[Fault, ...] = Field((), description="faults that begin with the venue, for a drill (see the docs)")

    @field_validator("market")
    @classmethod
    def _playable_market(cls, spec: str, info: ValidationInfo) -> str:
        if is_check(info):
            open_market(spec)
        return spec

    @field_validator("speed")
    @classmethod
    def _known_speed(cls, text: str) -> str:
        parse_speed(text)
        return text

    def economics(self) -> Economics:
        return Economics(
            start_balance=self.start_balance,
            maker_fee=self.maker_fee,
            taker_fee=self.taker_fee,
            half_spread=self.half_spread,
            level_notional=self.level_notional,
            default_leverage=self.default_leverage,
        )

    def server(self) -> ServerSettings:
        limits = LimitSettings(
            weight_1m=self.weight_limit_1m,
            orders_10s=self.order_limit_10s,
            orders_1m=self.order_limit_1m,
            ban_after=self.ban_after,
            ban_s=self.ban_s,
        )
        return ServerSettings(
            port=self.port,
            key=self.key,
            secret=self.secret,
            limits=limits,
            sockets=SocketLife(ping_s=self.ping_s, pong_s=self.pong_s, life_s=self.connection_life_s),
            listen_key_life_s=self.listen_key_life_s,
        )
