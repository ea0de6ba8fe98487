"""The command line of an action, made from the JSON Schema of its parameters."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from qtcore.errors import ConfigurationError

_PLAIN_TYPES = {"integer": int, "number": float}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{message}; see `{self.prog} --help`")


def action_parser(command: str, help_text: str, schema: Mapping[str, Any]) -> argparse.ArgumentParser:
    """Required parameters stand by position, optional ones are options."""
    parser = _Parser(prog=f"qt {command}", description=help_text, allow_abbrev=False)
    for name, node in schema.get("properties", {}).items():
        _add(parser, name, node, required=name in schema.get("required", ()))
    parser.add_argument("--home", type=Path, help="the home folder; default: QT_HOME, else ./var")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--dry-run", action="store_true", help="only say what would happen")
    return parser


def _add(parser: argparse.ArgumentParser, name: str, node: Mapping[str, Any], *, required: bool) -> None:
    flag = f"--{name.replace('_', '-')}"
    kinds = {node.get("type"), *(branch.get("type") for branch in node.get("anyOf", ()))}
    text = str(node.get("description") or (f"default: {node['default']}" if node.get("default") is not None else ""))
    if required:
        parser.add_argument(name, type=_reader(kinds), help=text)
    elif "boolean" in kinds:
        parser.add_argument(flag, dest=name, action=argparse.BooleanOptionalAction, default=None, help=text)
    else:
        parser.add_argument(flag, dest=name, type=_reader(kinds), default=None, help=text)


def _reader(kinds: set[Any]) -> Any:
    """How a word of the command line becomes JSON data; text is taken as it is."""
    for kind, plain in _PLAIN_TYPES.items():
        if kind in kinds and "string" not in kinds:
            return plain
    return json.loads if kinds & {"array", "object", "boolean"} and "string" not in kinds else str
