"""Writes new applications and plugins from the templates beside this module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from qtcore.config.configuration import FILE_NAME
from qtcore.config.problem import ConfigurationRefused
from qtcore.config.sections import Sections
from qtcore.config.source_file import parse_source
from qtcore.errors import ConfigurationError, EnvironmentRefused

_TEMPLATES = files("qtcore.cli") / "templates"
_SUFFIX = ".template"

CONFTEST = "conftest.py"


def write_application(folder: Path) -> list[Path]:
    """A working application of two plugins; `folder` must not hold any of its files yet."""
    return _write_all(_template_tree(_TEMPLATES / "application", folder), {})


@dataclass(frozen=True, slots=True)
class NewPlugin:
    """A plugin that is to be written into an application."""

    name: str
    root: Path
    """The folder of `plugins.yaml`."""
    package: str

    @property
    def class_name(self) -> str:
        """`price_age` as `PriceAge`."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    def write(self) -> list[Path]:
        """Write plugin and test, and add the plugin to `plugins.yaml`, comments kept."""
        configuration = self.root / FILE_NAME
        text = with_plugin(configuration.read_text(encoding="utf-8"), self.name, f"{self.package}.{self.name}")
        substitutes = {
            "name": self.name,
            "package": self.package,
            "class_name": self.class_name,
            "code": self.name.upper().replace("_", "-"),
        }
        package = self.root / self.package
        plan = {
            package / f"{self.name}.py": _text(_TEMPLATES / "plugin" / f"plugin.py{_SUFFIX}"),
            self.root / "tests" / f"test_{self.name}.py": _text(_TEMPLATES / "plugin" / f"test_plugin.py{_SUFFIX}"),
        }
        if not (package / "__init__.py").exists():
            plan[package / "__init__.py"] = '"""Plugins of this application."""\n'
        if not (self.root / CONFTEST).exists() and not (self.root / "tests" / CONFTEST).exists():
            plan[self.root / CONFTEST] = _text(_TEMPLATES / "application" / f"{CONFTEST}{_SUFFIX}")
        written = _write_all(plan, substitutes)
        configuration.write_text(text, encoding="utf-8")
        return [*written, configuration]


def with_plugin(text: str, name: str, use: str) -> str:
    """The text of a `plugins.yaml` with one more plugin at the end of its `plugins`.

    Raises ConfigurationError when the file cannot be extended without rewriting it.
    """
    file = parse_source(text, FILE_NAME)
    plugins = file.data.get("plugins") if isinstance(file.data, dict) else None
    if not isinstance(plugins, dict) or not plugins:
        raise ConfigurationError(f"{FILE_NAME} has no plugins yet; add {_line(name, use)} under `plugins:` by hand")
    if name in plugins:
        raise ConfigurationError(f'{file.place(("plugins", name))}: there is already a plugin "{name}"; choose another')
    lines = text.splitlines()
    first = file.place(("plugins", next(iter(plugins))))
    if first.line == file.place(("plugins",)).line:
        raise ConfigurationError(f"`plugins` stands on one line; add {_line(name, use)} by hand")
    indent = " " * (first.column - 1)
    at = _end_of_block(lines, first.line, len(indent))
    extended = [*lines[:at], "", f"{indent}{name}:", f"{indent}  use: {use}", *lines[at:]]
    result = "\n".join(extended) + "\n"
    _prove(result, name)
    return result


def _end_of_block(lines: list[str], first_line: int, indent: int) -> int:
    """Index after the last line that belongs to a block mapping; trailing blank lines and comments do not."""
    end = first_line
    for index in range(first_line - 1, len(lines)):
        stripped = lines[index].strip()
        if stripped and not stripped.startswith("#"):
            if len(lines[index]) - len(lines[index].lstrip()) < indent:
                break
            end = index + 1
    return end


def _prove(text: str, name: str) -> None:
    try:
        sections = Sections.model_validate(parse_source(text, FILE_NAME).data)
    except (ValueError, ConfigurationRefused) as error:
        raise ConfigurationError(
            f"{FILE_NAME} must be in order before a plugin can be added; run `qt check`"
        ) from error
    if name not in sections.plugins:
        raise ConfigurationError(f"{FILE_NAME} cannot be extended by qt; add the plugin by hand")


def _line(name: str, use: str) -> str:
    return f"`{name}: {{use: {use}}}`"


def _template_tree(source: Traversable, target: Path) -> dict[Path, str]:
    found: dict[Path, str] = {}
    for entry in source.iterdir():
        if entry.is_dir():
            found |= _template_tree(entry, target / entry.name)
        elif entry.name.endswith(_SUFFIX):
            found[target / entry.name.removesuffix(_SUFFIX)] = _text(entry)
    return found


def _text(entry: Traversable) -> str:
    return entry.read_text(encoding="utf-8")


def _write_all(plan: Mapping[Path, str], substitutes: Mapping[str, str]) -> list[Path]:
    """Write all files or none."""
    if existing := sorted(str(path) for path in plan if path.exists()):
        raise EnvironmentRefused(
            f"{', '.join(existing)} already exist and are left alone; choose another folder or name"
        )
    for path, text in plan.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(substitutes) if substitutes else text, encoding="utf-8")
    return sorted(plan)


def checked_name(name: str) -> str:
    """The name, if it can be a plugin's and a module's. Raises ConfigurationError."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise ConfigurationError(f'"{name}" cannot be a plugin\'s name; use lower-case letters, digits and single _')
    return name
