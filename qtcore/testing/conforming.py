"""What every plugin must do, checked in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtcore.config.declarations import manifest_of
from qtcore.errors import ConfigurationError
from qtcore.hosts.runtime.loading import build_settings
from qtcore.plugin import Plugin
from qtcore.testing.bench import Harness, Plug, harness


async def conformance(
    cls: type[Plugin[Any]],
    *,
    settings: Mapping[str, Any] | None = None,
    world: Callable[[Harness], object] | None = None,
) -> None:
    """Check that a plugin declares itself properly, starts, answers for its health, and leaves nothing.

    `world` is given the harness before the plugin starts, to answer its calls with `on_call` or to
    set posture and market. Fails with one sentence.
    """
    plug = Plug(cls, settings=settings or {})
    _check_settings(plug)
    manifest_of(cls, name=plug.plugin, use=f"{cls.__module__}:{cls.__name__}")
    async with harness() as h:
        if world is not None:
            world(h)
        h.start(plug)
        await h.ready()
        await h.health()
        await h.restart()
        await h.ready()


def _check_settings(plug: Plug) -> None:
    try:
        build_settings(plug.cls, dict(plug.settings), plug.plugin)
    except ConfigurationError as error:
        raise AssertionError(f"{error}; give its settings defaults, or call conformance(..., settings=...)") from None
