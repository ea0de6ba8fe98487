"""What every plugin must do, checked in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qtcore.config.declarations import manifest_of
from qtcore.config.manifest import Manifest
from qtcore.errors import ConfigurationError
from qtcore.health.model import Finding
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

    Every finding that it reports meanwhile must be declared by its hook `findings`. `world` is given the
    harness before the plugin starts, to answer its calls with `on_call` or to set posture and market.
    Fails with one sentence.
    """
    plug = Plug(cls, settings=settings or {})
    _check_settings(plug)
    manifest = manifest_of(cls, name=plug.plugin, use=f"{cls.__module__}:{cls.__name__}")
    _check_kinds(manifest)
    async with harness() as h:
        if world is not None:
            world(h)
        h.start(plug)
        await h.ready()
        _check_declared(manifest, (await h.health()).findings)
        await h.restart()
        await h.ready()
        _check_declared(manifest, h.findings.values())


def _check_settings(plug: Plug) -> None:
    try:
        build_settings(plug.cls, dict(plug.settings), plug.plugin)
    except ConfigurationError as error:
        raise AssertionError(f"{error}; give its settings defaults, or call conformance(..., settings=...)") from None


def _check_kinds(manifest: Manifest) -> None:
    """What its kinds promise of the plugin itself must be there."""
    for kind in manifest.findings:
        if "heal" not in manifest.hooks and (kind.healable or any(remedy.act == "heal" for remedy in kind.remedies)):
            raise AssertionError(
                f"{kind.code} is to be healed, but there is no hook `heal`; write it, or drop the remedy"
            )


def _check_declared(manifest: Manifest, findings: Iterable[Finding]) -> None:
    declared = {kind.code for kind in manifest.findings}
    if strange := sorted({finding.code for finding in findings} - declared):
        raise AssertionError(f"it reports {', '.join(strange)}, which its hook `findings` does not declare")
