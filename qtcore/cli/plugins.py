"""`qt plugins list|graph|new|test`: what there is, how it hangs together, and more of it."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer

from qtcore.cli.app import ConfigOption, HomeOption, JsonOption, new_app
from qtcore.cli.exits import Exit
from qtcore.cli.files import configuration_path
from qtcore.cli.output import say, say_json, table
from qtcore.config.configuration import Configuration, load_configuration
from qtcore.config.inspection import Inspection, inspect
from qtcore.errors import ConfigurationError
from qtcore.records.home import Home

app = new_app("List, draw, create and test plugins.")

ENTRY_POINTS = "qtcore.plugins"
COLUMNS = ("plugin", "state", "autonomy", "host", "needs", "reads", "writes", "what")

SPARE = ("writes", "reads", "needs", "autonomy", "host")


@app.command(name="list")
def list_plugins(config: ConfigOption = None, home: HomeOption = None, as_json: JsonOption = False) -> int:
    """Configured plugins, and installed ones that are not configured."""
    configuration, inspection = _looked_at(config, home)
    rows = [*_configured(configuration, inspection), *_proposed(configuration)]
    say_json(rows) if as_json else say(table(rows, COLUMNS, spare=SPARE))
    return Exit.HEALTHY


@app.command()
def graph(config: ConfigOption = None, home: HomeOption = None) -> int:
    """Who waits for whom, and who writes what for whom."""
    configuration, inspection = _looked_at(config, home)
    sections = configuration.sections.plugins
    readers: dict[str, list[str]] = {}
    for name, manifest in inspection.manifests.items():
        for use in manifest.reads:
            readers.setdefault(use.topic, []).append(name)
    for name, section in sections.items():
        say(f"{name}  [{section.host}]" + ("" if section.runs else "  off"))
        for kind in ("needs", "wants", "after"):
            for other in getattr(section, kind):
                say(f"  {kind:<6} → {other}")
        for use in inspection.manifests[name].writes:
            say(f"  {'writes':<6} {use.topic} → {', '.join(readers.get(use.topic, [])) or 'nobody'}")
        for call in inspection.manifests[name].calls:
            say(f"  {'calls':<6} → {call}")
    return Exit.HEALTHY


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="lower-case letters, digits and _")],
    package: Annotated[str | None, typer.Option("--package", help="default: where the other plugins are")] = None,
    config: ConfigOption = None,
) -> int:
    """Write a plugin with settings, hooks, an action and a test, and add it to plugins.yaml."""
    from qtcore.cli.scaffold import NewPlugin, checked_name

    path = configuration_path(config)
    configuration = load_configuration(path, os.environ, {})
    plugin = NewPlugin(checked_name(name), configuration.root, package or _usual_package(configuration))
    for written in plugin.write():
        say(f"wrote {os.path.relpath(written)}")
    say(f"now: `qt plugins test {name}`, then `qt up`")
    return Exit.HEALTHY


@app.command(name="test")
def run_test(
    name: Annotated[str, typer.Argument(help="a configured plugin")],
    config: ConfigOption = None,
) -> int:
    """Check what every plugin must do, with its configured settings, and run its own tests where there are some."""
    from qtcore.cli.plugin_test import run_tests

    return run_tests(load_configuration(configuration_path(config), os.environ, {}), name)


def _looked_at(config: Path | None, home: Path | None) -> tuple[Configuration, Inspection]:
    configuration = load_configuration(configuration_path(config), os.environ, {})
    return configuration, anyio.run(inspect, configuration, Home.find(home).cache)


def _configured(configuration: Configuration, inspection: Inspection) -> Iterator[dict[str, Any]]:
    for name, section in configuration.sections.plugins.items():
        manifest = inspection.manifests[name]
        failed = manifest.failure is not None
        yield {
            "plugin": name,
            "state": "unreadable" if failed else "enabled" if section.runs else "off",
            "autonomy": section.autonomy.value,
            "host": section.host,
            "needs": " ".join(section.needs) or None,
            "reads": " ".join(use.topic for use in manifest.reads) or None,
            "writes": " ".join(use.topic for use in manifest.writes) or None,
            "what": manifest.failure.sentence if manifest.failure else manifest.summary,
        }


def _proposed(configuration: Configuration) -> Iterator[dict[str, Any]]:
    """Installed distributions only propose; what runs is what plugins.yaml names."""
    used = {section.use for section in configuration.sections.plugins.values()}
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        if entry.value not in used:
            origin = f"of {entry.dist.name} {entry.dist.version}" if entry.dist else "installed"
            what = f"{origin}; add `{entry.name}: {{use: {entry.value}}}` to plugins.yaml"
            yield {"plugin": entry.name, "state": "proposed", "what": what}


def _usual_package(configuration: Configuration) -> str:
    """The package beside plugins.yaml that most plugins come from."""
    packages = [section.use.partition(".")[0] for section in configuration.sections.plugins.values()]
    own = [name for name in packages if (configuration.root / name).is_dir()]
    if not own:
        raise ConfigurationError(
            f"no package beside {configuration.path.name} holds plugins yet; name one with --package"
        )
    return max(own, key=own.count)
