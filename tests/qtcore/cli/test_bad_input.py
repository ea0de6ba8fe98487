"""Bad input: one clear sentence with the cure, no traceback, the right exit code, nothing half-started."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qtcore.cli.exits import Exit
from tests.qtcore.cli.conftest import Qt

Change = Callable[[Path], None]


def _replace(file: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        path = folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def _append(file: str, text: str) -> Change:
    def change(folder: Path) -> None:
        with (folder / file).open("a") as opened:
            opened.write(text)

    return change


YAML = "plugins.yaml"
DISK = "watchers/disk.py"
CIRCLE = "  disk:\n    needs: [forecast]\n"

CASES: dict[str, tuple[Change, str]] = {
    "broken YAML": (
        _append(YAML, "  oops: [1, 2\n"),
        r"plugins\.yaml:\d+:\d+: this is not valid YAML: .*; correct it here or on the line above",
    ),
    "unknown key": (
        _replace(YAML, "wants:", "want:"),
        r'plugins\.yaml:\d+:\d+: plugin forecast: unknown key "want", did you mean "wants"\?',
    ),
    "unknown setting": (
        _replace(YAML, "least_free_percent", "least_free_pct"),
        r'plugins\.yaml:\d+:\d+: plugin disk: unknown key "least_free_pct", did you mean "least_free_percent"\?',
    ),
    "wrong type": (
        _replace(YAML, "least_free_percent: 5.0", "least_free_percent: lots"),
        r'plugins\.yaml:\d+:\d+: plugin disk: "least_free_percent" should be a valid number, .*, and is "lots"',
    ),
    "duplicate name": (
        _append(YAML, "  disk: {use: watchers.disk}\n"),
        r'plugins\.yaml:\d+:\d+: "disk" stands here a second time \(first on line \d+\); keep one of them',
    ),
    "missing module": (
        _replace(YAML, "use: watchers.disk", "use: watchers.dsk"),
        r'plugins\.yaml:\d+:\d+: plugin disk: there is no module "watchers\.dsk", did you mean "watchers\.disk"\?',
    ),
    "missing distribution": (
        _replace(DISK, "import shutil", "import ccxt_of_another_world, shutil"),
        r"plugins\.yaml:\d+:\d+: plugin disk: watchers\.disk imports \"ccxt_of_another_world\", "
        r"which is not installed; run pip install ccxt_of_another_world .* \(watchers/disk\.py:5\)",
    ),
    "import error": (
        _replace(DISK, "from watchers.topics import FreeSpace", "from watchers.topics import FreeSpce"),
        r"plugins\.yaml:\d+:\d+: plugin disk: importing watchers\.disk raised ImportError: "
        r"cannot import name 'FreeSpce' .*\(watchers/disk\.py:\d+\)",
    ),
    "syntax error": (
        _replace(DISK, "class Disk(Plugin[DiskSettings]):", "class Disk(Plugin[DiskSettings]:"),
        r"plugins\.yaml:\d+:\d+: plugin disk: line \d+ is not Python: .* \(watchers/disk\.py:\d+\)",
    ),
    "wrong hook signature": (
        _replace(DISK, "async def health(self, ctx: Context[DiskSettings])", "async def health(self, context)"),
        r"plugins\.yaml:\d+:\d+: plugin disk: hook health takes context, which it is not given; "
        r"write health\(self, ctx\) or fewer \(watchers/disk\.py:\d+\)",
    ),
    "dependency cycle": (
        _replace(YAML, "    wants: [disk]", "    needs: [disk]\n  third:\n    use: watchers.disk\n    needs: [third]"),
        r'plugins\.yaml:\d+:\d+: plugin third: "needs" names the plugin itself; remove it',
    ),
    "hard reader without a writer": (
        _replace(YAML, "    host: probes", "    host: probes\n    enabled: false"),
        r"plugins\.yaml:\d+:\d+: plugin forecast: it reads FreeSpace, which no enabled plugin writes; enable disk",
    ),
}


def _sentence(stderr: str) -> str:
    assert "Traceback" not in stderr
    lines = stderr.strip().splitlines()
    assert len(lines) == 1, stderr
    return lines[0]


BY_UP = ("broken YAML", "missing module", "wrong hook signature", "hard reader without a writer")
"""Cases that `qt up` is asked about too; it takes the same way through the code as `qt check`."""


@pytest.mark.parametrize(
    ("case", "command"),
    [*((case, "check") for case in CASES), *((case, "up") for case in CASES if case in BY_UP)],
)
def test_bad_configuration(application: Qt, case: str, command: str) -> None:
    """`qt check` and `qt up` refuse it alike, before anything runs."""
    change, pattern = CASES[case]
    change(application.folder)
    done = application(command, *(["--headless"] if command == "up" else []))
    assert re.fullmatch(f"qt: {pattern}", _sentence(done.stderr)), done.stderr
    assert done.returncode == Exit.USAGE
    assert not application.is_running


def test_cycle_is_drawn(application: Qt) -> None:
    """Two plugins that wait for each other are shown as a circle."""
    _replace(YAML, "    host: probes", "    host: probes\n    needs: [forecast]")(application.folder)
    _replace(YAML, "wants: [disk]", "needs: [disk]")(application.folder)
    done = application("check")
    assert "in a circle: disk → forecast → disk; remove one of these" in _sentence(done.stderr)


@pytest.mark.parametrize(
    ("variables", "pattern"),
    [
        ({"QT_DISK__FOLDR": "/"}, r'QT_DISK__FOLDR: plugin disk: unknown key "foldr", did you mean "folder"\?'),
        ({"QT_DSK__FOLDER": "/"}, r'QT_DSK__FOLDER: there is no plugin "dsk" .*, did you mean "QT_DISK__FOLDER"\?'),
        ({"QT_HOMES": "/"}, r'QT_HOMES: nobody reads this variable, did you mean "QT_HOME"\? correct it or unset it'),
        ({"QT_DISK__LEAST_FREE_PERCENT": "-3"}, r'QT_DISK__LEAST_FREE_PERCENT: plugin disk: .* greater than 0.* "-3"'),
    ],
)
def test_bad_variables(application: Qt, variables: dict[str, str], pattern: str) -> None:
    """A variable that does not fit is named."""
    done = application("check", **variables)
    assert re.fullmatch(f"qt: {pattern}", _sentence(done.stderr)), done.stderr
    assert done.returncode == Exit.USAGE


def test_strange_variable_is_a_finding_and_toolkit_names_are_ignored(application: Qt) -> None:
    """What is not ours does not stop us."""
    done = application("check", QT_QPA_PLATFORM="xcb", QT_WHATEVER_THIS_IS="1")
    assert done.returncode == Exit.HEALTHY
    assert "finding: QT-CONFIG-UNKNOWN: QT_WHATEVER_THIS_IS: nobody reads this variable" in done.stdout
    assert "QT_QPA_PLATFORM" not in done.stdout


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        (("sttus",), r'there is no command "sttus", did you mean "status"\?'),
        (("status", "--jsn"), r"No such option: --jsn.*; see `qt status --help`"),
        (("why",), r"Missing argument 'NAME'; see `qt why --help`"),
        (("up", "--speed", "3"), r"--speed: plugins\.yaml declares no such option"),
        (("up", "--for", "soon"), r"Invalid value for '--for': .* a valid number, .*; see `qt up --help`"),
        (("up", "now"), r'"now" is no option; see `qt up --help`'),
        (("call", "disk"), r'"disk" names no action; write PLUGIN\.ACTION, for example feed\.summary'),
        (("call", "disk.x", "{"), r"the argument is not JSON .*"),
        (("watch", "--until", "perfect"), r'"perfect" cannot be waited for; .*'),
        (("--json", "status"), r"--json stands before the command; write `qt COMMAND --json …`"),
        (("plugins", "new", "Bad"), r"\"Bad\" cannot be a plugin's name; .*"),
        (("plugins", "new", "disk"), r'plugins\.yaml:\d+:\d+: there is already a plugin "disk"; choose another'),
        (("check", "--config", "nowhere.yaml"), r"there is no nowhere\.yaml; `qt init` writes one, .*"),
    ],
)
def test_wrong_usage(application: Qt, words: tuple[str, ...], pattern: str) -> None:
    """Wrong words on the command line are one sentence, and 64."""
    done = application(*words)
    assert re.fullmatch(f"qt: {pattern}", _sentence(done.stderr)), done.stderr
    assert done.returncode == Exit.USAGE


def test_init_leaves_existing_files_alone(application: Qt) -> None:
    """A second `qt init` writes nothing and says which files are there."""
    done = application("init")
    assert done.returncode == Exit.REFUSED
    assert "plugins.yaml" in _sentence(done.stderr)
    assert "left alone" in done.stderr


@pytest.mark.parametrize("words", [("down",), ("restart", "disk"), ("call", "disk.x")])
def test_acts_need_a_supervisor(application: Qt, words: tuple[str, ...]) -> None:
    """Without a supervisor an act ends with 3 and says what to do."""
    done = application(*words)
    assert done.returncode == Exit.NOT_RUNNING
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_readings_of_an_empty_home(application: Qt) -> None:
    """Reading a home that nobody has used says so and ends with 3."""
    for command in ("status", "report"):
        done = application(command)
        assert done.returncode == Exit.NOT_RUNNING
        assert done.stdout == "NOT RUNNING: no supervisor has run on this home yet; start one with `qt up`\n"
    for words in ("why disk", "events", "logs", "trace", "call disk.x", "restart disk"):
        done = application(*words.split())
        assert done.returncode == Exit.NOT_RUNNING
        assert _sentence(done.stderr).startswith(f"qt: no supervisor has run on the home {application.home.root} yet; ")


def test_unwritable_home(application: Qt) -> None:
    """A home that is no folder is refused with 69 before anything starts."""
    (application.folder / "var").write_text("in the way")
    done = application("up", "--headless")
    assert done.returncode == Exit.REFUSED
    assert "choose another with --home" in _sentence(done.stderr)


WEB = """
from qtcore import Context, Plugin, Port, Settings, hookimpl


class WebSettings(Settings):
    port: Port = 0


class Web(Plugin[WebSettings]):
    @hookimpl
    async def start(self, ctx: Context[WebSettings]) -> None:
        ctx.ready()
        await ctx.serve()
"""


def test_port_in_use(application: Qt) -> None:
    """A port that somebody holds is named with its holder and the variable that sets another, and nothing starts."""
    (application.folder / "watchers" / "web.py").write_text(WEB)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _append(YAML, f"  web: {{use: watchers.web, settings: {{port: {port}}}}}\n")(application.folder)
        done = application("up", "--headless")
    assert done.returncode == Exit.REFUSED
    sentence = _sentence(done.stderr)
    assert f"port {port}, which web is to listen on (plugins.yaml:" in sentence
    assert f"is held by process {os.getpid()} " in sentence
    assert "set QT_WEB__PORT to a free port" in sentence
    assert not application.is_running


def test_foreign_journal(application: Qt) -> None:
    """A file that is no journal is refused and left alone; readings say what it is."""
    home = application.home
    home.create()
    content = b"these are the minutes of another company's meeting\n" * 100
    home.journal.write_bytes(content)
    assert application("status").returncode == Exit.NOT_RUNNING
    done = application("up", "--headless")
    assert done.returncode == Exit.REFUSED
    assert "is no database" in _sentence(done.stderr)
    assert "move that file elsewhere" in done.stderr
    assert home.journal.read_bytes() == content


def test_torn_state_file(application: Qt) -> None:
    """A torn state file is told by readings and written anew by the next start."""
    home = application.home
    home.create()
    torn = home.state / "disk.json"
    torn.write_text('{"plugin": "disk", "lifecy')
    told = application("status")
    assert "is not a state file" in told.stdout
    assert "Traceback" not in told.stderr
    with application.running():
        assert '"lifecycle"' in torn.read_text()


FULL = "mount -t tmpfs -o size=64k,mode=700 tmpfs var && head -c 60k /dev/zero > var/filler; exec {qt} up --headless"


def test_full_home(application: Qt) -> None:
    """A home without room is refused before anything starts, with what to do."""
    (application.folder / "var").mkdir()
    program = FULL.format(qt=f"{sys.executable} -m qtcore.cli.main")
    done = subprocess.run(
        ["/usr/bin/unshare", "--map-root-user", "--mount", "/bin/sh", "-c", program],
        cwd=application.folder,
        env={**os.environ, **application.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this machine does not let tests mount a small file system")
    assert done.returncode == Exit.REFUSED, done.stderr
    assert "No space left on device" in _sentence(done.stderr)
    assert "choose another with --home" in done.stderr
