"""The home folder: everything of one supervisor that lasts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qtcore.errors import EnvironmentRefused
from qtcore.records.held import is_held
from qtcore.records.lock import LockHolder, SupervisorLock, last_holder
from qtcore.records.run_dir import create_run_dir, run_dir_of

DEFAULT_HOME = Path("var")
_PROBE_BYTES = 64 * 1024
LEAST_FREE_MB = 32
"""With less room on its disk a home is as good as full: hosts would fail one by one while they start."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where things are in a home folder; `create` makes them, readers just look."""

    root: Path

    @classmethod
    def find(cls, option: Path | None = None, environment: Mapping[str, str] = os.environ) -> Home:
        """The home meant by `--home`, else by QT_HOME, else `./var`; it need not exist."""
        return cls((option or Path(environment.get("QT_HOME") or DEFAULT_HOME)).absolute())

    @property
    def journal(self) -> Path:
        """The journal's database."""
        return self.root / "journal.db"

    @property
    def state(self) -> Path:
        """The folder of state files."""
        return self.root / "state"

    @property
    def logs(self) -> Path:
        """The folder of JSON logs and captured output."""
        return self.root / "logs"

    def output_of(self, host: str) -> Path:
        """What the processes of a host print."""
        return self.logs / f"{host}.out"

    @property
    def traces(self) -> Path:
        """The folder of OTLP JSON lines."""
        return self.root / "traces"

    @property
    def sections(self) -> Path:
        """The folder of what plugins contribute to the report."""
        return self.root / "sections"

    @property
    def reports(self) -> Path:
        """The folder of reports that were written on schedule and at changes of the whole."""
        return self.root / "reports"

    @property
    def configuration(self) -> Path:
        """What the last run was set up with: the audit of its configuration."""
        return self.root / "configuration.json"

    @property
    def cache(self) -> Path:
        """What may be deleted at any time, such as manifests."""
        return self.root / "cache"

    @property
    def data(self) -> Path:
        """The parent of each plugin's own folder."""
        return self.root / "data"

    @property
    def lock_path(self) -> Path:
        """The file whose lock means that a supervisor runs."""
        return self.root / "supervisor.lock"

    def data_of(self, plugin: str) -> Path:
        """The plugin's own folder, made (0700) if missing."""
        folder = self.data / plugin
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def create(self) -> None:
        """Make the folders (0700) and prove that they take writes. Raises EnvironmentRefused."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.state, self.sections, self.reports, self.logs, self.traces, self.cache, self.data):
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)
            self._prove_writable()
        except OSError as error:
            raise EnvironmentRefused(
                f"the home folder {self.root} cannot be used ({error.strerror}: {error.filename or self.root}); "
                "free space or fix its permissions, or choose another with --home"
            ) from error
        self._refuse_scant_room()

    def lock(self, *, run_dir: Path | None = None) -> SupervisorLock:
        """Become the one supervisor of this home. Raises EnvironmentRefused naming the pid that is."""
        return SupervisorLock.acquire(self.lock_path, run_dir=run_dir or run_dir_of(self.root))

    @property
    def running(self) -> bool:
        """True while a supervisor lives on this home."""
        return is_held(self.lock_path)

    @property
    def holder(self) -> LockHolder | None:
        """The last supervisor that took this home, alive or not."""
        return last_holder(self.lock_path)

    @property
    def run_dir(self) -> Path:
        """Where the sockets are: as the last supervisor recorded it, else where the next one would put them."""
        holder = self.holder
        return Path(holder.run_dir) if holder else run_dir_of(self.root)

    def create_run_dir(self) -> Path:
        """Make the socket folder for a supervisor started now. Raises EnvironmentRefused."""
        return create_run_dir(self.root)

    def _refuse_scant_room(self) -> None:
        free_mb = shutil.disk_usage(self.root).free / 2**20
        if free_mb < LEAST_FREE_MB:
            raise EnvironmentRefused(
                f"only {free_mb:.1f} MB are free on the disk of the home folder {self.root}, and a supervisor needs "
                f"{LEAST_FREE_MB} to begin; free space, or choose another folder with --home"
            )

    def _prove_writable(self) -> None:
        probe = self.cache / f".probe-{os.getpid()}"
        try:
            probe.write_bytes(bytes(_PROBE_BYTES))
        finally:
            probe.unlink(missing_ok=True)
