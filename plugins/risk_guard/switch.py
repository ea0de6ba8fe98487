"""The kill switch as the guard holds it: the file in the home, the latch that remembers it, the fence after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from plugins.domain import Account
from plugins.risk_guard.fence import Fence
from plugins.risk_guard.latch import GUARD, Latch, Pull, after_release, decide, latching
from plugins.risk_guard.limits import Baselines, Breach
from plugins.store.kill_switch import OFF, KillSwitch, read_kill_switch, write_kill_switch
from qtcore.errors import EnvironmentRefused

PROOF_NAME = "kill-proof.json"


@dataclass(slots=True)
class Switch:
    """The switch of one home. Reading it costs microseconds, so it is read anew at each look."""

    home: Path
    latch: Latch | None = None
    fence: Fence | None = None
    file: KillSwitch = OFF

    def reason(self) -> str | None:
        """Why entries are stopped, None when the switch lets them pass."""
        self.file = read_kill_switch(self.home)
        if self.file.on:
            return f"kill switch: {self.file.why} ({self.file.who})"
        if self.latch is not None and not self.latch.written:
            return f"kill switch (its file cannot be written): {self.latch.why}"
        return None

    def settle(self, broken: Sequence[Breach], now: datetime) -> Pull:
        """Do what file, memory and broken limits ask for; says what that was."""
        pull = decide(self.latch, self.file, broken)
        match pull:
            case Pull.LATCH if (breach := latching(broken)) is not None:
                self._write(Latch(breach.limit, GUARD, now, breach.sentence), now)
            case Pull.RESTORE if self.latch is not None:
                self._write(self.latch, now)
            case Pull.RELEASE:
                self.fence = None
            case _:
                pass
        if self.file.on:
            self._hold(now)
        return pull

    def released(self, baselines: Baselines | None, account: Account | None) -> Baselines | None:
        """Let the latch go, after RELEASE; returns what losses are measured against from now on."""
        latch, self.latch = self.latch, None
        return after_release(baselines, latch, account) if latch is not None else baselines

    def keep(self, before: Fence, after: Fence) -> None:
        """Take a step of the fence, unless another kill has begun another fence meanwhile."""
        if self.fence is before:
            self.fence = after

    def _write(self, latch: Latch, now: datetime) -> None:
        try:
            self.file = write_kill_switch(self.home, on=True, who=latch.who, when=now, why=latch.why)
            self.latch = replace(latch, written=True)
        except EnvironmentRefused:
            self.latch = replace(latch, written=False)  # the claim holds meanwhile, and each look tries again

    def _hold(self, now: datetime) -> None:
        when = self.file.when or now
        if self.latch is None:
            self.latch = Latch("", self.file.who, when, self.file.why)
        if self.fence is None:
            self.fence = Fence(when)


def keep_proof(home: Path, fence: Fence) -> None:
    """Keep the proof beside the switch. Raises OSError."""
    (home / PROOF_NAME).write_text(json.dumps(fence.told(), indent=1), encoding="utf-8")
    (home / PROOF_NAME).chmod(0o600)


def proof_of(home: Path, switch: KillSwitch) -> dict[str, Any] | str:
    """The proof of this very kill; a sentence while there is none."""
    proof: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        proof = json.loads((home / PROOF_NAME).read_text(encoding="utf-8"))
    if switch.on and switch.when is not None and proof.get("killed_at") == switch.when.isoformat():
        return proof
    return "not proven yet; it takes a running risk_guard and exchange, and about three seconds" if switch.on else ""
