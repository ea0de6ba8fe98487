"""Every command of the framework: where its code lives and what it does, in the order of the help page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """One command; `app` is the `module:name` of its typer app, imported when it is run."""

    name: str
    app: str
    help: str


GROUPS: dict[str, tuple[CommandEntry, ...]] = {
    "Run": (
        CommandEntry("init", "qtcore.cli.init:app", "write a small working application into an empty folder"),
        CommandEntry("check", "qtcore.cli.check:app", "look at the configuration and every plugin; start nothing"),
        CommandEntry("up", "qtcore.cli.up:app", "start everything and stay; Ctrl-C stops it in order"),
        CommandEntry("down", "qtcore.cli.down:app", "stop everything in order"),
    ),
    "Look": (
        CommandEntry("status", "qtcore.cli.status:app", "one line per plugin"),
        CommandEntry("watch", "qtcore.cli.watch:app", "wait until everything is healthy and stays so"),
        CommandEntry("why", "qtcore.cli.why:app", "what a plugin is doing and why"),
        CommandEntry("findings", "qtcore.cli.findings:app", "what is wrong, each effect under its cause"),
        CommandEntry("report", "qtcore.cli.report:app", "findings, score, what was healed and how it was proven"),
        CommandEntry("doctor", "qtcore.cli.doctor:app", "look at everything at once, and mend what may be mended"),
        CommandEntry("bundle", "qtcore.cli.bundle:app", "one file for somebody elsewhere, without secrets"),
        CommandEntry("events", "qtcore.cli.events:app", "the journal"),
        CommandEntry("logs", "qtcore.cli.logs:app", "log lines of all plugins"),
        CommandEntry("trace", "qtcore.cli.trace:app", "traces: what led to what"),
        CommandEntry("plugins", "qtcore.cli.plugins:app", "list, draw, create and test plugins"),
    ),
    "Act": (
        CommandEntry("start", "qtcore.cli.act:start", "start a stopped plugin"),
        CommandEntry("stop", "qtcore.cli.act:stop", "stop a plugin and keep it stopped"),
        CommandEntry("restart", "qtcore.cli.act:restart", "stop and start a plugin now"),
        CommandEntry("quarantine", "qtcore.cli.act:quarantine", "take a plugin out until released"),
        CommandEntry("release", "qtcore.cli.act:release", "give a quarantined plugin another chance"),
        CommandEntry("ack", "qtcore.cli.acknowledge:ack", "say that you know of a finding"),
        CommandEntry("mute", "qtcore.cli.acknowledge:mute", "tell nobody of a finding for a while"),
        CommandEntry("unmute", "qtcore.cli.acknowledge:unmute", "end a mute before its time"),
        CommandEntry("call", "qtcore.cli.call:app", "call an action of a plugin: PLUGIN.ACTION [JSON]"),
        CommandEntry("drill", "qtcore.cli.drill:app", "rehearse faults and see whether they are found and handled"),
    ),
}

COMMANDS: dict[str, CommandEntry] = {entry.name: entry for group in GROUPS.values() for entry in group}
