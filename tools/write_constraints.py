"""Writes constraints.txt: the versions, in this environment, of all that `.[trading,learning,deep,dev]` needs."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Versions that are known to work together. Written by tools/write_constraints.py; do not edit.\n"


def closure(name: str, extras: frozenset[str], seen: dict[str, str], asked: set[tuple[str, str]]) -> None:
    """Collect the installed versions of a distribution's requirements, recursively."""
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in (extras or {""})
        )
        key = canonicalize_name(requirement.name)
        for extra in requirement.extras or {""}:
            if not wanted or (key, extra) in asked:
                continue
            asked.add((key, extra))
            try:
                # A local label (+cpu) names a build that only one index has; the version is what matters.
                seen[key] = distribution(key).version.partition("+")[0]
            except PackageNotFoundError:
                sys.exit(f"{requirement} is needed by {name} but not installed here; install it and run this again")
            closure(key, frozenset(requirement.extras), seen, asked)


def main() -> None:
    """Write the file."""
    seen: dict[str, str] = {}
    closure("qtcore", frozenset({"trading", "learning", "deep", "dev"}), seen, set())
    lines = [f"{name}=={version}\n" for name, version in sorted(seen.items())]
    (ROOT / "constraints.txt").write_text(HEADER + "".join(lines))
    print(f"{len(lines)} distributions")


if __name__ == "__main__":
    main()
