"""The venue under qtcore: what it publishes, how it judges itself, what it asks of a person."""

from __future__ import annotations

import aiohttp
import pytest

from plugins.domain import Mode, VenueAddress
from plugins.paper_exchange.plugin import PaperExchange
from qtcore import CallFailed, ClockMap, Status
from qtcore.testing import Plug, conformance, harness

pytestmark = pytest.mark.anyio

SETTINGS = {"port": 0, "market": "simulated:seed=3", "symbols": ("BTCUSDT", "ETHUSDT")}


def plug(**more: object) -> Plug:
    return Plug(PaperExchange, settings={**SETTINGS, **more})


async def test_it_says_where_it_is_and_which_time_it_is():
    """Address and clock map are published before it is ready, and the address answers."""
    async with harness(plug(speed="60")) as h:
        await h.ready()
        address = await h.next(VenueAddress)
        assert (address.mode, "60x" in address.description) == (Mode.PAPER, True)
        assert (await h.next(ClockMap)).speed == 60
        async with aiohttp.ClientSession() as http, http.get(f"{address.origin}/qt/v1/state") as response:
            assert (await response.json())["symbols"] == ["BTCUSDT", "ETHUSDT"]
        await h.until(lambda: h.progress().get("moments", 0) > 0)
        health = await h.health()
        assert health.status is Status.HEALTHY
        assert health.facts["wallet_usdt"] == "10000.00"


async def test_market_time_in_lockstep_is_published_when_it_moves():
    """A clock that stands still is a map of speed 0; each advance gives a new one."""
    async with harness(plug(speed="lockstep")) as h:
        await h.ready()
        origin = (await h.next(VenueAddress)).origin
        first = await h.next(ClockMap)
        async with aiohttp.ClientSession() as http, http.post(f"{origin}/qt/v1/advance", data={"bars": 2}) as answer:
            assert answer.status == 200
        later = await h.next(ClockMap)
        assert (first.speed, later.speed, later.m0_ms - first.m0_ms) == (0, 0, 120_000)


async def test_it_comes_back_with_its_ledger():
    """The next generation goes on where the last one stopped."""
    async with harness(plug(speed="max")) as h:
        await h.ready()
        await h.until(lambda: h.progress().get("moments", 0) > 50)
        before = (await h.health()).facts["market_time"]
        await h.restart()
        await h.ready()
        assert (await h.health()).facts["market_time"] >= before


@pytest.mark.parametrize("settings", [{"market": "simulatd"}, {"market": "recording:/nowhere"}])
async def test_a_market_that_cannot_be_played_needs_a_person(settings):
    """Wrong market data is a person's matter: nothing is retried."""
    async with harness(plug(**settings)) as h:
        assert (await h.end()).cause == "needs_operator"


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\x00" + bytes(range(256)) * 20])
async def test_a_damaged_ledger_needs_a_person(tmp_path, content):
    """It is neither retried for ever nor thrown away."""
    folder = tmp_path / "data" / "paper_exchange"
    folder.mkdir(parents=True)
    (folder / "venue.db").write_bytes(content)
    async with harness(plug(), home=tmp_path) as h:
        end = await h.end()
        assert end.cause == "needs_operator"
        assert "venue.db is damaged" in end.sentence
    assert (folder / "venue.db").read_bytes() == content


async def test_it_never_runs_beside_real_money():
    """In mode live it refuses to start."""
    async with harness(plug(), mode="live") as h:
        assert (await h.end()).cause == "needs_operator"


async def test_a_fault_is_begun_listed_and_ended_by_actions():
    """While it is on the venue is degraded and says which fault that is; what is no fault is refused."""
    async with harness(plug(speed="lockstep")) as h:
        await h.ready()
        begun = await h.call("paper_exchange.fault", {"kind": "stuck_trigger", "symbol": "BTCUSDT", "seconds": 600})
        assert (begun["kind"], begun["strikes_left"]) == ("stuck_trigger", None)
        health = await h.health()
        assert (health.status, [one.code for one in health.findings]) == (Status.DEGRADED, ["QT-VENUE-FAULT"])
        assert health.summary == "the fault stuck_trigger (symbol BTCUSDT) is active"
        await h.call("paper_exchange.fault", {"kind": "refusal", "options": {"code": "-4192"}})
        assert (await h.health()).summary.endswith("stuck_trigger (symbol BTCUSDT); refusal (code -4192)")
        assert [row["kind"] for row in await h.call("paper_exchange.faults")] == ["stuck_trigger", "refusal"]
        for wrong in ({"kind": "mute", "options": {"loud": True}}, {"kind": "liquidation", "symbol": "NOPE"}):
            with pytest.raises(CallFailed):
                await h.call("paper_exchange.fault", wrong)
        assert await h.call("paper_exchange.clear_faults") == 2
        assert (await h.health()).status is Status.HEALTHY


async def test_a_drill_begins_with_the_venue():
    """Faults in the settings are on from the start; one that this market cannot have needs a person."""
    async with harness(plug(faults=[{"kind": "overload", "seconds": 600}])) as h:
        await h.ready()
        assert [row["kind"] for row in await h.call("paper_exchange.faults")] == ["overload"]
    async with harness(plug(faults=[{"kind": "delisting", "symbol": "BTCUSD"}])) as h:
        end = await h.end()
        assert (end.cause, "did you mean BTCUSDT" in end.sentence) == ("needs_operator", True)


async def test_it_is_a_proper_plugin():
    """Declarations, start, health, restart and leftovers are as they must be."""
    await conformance(PaperExchange, settings=SETTINGS)
