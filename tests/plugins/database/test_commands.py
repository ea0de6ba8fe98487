"""`qt db …`: backups, restore, check and migrations from the command line."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from plugins.database import DatabasePlugin
from plugins.database.offline import configured_url
from qtcore.errors import EnvironmentRefused
from qtcore.records.home import Home

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _own_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUANTUM_TRADER_DATABASE_URL", raising=False)
    monkeypatch.delenv("QT_DATABASE__URL", raising=False)


async def test_a_backup_is_made_checked_listed_and_put_back(
    made: Any, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it runs a copy is made; after more has happened the copy brings back what was."""
    monkeypatch.setenv("QUANTUM_TRADER_DATABASE_URL", url)
    exchange = made.ExchangeLists()
    made.round_trip(exchange)
    async with made.history(exchange, tmp_path, url) as h:
        await made.caught_up(h, exchange, url)
        copied = await DatabasePlugin.db_backup(tmp_path)
        made.round_trip(exchange)
        await made.caught_up(h, exchange, url)
    assert copied["rows"]["fills"] == 2
    (listed,) = DatabasePlugin.db_backups(tmp_path)
    assert (listed["name"], listed["sound"]) == (copied["name"], True)
    assert stat.S_IMODE((tmp_path / "backups" / copied["name"]).stat().st_mode) == 0o600
    trades = "SELECT position_id, net_pnl FROM trades ORDER BY 1"
    before = made.run(url, trades)
    restored = await DatabasePlugin.db_restore(tmp_path)
    assert restored["rows"]["fills"] == 2
    assert made.run(url, trades) == before[:1]
    checked = await DatabasePlugin.db_check(tmp_path)
    assert (checked["sound"], checked["backups"]) == (True, 1)
    async with made.history(exchange, tmp_path, url) as h:
        await made.caught_up(h, exchange, url)
    assert made.run(url, trades) == before


async def test_only_so_many_backups_are_kept(made: Any, tmp_path: Path) -> None:
    """The oldest go; what an interrupted copy left goes too."""
    async with made.history(made.ExchangeLists(), tmp_path, backups=3) as h:
        (tmp_path / "backups").mkdir(exist_ok=True)
        (tmp_path / "backups" / "quantum-20250101T000000.part").touch()
        names = []
        for _ in range(5):
            names.append((await h.call("database.backup"))["backup"])
            await h.advance(1)
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == names[-3:]


async def test_a_backup_that_cannot_be_made_is_said(made: Any, tmp_path: Path) -> None:
    """A folder in the way: the history goes on, degraded, with the reason."""
    exchange = made.ExchangeLists()
    (tmp_path / "backups").write_text("in the way")
    async with made.history(exchange, tmp_path) as h:
        await h.until(lambda: h.progress("database").get("caught_up", 0) > 0)
        with pytest.raises(Exception, match="takes no backup"):
            await h.call("database.backup")
        said = await h.health("database")
        assert (said.status, said.findings[0].code) == ("degraded", "QT-DATABASE-BACKUP")
    assert (tmp_path / "backups").read_text() == "in the way"


async def test_nothing_is_restored_or_migrated_while_it_runs(made: Any, tmp_path: Path) -> None:
    """Whoever still writes would write into the wrong file."""
    async with made.history(made.ExchangeLists(), tmp_path):
        pass
    await DatabasePlugin.db_backup(tmp_path)
    home = Home(tmp_path)
    with home.lock(run_dir=tmp_path):
        for act in (DatabasePlugin.db_restore, DatabasePlugin.db_migrate):
            with pytest.raises(EnvironmentRefused, match="qt down"):
                await act(tmp_path)
    assert (await DatabasePlugin.db_migrate(tmp_path))["done"].startswith("the schema is current")


async def test_a_worthless_backup_is_not_put_back(made: Any, tmp_path: Path) -> None:
    """Asked for by name or not, a copy that is not whole never replaces anything."""
    async with made.history(made.ExchangeLists(), tmp_path):
        pass
    before = (tmp_path / "quantum.db").read_bytes()
    name = "quantum-0001-20260101T000000.db"
    (tmp_path / "backups").mkdir(exist_ok=True)
    (tmp_path / "backups" / name).write_bytes(b"\xff" * 9000)
    with pytest.raises(EnvironmentRefused, match="not whole"):
        await DatabasePlugin.db_restore(tmp_path, name)
    with pytest.raises(EnvironmentRefused, match="no such backup"):
        await DatabasePlugin.db_restore(tmp_path)
    assert (tmp_path / "quantum.db").read_bytes() == before


async def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    """No file, and a damaged one, are told apart."""
    assert (await DatabasePlugin.db_check(tmp_path))["damage"] == "there is no such file"
    (tmp_path / "quantum.db").write_bytes(b"\xff" * 9000)
    checked = await DatabasePlugin.db_check(tmp_path)
    assert (checked["sound"], checked["damage"]) == (False, "file is not a database")
    with pytest.raises(EnvironmentRefused, match="first `qt up`"):
        await DatabasePlugin.db_backup(tmp_path / "elsewhere")


def test_the_commands_find_the_history_that_the_plugins_use(tmp_path: Path) -> None:
    """The variable of the original, the setting's own one, or the file in the home."""
    assert configured_url(tmp_path, {}).endswith("quantum.db")
    for name in ("QUANTUM_TRADER_DATABASE_URL", "QT_DATABASE__URL"):
        assert configured_url(tmp_path, {name: "sqlite:////elsewhere.db"}) == "sqlite+aiosqlite:////elsewhere.db"
