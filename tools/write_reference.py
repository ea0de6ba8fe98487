"""Writes docs/reference from the code: hooks, configuration keys, commands and exit codes, findings."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from qtcore.cli.commands import GROUPS, CommandEntry
from qtcore.cli.exits import Exit
from qtcore.config.sections import Sections
from qtcore.config.variables import FRAMEWORK_VARIABLES
from qtcore.context import Context
from qtcore.hooks import PluginSpec
from qtcore.plugin import Plugin, action, every
from tools.findings_page import findings_page

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTICE = "<!-- Written by tools/write_reference.py from the code; do not edit. -->\n\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Each page and what must be in it."""
    for name, title, lines in (
        ("configuration", "Configuration", _configuration()),
        ("hooks", "Plugins: hooks, declarations, context", _hooks()),
        ("commands", "Commands and exit codes", _commands()),
        ("findings", "Findings", findings_page()),
    ):
        yield FOLDER / f"{name}.md", NOTICE + f"# {title}\n\n" + "\n".join(lines).strip() + "\n"


# --- configuration ------------------------------------------------------------------------------


def _configuration() -> Iterator[str]:
    yield "`plugins.yaml` is YAML 1.2: only `true` and `false` are booleans, so `off` is a word. Unknown keys are"
    yield "errors, and so is a secret: secrets come from the environment."
    yield ""
    yield from _section(Sections, "The file", seen=set())
    yield "## From the environment"
    yield ""
    yield "`QT_<PLUGIN>__<SETTING>` overrides a setting; a further `__` goes one level deeper. Text stays text and is"
    yield "turned into numbers and booleans by the setting's type; `[…]` and `{…}` are read as YAML. Two variables that"
    yield "set one value differently are refused, and so is a variable that names another mode than the file."
    yield ""
    yield "A variable with our prefix that nobody reads is an error when it holds `__` or is within two edits of a"
    yield "known name, otherwise a finding. Names of the Qt toolkit are ignored."
    yield ""
    yield from (f"- `{name}`: {meaning}" for name, meaning in FRAMEWORK_VARIABLES.items())


def _section(model: type[BaseModel], title: str, seen: set[type[BaseModel]]) -> Iterator[str]:
    if model in seen:
        return
    seen.add(model)
    yield f"## {title}"
    yield ""
    yield inspect.getdoc(model) or ""
    yield ""
    yield "| key | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    below: list[tuple[type[BaseModel], str]] = []
    for name, info in model.model_fields.items():
        yield f"| `{name}` | {_type(info.annotation)} | {_default(info)} | {info.description or ''} |"
        below += [(inner, f"`{name}`") for inner in _models(info.annotation)]
    yield ""
    for inner, heading in below:
        yield from _section(inner, heading, seen)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models(argument)


def _type(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(_type(argument) for argument in arguments if argument is not type(None))
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"mapping to {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(f"`{one}`" for one in annotation)
    return {str: "text", int: "integer", float: "number", bool: "boolean", Any: "anything"}.get(
        annotation, str(annotation)
    )


def _default(info: Any) -> str:
    match info.default:
        case value if value is PydanticUndefined:
            return "required"
        case BaseModel() | None:
            return ""
        case () | {}:
            return "none"
        case tuple() as values:
            return ", ".join(f"`{value}`" for value in values)
        case value:
            return f"`{str(value).lower() if isinstance(value, bool) else value}`"


# --- hooks --------------------------------------------------------------------------------------


def _hooks() -> Iterator[str]:
    yield inspect.cleandoc(str(inspect.getdoc(inspect.getmodule(PluginSpec)) or ""))
    yield ""
    yield "## Hooks"
    for name, function in inspect.getmembers(PluginSpec, inspect.isfunction):
        yield from _entry(name, function)
    yield "## Decorators"
    for function in (every, action):
        yield from _entry(f"@{function.__name__}", function)
    yield "## Declarations"
    yield ""
    yield "Class data of a `Plugin`, read without starting it."
    yield ""
    yield "| name | default | meaning |"
    yield "| --- | --- | --- |"
    yield from _declarations()
    yield ""
    yield "## Context"
    for name, member in inspect.getmembers(Context):
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
            is_property = isinstance(member, property)
            yield from _entry(f"ctx.{name}", member.fget if is_property else member, is_property=is_property)


def _entry(name: str, function: Any, *, is_property: bool = False) -> Iterator[str]:
    signature = str(inspect.signature(function)).replace("(self, ", "(").replace("(self)", "()")
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)
    yield ""
    yield f"### `{name}`"
    yield ""
    yield "```python"
    yield f"{name}{signature.replace('() -> ', ': ') if is_property else signature}"
    yield "```"
    yield ""
    yield inspect.getdoc(function) or ""
    yield ""


def _declarations() -> Iterator[str]:
    """The class's own annotations, with the docstring below each, as the source has them."""
    lines = [line.strip() for line in inspect.getsource(Plugin).splitlines()]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if ": ClassVar[" in line:
            name, default = line.partition(": ClassVar[")[0], line.partition(" = ")[2]
            meaning = following.strip('"') if following.startswith('"""') else ""
            yield f"| `{name}` | `{default}` | {meaning} |"


# --- commands -----------------------------------------------------------------------------------


def _commands() -> Iterator[str]:
    yield "Every command takes `--help`. Options follow the command."
    for title, entries in GROUPS.items():
        yield ""
        yield f"## {title}"
        for entry in entries:
            yield from _command(entry)
    yield ""
    yield "## Exit codes"
    yield ""
    yield "| code | name | meaning |"
    yield "| --- | --- | --- |"
    source = inspect.getsource(Exit).splitlines()
    for code in Exit:
        place = next(index for index, line in enumerate(source) if line.strip().startswith(f"{code.name} ="))
        meaning = source[place + 1].strip().strip('"')
        yield f"| {code.value} | {code.name.lower().replace('_', ' ')} | {meaning} |"


def _command(entry: CommandEntry) -> Iterator[str]:
    module, _, attribute = entry.app.partition(":")
    command = typer.main.get_command(getattr(import_module(module), attribute))
    subcommands = getattr(command, "commands", None) or {"": command}
    for name, each in subcommands.items():
        words = f"qt {entry.name} {name}".strip()
        yield ""
        yield f"### `{words}`"
        yield ""
        yield str(each.help or entry.help).strip()
        yield ""
        for parameter in each.params:
            yield from _parameter(parameter)


def _parameter(parameter: Any) -> Iterator[str]:
    is_option = parameter.param_type_name == "option"
    spelled = (
        ", ".join(f"`{name}`" for name in parameter.opts)
        if is_option
        else f"`{parameter.metavar or parameter.name.upper()}`"
    )
    if spelled != "`--help`":
        yield f"- {spelled}: {getattr(parameter, 'help', None) or 'required'}"


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in pages():
        path.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
