"""The `qt` command: finds the command, runs it, and turns errors into one sentence and an exit code.

Nothing heavy is imported here: `qt status` and `qt --help` must answer at once.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from qtcore.cli.commands import COMMANDS, GROUPS
from qtcore.cli.exits import Exit
from qtcore.errors import ConfigurationError, EnvironmentRefused, QtError, RecordsDamaged

_INTERRUPTED = 130


def main() -> None:
    """Entry point of the `qt` script."""
    if sys.stdout is None:  # closed by whoever started us: `qt status >&-`
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - it stays standard output to the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows only ASCII gets `?`, never a traceback
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line (without the program's name) and return the exit code."""
    try:
        code = _dispatched(list(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _let_go_of_output()
        return Exit.HEALTHY
    except QtError as error:
        print(f"qt: {error}", file=sys.stderr)  # noqa: T201
        return _exit_of_error(error)
    except OSError as error:
        _let_go_of_output()
        print(f"qt: {_refusal(error)}", file=sys.stderr)  # noqa: T201
        return Exit.REFUSED
    return code


def _let_go_of_output() -> None:
    """What nobody takes any more must not fail once more at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refusal(error: OSError) -> str:
    where = error.filename or "the place that the output goes to"
    return f"{where} cannot be used ({error.strerror or error}); free space there or mend its permissions"


def _dispatched(arguments: list[str]) -> int:
    match arguments:
        case [] | ["help" | "--help" | "-h", *_]:
            print(_help())  # noqa: T201
            return Exit.HEALTHY
        case ["--version", *_]:
            from importlib.metadata import version

            print(f"qt {version('qtcore')}")  # noqa: T201
            return Exit.HEALTHY
        case [option, *_] if option.startswith("-"):
            raise ConfigurationError(f"{option} stands before the command; write `qt COMMAND {option} …`")
        case ["status", *rest]:
            from qtcore.cli.quick_status import quick_status

            code = quick_status(rest)
            return code if code is not None else _framework_command("status", rest)
        case ["report", *rest]:
            gc.disable()  # a tenth of the time of a page; the process ends right after it
            return _framework_command("report", rest)
        case [name, *rest] if name in COMMANDS:
            return _framework_command(name, rest)
        case _:
            from qtcore.cli.application import run_application_command

            return run_application_command(arguments)


def _framework_command(name: str, rest: list[str]) -> int:
    from importlib import import_module

    from qtcore.cli.app import invoke

    module, _, attribute = COMMANDS[name].app.partition(":")
    return invoke(getattr(import_module(module), attribute), rest, f"qt {name}")


def _exit_of_error(error: QtError) -> int:
    from qtcore.control.client import Declined, NotRunning

    match error:
        case Declined():
            return error.code
        case NotRunning():
            return Exit.NOT_RUNNING
        case ConfigurationError():
            return Exit.USAGE
        case EnvironmentRefused() | RecordsDamaged():
            return Exit.REFUSED
        case _:
            return Exit.DEGRADED


def _help() -> str:
    from qtcore.cli.application import offered_commands

    lines = ["usage: qt COMMAND [OPTIONS]", "", "Supervises programs made of plugins; see `qt COMMAND --help`."]
    for title, entries in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {entry.name:<12} {entry.help}" for entry in entries)]
    if offered := offered_commands():
        width = max(12, *(len(name) for name in offered))
        lines += ["", "Of this application:", *(f"  {name:<{width}} {text}" for name, text in sorted(offered.items()))]
    lines += ["", "Exit codes of readings: 0 healthy, 1 degraded, 2 critical or failed, 3 not running, 4 unknown."]
    return "\n".join([*lines, "Everywhere: 64 wrong usage or configuration, 69 the environment refuses."])


if __name__ == "__main__":
    main()
