"""What plugins.yaml has imported before hosts are forked: one thread, and what is forked from it can work."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from qtcore.config.check import check_configuration

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import asyncio, hashlib, importlib, os, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
threads = len(os.listdir("/proc/self/task"))
assert threads == 1, f"{threads} threads after import: a fork would lose all but one"


async def work():
    if "sqlalchemy.ext.asyncio" in sys.argv:
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine
        engine = create_async_engine("sqlite+aiosqlite://")
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar() == 1
        await engine.dispose()
    if "ccxt.pro" in sys.argv:
        import ccxt.pro
        client = ccxt.pro.binanceusdm({"apiKey": "k", "secret": "s"})
        assert len(client.hmac(b"signed", b"secret", hashlib.sha256)) == 64
        await client.close()
    if "talipp.indicators" in sys.argv:
        from talipp.indicators import RSI
        assert RSI(3, [1.0, 2.0, 1.5, 2.5, 2.0])[-1] is not None


for _ in range(2):
    child = os.fork()
    if child == 0:
        asyncio.run(work())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
"""


async def sets() -> list[tuple[str, ...]]:
    """What each host of plugins.yaml has preloaded: what the file says and what its plugins ask for."""
    checked = await check_configuration(ROOT / "plugins.yaml", {}, {}, None)
    return sorted({host.preload for host in checked.blueprint.plan.hosts.values() if host.preload})


def test_what_is_forked_from_a_preloaded_process_works() -> None:
    """Importing starts no thread, and two children in turn can use what was imported."""
    wrong = []
    for modules in asyncio.run(sets()):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM, *modules],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        if done.returncode != 0:
            wrong.append(f"{', '.join(modules)}: {done.stderr[-2000:]}")
    assert wrong == []
