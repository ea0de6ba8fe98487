"""`qt ack`, `qt mute` and `qt unmute`: a person knows of a finding, or wants nobody told of it for a while."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.asking import ask_home
from qtcore.cli.exits import Exit
from qtcore.cli.output import say, say_json
from qtcore.records.home import Home
from qtcore.telemetry.moments import parse_duration_s

ack, mute, unmute = new_app(), new_app(), new_app()

Target = Annotated[str, typer.Argument(metavar="FINGERPRINT|CODE", help="as `qt findings` shows it; a code means all")]
Why = Annotated[str, typer.Option("--reason", help="kept in the journal")]


@ack.command()
def acknowledge(target: Target, reason: Why = "", home: HomeOption = None, as_json: JsonOption = False) -> int:
    """Say that you know of a finding; it still counts, and the mark goes when it is over."""
    return _asked("acknowledge", {"target": target, "reason": reason}, home, as_json)


@mute.command()
def silence(
    target: Target,
    lasting: Annotated[str, typer.Option("--for", metavar="TIME", help="such as 30m, 2h or 1d, at most 30d")],
    reason: Annotated[str, typer.Option("--reason", help="why nobody need be told; the report shows it")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Tell nobody of a finding for a while; it is still listed and still costs its points."""
    arguments = {"target": target, "for_s": parse_duration_s(lasting), "reason": reason}
    return _asked("mute", arguments, home, as_json)


@unmute.command()
def tell(target: Target, home: HomeOption = None, as_json: JsonOption = False) -> int:
    """End a mute before its time."""
    return _asked("unmute", {"target": target}, home, as_json)


def _asked(op: str, arguments: dict[str, Any], home: Any, as_json: bool) -> int:
    acted = ask_home(Home.find(home), op, arguments)
    say_json(acted) if as_json else say(acted["sentence"])
    return Exit.HEALTHY
