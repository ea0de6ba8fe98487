"""Configurations of the smallest plugins there are, written where a user would put them."""

from __future__ import annotations

from pathlib import Path

_MODULE = """
from qtcore import NoSettings, Plugin, hookimpl


class Trivial(Plugin[NoSettings]):
    @hookimpl
    async def start(self, ctx):
        ctx.ready()
        await ctx.serve()
"""
_RESTART = "restart: {max_restarts: 100000, stable_after_s: 0.05}"
"""A run that was healthy for a moment counts as proven, so that no kill is answered with a backoff."""


def write(folder: Path, hosts: dict[str, int], *, preload: dict[str, str] | None = None) -> Path:
    """A plugins.yaml with so many trivial plugins in each host; `preload` names a module for a host."""
    modules = preload or {}
    lines = ["version: 1", "hosts:"]
    lines += [f"  {host}: {{preload: [{modules.get(host, '')}]}}" for host in hosts]
    lines.append("plugins:")
    for host, count in hosts.items():
        lines += [f'  {host}_{n}: {{use: "trivial:Trivial", host: {host}, {_RESTART}}}' for n in range(count)]
    (folder / "trivial.py").write_text(_MODULE)
    configuration = folder / "plugins.yaml"
    configuration.write_text("\n".join(lines) + "\n")
    return configuration
