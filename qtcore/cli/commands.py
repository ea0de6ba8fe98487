"""Every command of the framework: where its code lives and what it does, in the order of the help page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """One command; `module` is imported when it is run, and holds a typer `app`."""

    name: str
    module: str
    help: str


GROUPS: dict[str, tuple[CommandEntry, ...]] = {
    "Run": (
        CommandEntry("init", "qtcore.cli.init", "write a small working application into an empty folder"),
        CommandEntry("check", "qtcore.cli.check", "look at the configuration and every plugin; start nothing"),
        CommandEntry("up", "qtcore.cli.up", "start everything and stay; Ctrl-C stops it in order"),
        CommandEntry("down", "qtcore.cli.down", "stop everything in order"),
    ),
    "Look": (
        CommandEntry("status", "qtcore.cli.status", "one line per plugin"),
        CommandEntry("watch", "qtcore.cli.watch", "wait until everything is healthy and stays so"),
        CommandEntry("why", "qtcore.cli.why", "what a plugin is doing and why"),
        CommandEntry("report", "qtcore.cli.report", "findings, score, what was healed and how it was proven"),
        CommandEntry("events", "qtcore.cli.events", "the journal"),
        CommandEntry("logs", "qtcore.cli.logs", "log lines of all plugins"),
        CommandEntry("trace", "qtcore.cli.trace", "traces: what led to what"),
        CommandEntry("plugins", "qtcore.cli.plugins", "list, draw, create and test plugins"),
    ),
    "Act": (
        CommandEntry("start", "qtcore.cli.start", "start a stopped plugin"),
        CommandEntry("stop", "qtcore.cli.stop", "stop a plugin and keep it stopped"),
        CommandEntry("restart", "qtcore.cli.restart", "stop and start a plugin now"),
        CommandEntry("quarantine", "qtcore.cli.quarantine", "take a plugin out until released"),
        CommandEntry("release", "qtcore.cli.release", "give a quarantined plugin another chance"),
        CommandEntry("call", "qtcore.cli.call", "call an action of a plugin: PLUGIN.ACTION [JSON]"),
    ),
}

COMMANDS: dict[str, CommandEntry] = {entry.name: entry for group in GROUPS.values() for entry in group}
