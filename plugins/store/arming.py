"""Leave to trade real money: a small file that a person makes, that ends by itself and that a kill removes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from plugins.store.kill_switch import ARMED_FILE, KillSwitch
from qtcore import replace_file
from qtcore.documents import Document
from qtcore.errors import EnvironmentRefused

LONGEST = timedelta(hours=24)


class Arming(Document):
    """Who allowed entries with which key, when, and until when."""

    fingerprint: str
    who: str
    when: AwareDatetime
    expires: AwareDatetime


def read_arming(home: Path) -> Arming | None:
    """What the file in `home` says; None when there is none, or none that can be read."""
    try:
        return Arming.model_validate_json((home / ARMED_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def arm(home: Path, *, fingerprint: str, who: str, when: datetime, life: timedelta) -> Arming:
    """Write the file in one step. Raises EnvironmentRefused, ValueError for a life beyond LONGEST."""
    if not timedelta() < life <= LONGEST:
        raise ValueError(f"it should last more than nothing and at most {LONGEST}")
    arming = Arming(fingerprint=fingerprint, who=who, when=when, expires=when + life)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(home / ARMED_FILE, arming.model_dump_json().encode(), durable=True)
    except OSError as error:
        raise EnvironmentRefused(
            f"{home / ARMED_FILE} cannot be written ({error.strerror}), so nothing is armed; free or mend that disk"
        ) from error
    return arming


def disarm(home: Path) -> None:
    """Remove the file. Raises EnvironmentRefused when it stays."""
    try:
        (home / ARMED_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentRefused(
            f"{home / ARMED_FILE} cannot be removed ({error.strerror}); it still ends by itself, and `qt kill on` "
            "makes it void at once"
        ) from error


def why_not_armed(arming: Arming | None, kill: KillSwitch, *, fingerprint: str, now: datetime) -> str | None:
    """Why entries with real money may not go out; None when somebody allowed them and it still holds."""
    if arming is None:
        return "nobody has armed it; `qt arm` does"
    if arming.fingerprint != fingerprint:
        return f"it was armed for key {arming.fingerprint}, but the key is {fingerprint}"
    if arming.expires - arming.when > LONGEST or not arming.when <= now < arming.expires:
        return f"it was armed by {arming.who} until {arming.expires:%Y-%m-%d %H:%M} UTC only; `qt arm` again"
    if kill.when is not None and kill.when >= arming.when:
        return "the kill switch was used since it was armed; `qt arm` again"
    return None
