"""Where the history is, as an operator says it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from plugins.database.settings import DatabaseSettings
from plugins.executor.settings import ExecutorSettings
from plugins.models.settings import ModelsSettings
from plugins.store import StoreUnusable, database_url
from plugins.store.address import shown

SERVER = "postgresql://trader:hunter2@db.example/quantum"


def test_nothing_said_is_the_file_in_the_home() -> None:
    """Without a URL the history is a file of the home."""
    assert database_url(Path("/home/x"), SecretStr("")) == "sqlite+aiosqlite:////home/x/quantum.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_every_way_to_write_postgresql_gets_our_driver(scheme: str) -> None:
    """What other programs call the same database is understood."""
    assert database_url(Path(), SERVER.replace("postgresql", scheme)).startswith("postgresql+asyncpg://")


@pytest.mark.parametrize(
    ("url", "says"), [("not a url", "sqlite:////path"), ("mysql://root@localhost/x", "mysql is not supported")]
)
def test_what_nobody_can_open_is_one_sentence(url: str, says: str) -> None:
    """A URL that makes no sense, or of a database that nobody supports, is refused before anything is opened."""
    with pytest.raises(StoreUnusable, match=says):
        database_url(Path(), url)


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the driver the configuration is refused, with the command that installs it and without the password."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ValidationError) as refused:
        DatabaseSettings(url=SecretStr(SERVER))
    said = refused.value.errors(include_input=False)[0]["msg"]
    assert "[postgres]" in said
    assert "hunter2" not in said


def test_the_password_shows_nowhere() -> None:
    """Settings that hold a URL print without it, for each plugin that has one."""
    url = SecretStr(SERVER)
    for settings in (DatabaseSettings(url=url), ModelsSettings(database_url=url), ExecutorSettings(database_url=url)):
        assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert shown(SERVER) == "postgresql://trader:***@db.example/quantum"
