"""The pages about the application name what there is: plugins, hosts, commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from qtcore.cli.commands import COMMANDS
from tests.conftest import Paths

COMMAND = re.compile(r"(?:`|\$ )qt (?P<words>[a-z]+(?: [a-z]+)?)")
OFFERED = re.compile(r'command="(?P<words>[a-z ]+)"')


@pytest.fixture
def shipped(paths: Paths) -> dict[str, Any]:
    """What plugins.yaml says."""
    found: dict[str, Any] = yaml.safe_load((paths.root / "plugins.yaml").read_text(encoding="utf-8"))
    return found


def table(page: Path) -> list[list[str]]:
    """The cells of all rows of all tables of a page."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]


def test_every_plugin_has_a_page_with_its_picture(paths: Paths, shipped: dict[str, Any]) -> None:
    """Each shows its own line of the status."""
    without = [
        name
        for name in shipped["plugins"]
        if not re.search(rf"^{name} +\w+ +running ", (paths.root / f"docs/plugins/{name}.md").read_text(), re.MULTILINE)
    ]
    assert without == []


def test_the_index_lists_every_plugin_where_it_lives(paths: Paths, shipped: dict[str, Any]) -> None:
    """One row each, with the host that plugins.yaml says."""
    rows = table(paths.root / "docs/plugins/README.md")
    told = {row[0].split("]")[0].strip("["): row[1] for row in rows if row[0].startswith("[")}
    assert told == {name: plugin["host"] for name, plugin in shipped["plugins"].items()}


def test_the_page_about_hosts_lists_every_host_with_its_plugins(paths: Paths, shipped: dict[str, Any]) -> None:
    """In the table of what ships, with its niceness."""
    rows = table(paths.root / "docs/hosts.md")
    told = {row[0].strip("`"): (set(row[1].split(", ")), row[3]) for row in rows if len(row) == 5}
    tenants = {host: (set[str](), str(said.get("nice", 0))) for host, said in shipped["hosts"].items()}
    for name, plugin in shipped["plugins"].items():
        tenants[plugin["host"]][0].add(name)
    assert {host: told.get(host) for host in tenants} == tenants


def test_no_page_names_a_command_that_is_not_there(paths: Paths) -> None:
    """Of the framework, or offered by a plugin."""
    offered = set[str]()
    for source in (paths.root / "plugins").rglob("*.py"):
        offered |= {found["words"] for found in OFFERED.finditer(source.read_text(encoding="utf-8"))}
    firsts = {words.split()[0] for words in offered if " " in words}
    pages = [paths.root / "README.md", *(paths.root / "docs").glob("*.md"), *(paths.root / "docs/plugins").glob("*.md")]
    wrong = [
        f"{page.name}: qt {found['words']}"
        for page in pages
        if page.name != "tutorial.md"  # it makes a command of its own, and a test of its own runs it
        for found in COMMAND.finditer(page.read_text(encoding="utf-8"))
        if found["words"] not in firsts | offered and found["words"].split()[0] not in COMMANDS.keys() | offered
    ]
    assert wrong == []
