"""What the doctor can do itself, read from the words of a remedy; everything else is for people (pure)."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass

from qtcore.health.model import Finding, Remedy

_PLUGIN = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PRIVATE = "u=rwX,go="


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to the running supervisor, which journals it."""

    op: str
    args: str
    """The arguments, as JSON."""


@dataclass(frozen=True, slots=True)
class MakePrivate:
    """Take the permissions of others away from something in the home; `path` is relative to it."""

    path: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a half-written file from the home; `path` is relative to it."""

    path: str


@dataclass(frozen=True, slots=True)
class EndProcess:
    """End a process that a dead supervisor left behind."""

    pid: int


Act = Ask | MakePrivate | Remove | EndProcess


def act_of(remedy: Remedy, finding: Finding) -> Act | None:  # noqa: PLR0911 - one arm per act of a closed set
    """The act that a remedy's words mean; None for a command line that only a person should type.

    `heal`, `restart`, `start` and `release` may leave the plugin out: then it is the finding's own.
    """
    words = remedy.act.split()
    match words[1:] if words[:1] == ["qt"] else words:
        case [("heal" | "restart" | "start" | "release") as op]:
            return _upon(op, finding.plugin)
        case [("heal" | "restart" | "start" | "release") as op, plugin]:
            return _upon(op, plugin)
        case ["call", action, *_]:
            return _call(action, remedy.act.partition(action)[2].strip())
        case ["chmod", mode, *_] if mode == _PRIVATE and remedy.act.endswith(f" {finding.subject}"):
            return MakePrivate(finding.subject)
        case ["rm", *_] if remedy.act == f"rm {finding.subject}":
            return Remove(finding.subject)
        case ["kill", "-KILL", pid] if pid.isdecimal():
            return EndProcess(int(pid))
        case _:
            return None


def _upon(op: str, plugin: str | None) -> Ask | None:
    if plugin is None or not _PLUGIN.fullmatch(plugin):
        return None
    return Ask(op, json.dumps({"plugin": plugin, "reason": "a remedy of the doctor"}))


def _call(name: str, argument: str) -> Ask | None:
    plugin, _, action = name.partition(".")
    try:
        quoted = argument[:1] in {"'", '"'}
        given = json.loads(shlex.split(argument)[0] if quoted else argument or "{}")
    except ValueError:
        return None
    if not action.isidentifier() or not _PLUGIN.fullmatch(plugin) or not isinstance(given, dict):
        return None
    return Ask("call", json.dumps({"plugin": plugin, "action": action, "argument": given}))
