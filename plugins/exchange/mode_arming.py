"""`qt arm`: a person types a sentence, and for some hours entries with real money are allowed."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from plugins.store.arming import LONGEST, arm, disarm, read_arming
from qtcore.errors import ConfigurationError


def sentence_for(fingerprint: str) -> str:
    """What has to be typed, letter by letter."""
    return f"trade real money with {fingerprint}"


def armed(home: Path, fingerprint: str, hours: float, confirm: str) -> dict[str, Any]:
    """Write the leave to enter. Raises ConfigurationError without the typed sentence, EnvironmentRefused."""
    wanted = sentence_for(fingerprint)
    typed = confirm or _asked(wanted)
    if typed.strip() != wanted:
        raise ConfigurationError(f'nothing is armed: type "{wanted}" when asked, or give it with --confirm')
    try:
        arming = arm(
            home,
            fingerprint=fingerprint,
            who=getpass.getuser(),
            when=datetime.now(UTC),
            life=timedelta(hours=hours),
        )
    except ValueError:
        most = LONGEST // timedelta(hours=1)
        raise ConfigurationError(f"--hours {hours:g} is no length for it: more than 0 and at most {most}") from None
    return told(home) | {"armed": True, "until": arming.expires.isoformat()}


def disarmed(home: Path) -> dict[str, Any]:
    """Take the leave back at once. Raises EnvironmentRefused."""
    disarm(home)
    return told(home)


def told(home: Path) -> dict[str, Any]:
    """What is armed in this home."""
    arming = read_arming(home)
    if arming is None:
        return {"armed": False}
    return {"armed": True, "key": arming.fingerprint, "who": arming.who, "until": arming.expires.isoformat()}


def _asked(wanted: str) -> str:
    if not sys.stdin.isatty():
        return ""
    return input(f'Type "{wanted}" to allow entries: ')
