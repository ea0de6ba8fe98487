"""Where the history is: a URL that an operator gives, checked before anything starts and shown to nobody."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, JsonValue, SecretStr
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from qtcore import QtError

FILE_NAME = "quantum.db"
DRIVERS = {"sqlite": "aiosqlite", "postgresql": "asyncpg"}
"""The driver used for each kind of database, whatever driver the URL names."""

EXTRA = "pip install '.[postgres]'"


class StoreUnusable(QtError):
    """The history cannot be opened as what it should be."""


def database_url(home: Path, configured: SecretStr | str = "") -> str:
    """The URL to open, password and all: `configured`, or the SQLite file in `home`.

    Raises StoreUnusable for a URL that nobody can open.
    """
    given = configured.get_secret_value() if isinstance(configured, SecretStr) else configured
    if not given:
        return f"sqlite+aiosqlite:///{home / FILE_NAME}"
    return _parsed(given).render_as_string(hide_password=False)


def sqlite_file(url: str) -> Path | None:
    """The file behind a SQLite URL, None for other databases."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def shown(url: str) -> str:
    """The URL as people may see it: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def facts_of(url: str) -> dict[str, JsonValue]:
    """What everybody who opens the history says of it in the same words, so that they can be held together."""
    file = sqlite_file(url)
    return {"database.path": str(file) if file is not None else shown(url)}


def _parsed(given: str) -> URL:
    try:
        url = make_url(given)
    except ArgumentError as error:
        raise StoreUnusable("the database URL is none; write one like sqlite:////path/to/quantum.db") from error
    kind = {"postgres": "postgresql"}.get(url.get_backend_name(), url.get_backend_name())
    if kind not in DRIVERS:
        raise StoreUnusable(f"a history in {kind} is not supported; use a sqlite:/// or a postgresql:// URL")
    driver = DRIVERS[kind]
    if find_spec(driver) is None:
        raise StoreUnusable(
            f"the database URL asks for {kind}, and its driver {driver} is not installed; install it with {EXTRA}, "
            "or use a sqlite:/// URL"
        )
    return url.set(drivername=f"{kind}+{driver}")


def _usable(given: SecretStr) -> SecretStr:
    try:
        database_url(Path(), given)
    except StoreUnusable as error:
        raise ValueError(str(error)) from error
    return given


DatabaseUrl = Annotated[SecretStr, AfterValidator(_usable)]
"""A setting that holds a database's URL. It is a secret, for it may hold a password; give it as
`QUANTUM_TRADER_DATABASE_URL`. Checked by `qt check` and `qt up` before anything starts."""
