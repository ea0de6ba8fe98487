"""Hosts that stand back on a kernel that shares processors out by session, as it does for people without privileges."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qtcore.hosts import linux

MANY = 6
NOBODY = 65534
CROWD = """
import ctypes, os, sys, time
from qtcore.hosts import linux

def stands_back():
    os.setsid()
    if os.getuid() == 0:
        os.setresuid({nobody}, {nobody}, {nobody})
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # /proc/self belongs to its user again
    linux.stand_back(5)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if linux.AUTOGROUP.read_text().split()[-1] == "5":
            return 0
        time.sleep(0.02)
    return 1

children = []
for _ in range({many}):
    child = os.fork()
    if child == 0:
        code = 2
        try:
            code = stands_back()
        finally:
            os._exit(code)
    children.append(child)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


@pytest.mark.skipif(not linux.AUTOGROUP.exists(), reason="this kernel shares processors out without sessions")
def test_hosts_of_an_unprivileged_user_that_start_together_all_stand_back() -> None:
    """The kernel takes one such wish in a tenth of a second; nobody fails for that, and everybody's turn comes."""
    code = CROWD.format(nobody=NOBODY, many=MANY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
