"""Paper and live cannot be confused: where requests may go, whose keys sign, and who allowed it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from ccxt.base.errors import BaseError
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from plugins.binance import BinancePlugin
from plugins.domain import ExitReason, Mode, OutcomeCode, Side, VenueAddress
from plugins.exchange import ExchangePlugin
from plugins.exchange.condition import Doubts, Figures, health_of
from plugins.exchange.door import Wish, World, judge_entry, judge_exit
from plugins.exchange.mode_arming import armed, disarmed, sentence_for
from plugins.exchange.mode_keys import PAPER_KEYS, KeysRefused, fingerprint_of, keys_of
from plugins.exchange.settings import ExchangeSettings
from plugins.store.arming import LONGEST, Arming, arm, read_arming, why_not_armed
from plugins.store.kill_switch import OFF, KillSwitch, read_kill_switch, write_kill_switch
from plugins.venue import Keys, LeavesTheMachine, VenueClient, WrongEndpoint, endpoint_of, is_loopback
from plugins.venue.endpoints import LIVE_HOSTS, TESTNET_HOSTS
from qtcore.errors import ConfigurationError
from qtcore.plugin import Check
from qtcore.testing import Plug, harness

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
REAL = Keys(SecretStr("the-real-key"), SecretStr("the-real-secret"))
NAME = fingerprint_of(REAL.key)
ORIGINS = (
    "", "http://127.0.0.1:1", "http://localhost:2", "http://[::1]:3", "https://fapi.binance.com", "http://10.0.0.9:80",
    "https://testnet.binancefuture.com", "http://127.0.0.1.evil.example", "http://2130706433:9", "ftp://127.0.0.1",
    "http://127.0.0.1@evil.example/", "http://evil.example/127.0.0.1", "//127.0.0.1:5", "http://0.0.0.0:8",
)  # fmt: skip
URLS = (
    *(origin + "/fapi/v1/order" for origin in ORIGINS if origin),
    *(f"{scheme}://{host}/x" for host in LIVE_HOSTS | TESTNET_HOSTS for scheme in ("https", "http", "wss", "ws")),
    "https://fapi.binance.com:8443/x", "https://fapi.binance.com.evil.example/x", "https://user@evil.example/x",
)  # fmt: skip


def leaves_this_machine(url: str) -> bool:
    """By this test's own reading of the address, not the code's."""
    return (urlsplit(url).hostname or "") not in {"127.0.0.1", "localhost", "::1"}


def test_a1_ten_thousand_configurations_of_paper_sign_nothing_off_this_machine() -> None:
    """Whatever address, keys, fingerprint and flags are set: a client that signs in paper stays here."""
    draw = random.Random(20260105)
    made = 0
    for _ in range(10_000):
        mode, origin, url = draw.choice(list(Mode)), draw.choice(ORIGINS), draw.choice(URLS)
        try:
            endpoint = endpoint_of(mode, origin, signed=True)
        except WrongEndpoint:
            continue
        made += 1
        if mode is Mode.PAPER:
            assert not leaves_this_machine(endpoint.origin)
            assert not (endpoint.allows(url) and leaves_this_machine(url))
            file = Path("/nonexistent") if draw.random() < 0.5 else None
            keys = keys_of(mode, key=REAL.key, secret=REAL.secret, file=file, fingerprint=draw.choice(["", NAME, "x"]))
            assert keys is PAPER_KEYS, "a real key is not even looked at"
        elif endpoint.allows(url) and leaves_this_machine(url):
            hosts = TESTNET_HOSTS if mode is Mode.TESTNET else LIVE_HOSTS
            assert urlsplit(url).hostname in hosts
            assert url.startswith(("https://", "wss://")), "never in clear"
    assert made > 2_000


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_no_text_is_taken_for_this_machine(text: str) -> None:
    """An address that paper accepts names this machine by every reading."""
    try:
        endpoint = endpoint_of(Mode.PAPER, text, signed=True)
    except (WrongEndpoint, ValueError):
        return
    assert is_loopback(endpoint.origin)


@pytest.mark.anyio
async def test_a1_real_clients_connect_to_no_other_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every endpoint of a signing paper client, and a redirect that leads away, ends before a connection is made."""
    import aiohttp

    dialled: list[str] = []

    async def recording(_self: Any, request: Any, *_: Any) -> Any:
        dialled.append(str(request.url))
        raise aiohttp.ClientConnectionError("recorded only")

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", recording)
    client: Any = VenueClient("http://127.0.0.1:9", keys=PAPER_KEYS, throttle=False)
    draw = random.Random(7)
    try:
        for _ in range(300):
            family, original = draw.choice(["fapiPrivate", "sapi", "private", "dapiPrivate"]), client.urls["api"]
            if draw.random() < 0.5:
                client.urls["api"] = {**original, family: draw.choice([url for url in URLS if "://" in url])}
            with pytest.raises((BaseError, LeavesTheMachine, ValueError)):
                await client.request("order", [family], "POST", {"symbol": "BTCUSDT"})
            client.urls["api"] = original
    finally:
        await client.close()
    assert dialled
    assert [url for url in dialled if leaves_this_machine(url)] == []


@pytest.mark.anyio
async def test_a_redirect_does_not_lead_away() -> None:
    """A venue on this machine that sends a client elsewhere is not followed."""

    async def away(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://10.255.255.1/fapi/v1/time")

    application = web.Application()
    application.router.add_get("/fapi/v1/time", away)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client: Any = VenueClient(f"http://127.0.0.1:{runner.addresses[0][1]}", keys=PAPER_KEYS, throttle=False)
    try:
        with pytest.raises(LeavesTheMachine, match=r"10\.255\.255\.1"):
            await client.fapiPublicGetTime()
    finally:
        await client.close()
        await runner.cleanup()


def test_the_testnet_is_ccxts_own() -> None:
    """Mode testnet takes its addresses from ccxt's sandbox, and refuses what that names besides futures."""
    client: Any = VenueClient("", keys=REAL, mode=Mode.TESTNET)
    assert client.isSandboxModeEnabled
    assert client.urls["api"]["fapiPrivate"] == "https://testnet.binancefuture.com/fapi/v1"
    client.refuse_foreign_host(client.urls["api"]["fapiPrivateV3"])
    client.refuse_foreign_host(client.get_private_ws_url("linear", "key"))
    with pytest.raises(LeavesTheMachine):
        client.refuse_foreign_host("https://fapi.binance.com/fapi/v1/order")


def test_live_speaks_to_live_alone() -> None:
    """Nothing stands in for live, and live does not reach the testnet."""
    with pytest.raises(WrongEndpoint, match="cannot stand in"):
        VenueClient("http://127.0.0.1:9", keys=REAL, mode=Mode.LIVE)
    client: Any = VenueClient("", keys=REAL, mode=Mode.LIVE)
    for url in (client.urls["api"]["fapiPrivate"], client.get_private_ws_url("linear", "key")):
        client.refuse_foreign_host(url)
    with pytest.raises(LeavesTheMachine):
        client.refuse_foreign_host("https://testnet.binancefuture.com/fapi/v1/order")


def checked(mode: str, **values: Any) -> ExchangeSettings:
    """The settings as `qt check` and `qt up` judge them for a mode."""
    return ExchangeSettings.model_validate(values, context=Check(mode))


def test_a7_live_and_testnet_do_not_start_without_keys() -> None:
    """The missing names are said before anything starts, and nothing falls back to paper."""
    checked("paper")
    for mode in ("testnet", "live"):
        with pytest.raises(ValidationError, match="QT_EXCHANGE__API_KEY and QT_EXCHANGE__API_SECRET"):
            checked(mode)
    checked("testnet", api_key="k", api_secret="s")


def test_a10_live_needs_the_key_that_is_named() -> None:
    """Without a fingerprint, or with another key's, live does not start; the sentence never holds the key."""
    keys = {"api_key": "the-real-key", "api_secret": "the-real-secret"}
    for wrong in ({}, {"key_fingerprint": "sha256:0000000000000000"}):
        with pytest.raises(ValidationError) as refused:
            checked("live", **keys, **wrong)
        sentence = str(refused.value.errors()[0]["msg"])
        assert NAME in sentence
        assert "the-real" not in sentence
    checked("live", **keys, key_fingerprint=NAME)


def test_a_credentials_file_must_be_private_and_whole(tmp_path: Path) -> None:
    """One that others may read, or that is not what it should be, is refused without being quoted."""
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"key": "the-real-key", "secret": "s"}))
    file.chmod(0o644)
    with pytest.raises(ValidationError, match="chmod 600"):
        checked("testnet", credentials_file=file)
    file.chmod(0o600)
    assert fingerprint_of(checked("testnet", credentials_file=file).keys(Mode.TESTNET).key) == NAME
    file.write_text("the-real-key")
    with pytest.raises(KeysRefused) as refused:
        keys_of(Mode.TESTNET, key=SecretStr(""), secret=SecretStr(""), file=file, fingerprint="")
    assert "the-real-key" not in str(refused.value)


def test_leave_to_trade_is_typed_named_and_ends(tmp_path: Path) -> None:
    """Another sentence arms nothing; the right one does for some hours, for one key."""
    with pytest.raises(ConfigurationError, match="type"):
        armed(tmp_path, NAME, 8.0, "yes")
    with pytest.raises(ConfigurationError, match="at most 24"):
        armed(tmp_path, NAME, 25.0, sentence_for(NAME))
    assert read_arming(tmp_path) is None
    assert armed(tmp_path, NAME, 8.0, sentence_for(NAME))["armed"] is True
    assert (tmp_path / "armed.json").stat().st_mode & 0o777 == 0o600
    assert disarmed(tmp_path) == {"armed": False}


@pytest.mark.parametrize(
    ("arming", "kill", "word"),
    [
        (None, OFF, "nobody"),
        (Arming(fingerprint="sha256:x", who="a", when=NOW, expires=NOW + LONGEST), OFF, "sha256:x"),
        (Arming(fingerprint=NAME, who="a", when=NOW - LONGEST, expires=NOW), OFF, "until"),
        (Arming(fingerprint=NAME, who="a", when=NOW, expires=NOW + 2 * LONGEST), OFF, "until"),
        (Arming(fingerprint=NAME, who="a", when=NOW + timedelta(hours=1), expires=NOW + LONGEST), OFF, "until"),
        (
            Arming(fingerprint=NAME, who="a", when=NOW - timedelta(hours=1), expires=NOW + timedelta(hours=1)),
            KillSwitch(on=False, who="a", when=NOW - timedelta(minutes=1), why="over"),
            "kill switch",
        ),
        (Arming(fingerprint=NAME, who="a", when=NOW, expires=NOW + LONGEST), OFF, None),
    ],
)
def test_leave_holds_for_one_key_and_time_and_not_beyond_a_kill(
    arming: Arming | None, kill: KillSwitch, word: str | None
) -> None:
    """Each way in which leave does not hold is named; with none, it holds."""
    why = why_not_armed(arming, kill, fingerprint=NAME, now=NOW)
    assert (why is None) if word is None else (why is not None and word in why)


def test_a_kill_takes_the_leave_away(tmp_path: Path) -> None:
    """After `kill on` the file is gone, and `kill off` does not bring it back."""
    arm(tmp_path, fingerprint=NAME, who="a", when=NOW, life=LONGEST)
    write_kill_switch(tmp_path, on=True, who="a", when=NOW + timedelta(seconds=1), why="test")
    assert read_arming(tmp_path) is None
    write_kill_switch(tmp_path, on=False, who="a", when=NOW + timedelta(seconds=2), why="test")
    late = why_not_armed(
        Arming(fingerprint=NAME, who="a", when=NOW, expires=NOW + LONGEST),
        read_kill_switch(tmp_path),
        fingerprint=NAME,
        now=NOW + timedelta(minutes=1),
    )
    assert late is not None


def test_live_without_leave_is_said_and_refuses_entries_alone() -> None:
    """The gate names who could change it, health says so too, and nothing is said where no money is at stake."""
    wish = Wish("s1", "BTCUSDT", Side.LONG, Decimal("0.01"), Decimal(1), Decimal(90), "")
    world = World(
        mode="live",
        address_mode=Mode.LIVE,
        kill=OFF,
        not_armed="nobody has armed it; `qt arm` does",
        other_mode=(),
        posture="normal",
        instrument=None,
        held=None,
        entering=False,
        leftover_stops=(),
        reconciled_age_s=0.0,
        most_age_s=15.0,
    )
    refusal = judge_entry(wish, world)
    assert refusal is not None
    assert (refusal.code, "qt arm" in refusal.sentence) == (OutcomeCode.MODE, True)
    assert judge_exit("normal", ExitReason.OPERATOR) is None
    figures = Figures(
        doubts=Doubts(reconciled_age_s=0.0),
        stream_down_s=0.0,
        stream_ended_because="",
        disagreeing=(),
        strangers=(),
        ledger_fault=None,
        fills=0,
        weight_1m=0,
    )
    assert health_of(figures).findings == ()
    told = health_of(replace(figures, not_armed=world.not_armed))
    assert [finding.code for finding in told.findings] == ["QT-EXCHANGE-NOT-ARMED"]


@pytest.mark.anyio
async def test_testnet_signs_with_its_keys_for_the_address_that_is_told(tmp_path: Path) -> None:
    """The whole way on a stand-in: the address is told, and the exchange asks there with the key it was given."""
    seen: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("X-MBX-APIKEY", "")))
        if request.path.endswith("/time"):
            return web.json_response({"serverTime": 1_736_000_000_000})
        return web.json_response({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, status=401)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    keys = {"api_key": "the-real-key", "api_secret": "s"}
    try:
        async with harness(
            Plug(BinancePlugin, "binance", settings={"stand_in": origin}),
            Plug(ExchangePlugin, "exchange", settings=keys),
            home=tmp_path,
            mode="testnet",
            timers=False,
        ) as h:
            sentence = (await h.end("exchange")).sentence
            assert h.published(VenueAddress)[-1].mode is Mode.TESTNET
    finally:
        await runner.cleanup()
    assert "does not accept the API key" in sentence
    assert ("/fapi/v1/positionSide/dual", "the-real-key") in seen


@pytest.mark.anyio
async def test_testnet_trades_on_a_stand_in_under_its_own_letter(venue: Any, tmp_path: Path) -> None:
    """Enter and close in mode testnet: ccxt's sandbox addresses, aimed here, and ids that no other mode gives."""
    keys = {"api_key": PAPER_KEYS.key.get_secret_value(), "api_secret": PAPER_KEYS.secret.get_secret_value()}
    async with harness(
        Plug(BinancePlugin, "binance", settings={"stand_in": venue.origin}),
        Plug(ExchangePlugin, "exchange", settings=keys),
        home=tmp_path,
        mode="testnet",
        timers=False,
    ) as h:
        h.on_call("risk_guard.approve", lambda _: {"approved": True, "reason": "within all limits"})
        await h.ready("exchange")
        trigger = str((venue.mark("BTCUSDT") * 98 / 100).quantize(Decimal("0.1")))
        order = {
            "signal_id": "s1",
            "symbol": "BTCUSDT",
            "side": "long",
            "quantity": "0.010",
            "notional": "1000",
            "stop_trigger": trigger,
        }
        entered = await h.call("exchange.enter", order)
        assert (entered["code"], entered["intent_id"][:6]) == ("filled", "qt-t-e")
        assert [stop["clientAlgoId"][:6] for stop in venue.stops("BTCUSDT")] == ["qt-t-s"]
        assert (await h.call("exchange.close", {"symbol": "BTCUSDT", "reason": "operator"}))["state"] == "filled"


@pytest.mark.anyio
async def test_nothing_stands_in_for_live(tmp_path: Path) -> None:
    """An address on this machine in mode live is refused by both, and no request is made."""
    async with harness(
        Plug(BinancePlugin, "binance", settings={"stand_in": "http://127.0.0.1:9"}), home=tmp_path, mode="live"
    ) as h:
        assert "cannot stand in" in (await h.end("binance")).sentence
    keys = {"api_key": "the-real-key", "api_secret": "s", "key_fingerprint": NAME}
    async with harness(Plug(ExchangePlugin, "exchange", settings=keys), home=tmp_path, mode="live") as h:
        await h.publish(VenueAddress(Mode.LIVE, "http://127.0.0.1:9", "stand-in"))
        assert "cannot stand in" in (await h.end("exchange")).sentence
