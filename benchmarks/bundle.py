"""Secrets in a bundle: plants some everywhere in a home, makes a bundle of it, and looks for them in every form.

    python benchmarks/bundle.py [--secrets 300] [--rounds 5]

The search decompresses the bundle and knows nothing of how it was made. `leaked` must be 0, `took` at most 5 s.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from planting import leaks, plant

from qtcore.bundle.making import make_bundle
from qtcore.doctor.check import Patient
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind


def once(count: int, seed: int) -> tuple[float, int, int, int]:
    """Seconds, bytes, secrets removed and leaks of one bundle."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "var")
        home.create()
        with Journal.open(home) as journal:
            for number in range(count):
                journal.append(EventKind.NOTE, f"event {number}")
        config = Path(folder) / "plugins.yaml"
        garden = plant(home.root, config, count, seed)
        made = make_bundle(Patient(home, config, garden.environment), Path(folder) / "bundle.zip")
        found = leaks(Path(made.file), garden.secrets)
        for leak in found[:5]:
            print("LEAKED", leak)
        return made.took_s, made.bytes, made.removed, len(found)


def main() -> None:
    """Print one row for each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--secrets", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.secrets} secrets")
    for seed in range(options.rounds):
        took_s, size, removed, leaked = once(options.secrets, seed)
        print(f"took {took_s:.2f} s  {size / 1024:.0f} KB  {removed} removed  {leaked} leaked", flush=True)


if __name__ == "__main__":
    main()
