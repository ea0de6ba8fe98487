"""Names of this machine and its user, which say nothing about the trouble and much about the person."""

from __future__ import annotations

import getpass
import os
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

_SHORTEST = 3
_TELL_NOTHING = frozenset({"root", "localhost", "user", "nobody", "home", "main", "admin", "ubuntu", "debian"})


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Real name to the one that is shown instead."""

    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_this_machine(cls) -> Pseudonyms:
        """Host name, its short form, user name and home folder."""
        host = socket.gethostname()
        names = {host: "host-1", host.partition(".")[0]: "host-1", _user(): "user-1", Path.home().name: "user-1"}
        return cls({name: shown for name, shown in names.items() if _tells(name)})

    def put_in(self, text: bytes) -> bytes:
        """The text with every name replaced, where it stands as a word."""
        for name, shown in sorted(self.names.items(), key=lambda pair: -len(pair[0])):
            pattern = rb"(?<![A-Za-z0-9])" + re.escape(name.encode()) + rb"(?![A-Za-z0-9])"
            text = re.sub(pattern, shown.encode(), text)
        return text


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _tells(name: str) -> bool:
    return len(name) >= _SHORTEST and name.lower() not in _TELL_NOTHING
