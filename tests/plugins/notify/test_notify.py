"""The plugin over a real journal, a real web server and a real mail server."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from plugins.notify import Notify
from plugins.notify.settings import NotifySettings
from qtcore import Autonomy, Health, Status
from qtcore.testing import Harness, VirtualClock, harness
from tests.plugins.notify.conftest import Diary, Post, Web

pytestmark = pytest.mark.anyio
QUICK = {
    "look_s": 0.01,
    "retry_s": [0.01, 0.01],
    "send_timeout_s": 2,
    "debounce_s": 0.1,
    "settle_s": 0.1,
}


@asynccontextmanager
async def notify(
    diary: Diary, autonomy: Autonomy = Autonomy.ENFORCED, **settings: Any
) -> AsyncIterator[tuple[Harness, VirtualClock]]:
    clock = VirtualClock(wall=datetime.now(UTC))
    asked = {**QUICK, **settings}
    async with harness(Notify, settings=asked, home=diary.home, clock=clock, autonomy=autonomy) as h:
        await h.ready()
        yield h, clock


def kept(diary: Diary) -> list[dict[str, Any]]:
    """The notices in the file."""
    path = diary.home / "notices.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def until(clock: VirtualClock, done: Callable[[], bool]) -> None:
    """Let time pass as it really does, for the journal is dated by the real clock."""
    async with asyncio.timeout(5):
        while not done():
            await clock.advance(max(0.0, (datetime.now(UTC) - clock.wall()).total_seconds()))
            await asyncio.sleep(0.005)


async def settled(h: Harness, status: Status) -> Health:
    """The first answer with this status."""
    async with asyncio.timeout(5):
        while (health := await h.health()).status is not status:  # noqa: ASYNC110 - health is asked, it signals nothing
            await asyncio.sleep(0.005)
    return health


async def read(h: Harness, entries: int) -> None:
    """Wait until so many entries of the journal have been read."""
    await h.until(lambda: h.progress().get("entries", 0) >= entries)


async def test_a_quiet_journal_is_progress_too(diary: Diary) -> None:
    """It goes on looking, and that counts as work, where nothing happens for hours."""
    async with notify(diary) as (h, clock):
        await read(h, 1)
        seen = h.progress().get("looks", 0)
        await until(clock, lambda: h.progress().get("looks", 0) > seen + 2)
        assert h.progress()["entries"] == 1


async def test_a_web_address_gets_the_trouble_and_its_end(diary: Diary, web: Web) -> None:
    """One document when it lasts, one when it is over, with the same id and the duration; the file has both."""
    async with notify(diary, webhook_url=web.address, webhook_token="s3cret-token") as (h, clock):
        diary.found("QT-FEED-STALE", "feed")
        await read(h, 2)
        assert web.got == []
        await until(clock, lambda: len(web.got) == 1)
        diary.cured("QT-FEED-STALE", "feed")
        await until(clock, lambda: len(web.got) == 2)
        await settled(h, Status.HEALTHY)
    opened, resolved = web.got
    assert (opened["kind"], opened["severity"], opened["mode"]) == ("opened", "high", "paper")
    assert opened["title"] == "QT-FEED-STALE: feed is ill"
    assert "to do: call a doctor" in opened["text"]
    assert (resolved["kind"], resolved["id"]) == ("resolved", opened["id"])
    assert resolved["lasted_s"] > 0
    assert web.tokens == ["Bearer s3cret-token"] * 2
    assert [notice["kind"] for notice in kept(diary)] == ["opened", "resolved"]


async def test_a_mail_goes_to_everybody(diary: Diary, post: Post) -> None:
    """Subject and text say what is the matter."""
    mail = {"smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_security": "none"}
    async with notify(diary, **mail, mail_from="bot@here.test", mail_to=["kim@here.test", "lee@here.test"]) as (h, _):
        assert (await h.call("notify.test", {"text": "hello"}))["receivers"] == ["mail"]
        await h.until(lambda: len(post.mails) == 1)
    (mail_,) = post.mails
    assert mail_["To"] == "kim@here.test, lee@here.test"
    assert "low hello" in mail_["Subject"]
    assert "hello" in str(mail_.get_payload())


async def test_what_does_not_arrive_is_tried_again_and_told(diary: Diary, web: Web) -> None:
    """Bounded tries, a finding without the address in it, and health again once something arrives."""
    web.answers = [500, 503]
    async with notify(diary, webhook_url=web.address) as (h, _):
        await h.call("notify.test")
        await h.until(lambda: len(web.got) == 1)
        web.answers = [500] * 3
        await h.call("notify.test")
        await h.until(lambda: web.answers == [])
        health = await settled(h, Status.DEGRADED)
        (finding,) = health.findings
        assert finding.code == "QT-NOTIFY-WEBHOOK"
        assert "the webhook answered 500" in finding.summary
        assert "room=ops" not in health.model_dump_json()
        await h.call("notify.test")
        await h.until(lambda: len(web.got) == 2)
        await settled(h, Status.HEALTHY)


async def test_a_server_that_is_away_is_a_finding(diary: Diary, post: Post) -> None:
    """A refused mail and a closed port are told with what can be done; heal tries at once."""
    post.refuse = True
    mail = {"smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_security": "none", "retry_s": [60.0]}
    async with notify(diary, **mail, mail_from="bot@here.test", mail_to=["kim@here.test"]) as (h, _):
        await h.call("notify.test")
        (finding,) = (await settled(h, Status.DEGRADED)).findings
        assert "SMTPDataError 451" in finding.summary
        post.refuse = False
        assert await h.heal(finding) == "tried to deliver 1 waiting notices at once"
        await h.until(lambda: len(post.mails) == 1)
        await settled(h, Status.HEALTHY)


async def test_without_a_receiver_the_file_has_it_and_health_says_so(diary: Diary) -> None:
    """Nothing is lost, and nobody believes that somebody is told."""
    async with notify(diary) as (h, clock):
        diary.found("QT-FEED-STALE", "feed")
        await until(clock, lambda: len(kept(diary)) == 1)
        health = await h.health()
        assert "no receiver is configured, so notices are only in notices.jsonl" in health.summary
    assert stat.S_IMODE((diary.home / "notices.jsonl").stat().st_mode) == 0o600
    assert Notify.notices(diary.home)[0]["title"] == "QT-FEED-STALE: feed is ill"
    assert Notify.notices(Path("/nowhere")) == []


@pytest.mark.parametrize("autonomy", [Autonomy.OBSERVE, Autonomy.ADVISORY])
async def test_an_observing_one_sends_nothing(diary: Diary, web: Web, autonomy: Autonomy) -> None:
    """What it would have sent is journalled, and the file has it."""
    async with notify(diary, autonomy, webhook_url=web.address) as (h, _):
        await h.call("notify.test")
        assert h.withheld == ["sent a notice"]
        assert len(kept(diary)) == 1
    assert web.got == []


async def test_a_restart_tells_nothing_twice(diary: Diary) -> None:
    """The next generation goes on where the last one ended, the end of the trouble included."""
    async with notify(diary) as (h, clock):
        diary.found("QT-FEED-STALE", "feed")
        await until(clock, lambda: len(kept(diary)) == 1)
        await h.restart()
        await h.ready()
        diary.cured("QT-FEED-STALE", "feed")
        await until(clock, lambda: len(kept(diary)) == 2)
    assert [notice["kind"] for notice in kept(diary)] == ["opened", "resolved"]


async def test_a_damaged_memory_is_told_and_replaced(diary: Diary) -> None:
    """Rather told twice than not at all."""
    folder = diary.home / "data" / "notify"
    folder.mkdir(parents=True)
    (folder / "told.json").write_text("junk")
    diary.found("QT-FEED-STALE", "feed")
    async with notify(diary) as (_, clock):
        await until(clock, lambda: len(kept(diary)) == 1)
    assert json.loads((folder / "told.json").read_text())["seq"] == 2


async def test_an_unreadable_journal_is_a_finding(diary: Diary) -> None:
    """Being blind is not being healthy."""
    async with notify(diary) as (h, _):
        await read(h, 1)
        diary.journal.close()
        for path in diary.home.glob("journal.db*"):
            path.write_bytes(b"this is no database" * 100)
        health = await settled(h, Status.DEGRADED)
        assert [finding.code for finding in health.findings] == ["QT-NOTIFY-BLIND"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"smtp_host": "mail.test"}, "needs `mail_from` and `mail_to`"),
        ({"smtp_security": "none", "smtp_password": "x"}, "must not travel in the clear"),
        ({"webhook_url": "example.org"}, "`webhook_url` is no address"),
    ],
)
def test_half_a_receiver_is_refused(settings: dict[str, Any], sentence: str) -> None:
    """Before the start, with the cure."""
    with pytest.raises(ValidationError, match=sentence):
        NotifySettings.model_validate(settings)
