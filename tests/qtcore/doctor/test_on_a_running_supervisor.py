"""`qt doctor --fix` on a real supervisor: a plugin's own remedy is carried out, proven and journalled."""

from __future__ import annotations

import json

import pytest

from tests.qtcore.supervisor.conftest import Start, start

__all__ = ["start"]
pytestmark = pytest.mark.slow

TOY = '''
"""Works while there is no dust on it."""
from pathlib import Path
from qtcore import Check, Context, Fine, FindingKind, Health, Patient, Plugin, Remedy, Seen, Severity, Trouble
from qtcore import action, hookimpl

DUST = Path("dust.txt")
DUSTY = FindingKind(
    code="QT-TOY-DUSTY", title="dusty", severity=Severity.MEDIUM, cause="time", consequence="it squeaks",
    fix="wipe it", verify="qt status",
    remedies=(Remedy.safe("call toy.wipe", "wipes it"), Remedy.manual("look at it", "shows the dust")),
)


def look(patient: Patient) -> Trouble | Fine:
    dusty = patient.config.with_name("dust.txt").exists()
    return Trouble.of([Seen(DUSTY.code, "dust was seen", "outside")] if dusty else [], "no dust")


class Toy(Plugin):
    cadence_s = 0.3

    @hookimpl
    async def start(self, ctx: Context) -> None:
        ctx.ready()
        await ctx.serve()

    @staticmethod
    @hookimpl
    def findings():
        return (DUSTY,)

    @staticmethod
    @hookimpl
    def checks():
        return (Check("dust", look),)

    @hookimpl
    async def health(self, ctx: Context) -> Health:
        if DUST.exists():
            return Health.degraded("dusty", DUSTY.found("there is dust"))
        return Health.healthy("clean")

    @action(effect=True)
    async def wipe(self, ctx: Context) -> str:
        DUST.unlink(missing_ok=True)
        return "wiped"
'''


def test_a_plugins_own_remedy_is_carried_out_proven_and_journalled(start: Start) -> None:
    """Both the plugin's state and the check that it offers confirm it; what only a person can do is left."""
    live = start("version: 1\nplugins:\n  toy: {use: toy}\n", files={"toy.py": TOY})
    live.until_running("toy", within_s=60)
    (live.folder / "dust.txt").touch()
    live.until(lambda: live.state("toy").get("findings"), "the finding is open", within_s=60)
    before = json.loads(live.qt("doctor", "--json", within_s=60).stdout)
    seen = {check["name"]: check for check in before["checks"]}
    assert seen["plugin.toy"]["findings"][0]["code"] == "QT-TOY-DUSTY"
    assert seen["toy.dust"]["findings"][0]["cause"] == "time"  # from what the plugin declares
    receipt = json.loads(live.qt("doctor", "--fix", "--json", within_s=90).stdout)["receipt"]
    results = {(line["check"], line["act"], line["result"]) for line in receipt if line["code"] == "QT-TOY-DUSTY"}
    assert ("plugin.toy", "call toy.wipe", "fixed") in results
    assert not (live.folder / "dust.txt").exists()
    (told,) = [row["reason"] for row in live.journal("operator_command") if "toy.wipe" in row["reason"]]
    assert "doctor: call toy.wipe for QT-TOY-DUSTY: toy.wipe answered" in told
    again = json.loads(live.qt("doctor", "--fix", "--json", within_s=90).stdout)["receipt"]
    assert [line for line in again if line["code"] == "QT-TOY-DUSTY"] == []
    assert live.stop() == 0
