"""Posture claims: who has spoken, what the supervisor itself demands, and when the hosts must hear again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qtcore.health.model import Status
from qtcore.kernel import hosts
from qtcore.kernel.commands import SetPosture
from qtcore.kernel.events import ClaimMade, SupervisorStarted
from qtcore.kernel.posture import CLAIM_LIFE_S, PostureClaim, resolve
from qtcore.kernel.state import PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Lifecycle

RENEW_S = 1.0
"""How often the posture is said again; hosts believe it for `CLAIM_LIFE_S`."""

BAD_STARTS = 3
"""So many supervisor starts that ended badly within the boot-loop window make the next one cautious."""

CAUTIOUS_S = 300.0
"""How long a cautious supervisor must live before it trusts itself again."""

SELF = "supervisor"
_BAD = frozenset({Status.FAILED, Status.CRITICAL})


def begin(turn: Turn, event: SupervisorStarted) -> None:
    """The supervisor has come up; after a boot loop it is cautious for a while."""
    if turn.whole.started_s is not None:
        turn.unfit("the supervisor said a second time that it has started")
        return
    cautious = event.recent_bad_starts >= BAD_STARTS
    turn.whole = replace(
        turn.whole,
        started_s=turn.now_s,
        cautious_until_s=turn.now_s + CAUTIOUS_S if cautious else None,
    )


def note(turn: Turn, event: ClaimMade) -> None:
    """Remember a source's latest claim; what is not on the scale counts as the cautious level."""
    claim = event.claim
    scale = turn.plan.posture
    if claim.source == SELF:
        turn.unfit("a claim in the supervisor's name did not come from the supervisor")
        return
    if claim.level not in scale.levels:
        turn.unfit(f"{claim.source} claims {claim.level!r}, which is not on the scale {list(scale.levels)}")
        reason = f"claimed {claim.level!r}, which is not on the scale: {claim.reason}"
        claim = claim.model_copy(update={"level": scale.when_unknown, "reason": reason})
    if claim.source in scale.required or claim.source in turn.plan.plugins:
        # A long claim of "all is well" would outlive the one who made it.
        longest = min(claim.expires_s, turn.now_s + CLAIM_LIFE_S)
        claim = claim.model_copy(update={"expires_s": longest})
    turn.whole = replace(turn.whole, claims={**turn.whole.claims, claim.source: claim})


def settle(turn: Turn) -> None:
    """Work out the posture; say it when it changed and again before hosts stop believing it."""
    _forget_expired(turn)
    claims = [*turn.whole.claims.values(), *_own(turn)]
    posture = resolve(turn.plan.posture, claims, turn.now_s)
    before = turn.whole.posture
    changed = before is None or before.meaning != posture.meaning
    renew_at_s = turn.whole.renew_at_s
    if not changed and (renew_at_s is None or turn.now_s < renew_at_s):
        return
    renewed_s = turn.now_s + RENEW_S if len(turn.plan.posture.levels) > 1 else None
    turn.whole = replace(turn.whole, posture=posture, renew_at_s=renewed_s)
    turn.wish(SetPosture(posture.level, posture.reasons, changed))


def _forget_expired(turn: Turn) -> None:
    """Required sources stay remembered: since when they are silent is news."""
    required = turn.plan.posture.required
    kept = {
        source: claim
        for source, claim in turn.whole.claims.items()
        if claim.expires_s > turn.now_s or source in required
    }
    if len(kept) < len(turn.whole.claims):
        turn.whole = replace(turn.whole, claims=kept)


def _own(turn: Turn) -> Iterator[PostureClaim]:
    until_s = turn.whole.cautious_until_s
    if until_s is not None and turn.now_s >= until_s:
        turn.whole = replace(turn.whole, cautious_until_s=None)
    elif until_s is not None:
        reason = "it has crash-looped and does not trust itself yet"
        yield _claim(turn, turn.plan.posture.when_unknown, reason)
    level = turn.plan.vital_posture
    if level is not None:
        for name, plan in turn.plan.plugins.items():
            trouble = _trouble(turn, turn.plugins[name]) if plan.vital else None
            if trouble is not None:
                yield _claim(turn, level, trouble)


def _claim(turn: Turn, level: str, reason: str) -> PostureClaim:
    return PostureClaim(source=SELF, level=level, reason=reason, expires_s=turn.now_s + CLAIM_LIFE_S)


def _trouble(turn: Turn, plugin: PluginState) -> str | None:
    """Why a vital plugin cannot be relied on, from the first sign on."""
    if plugin.lifecycle is not Lifecycle.RUNNING:
        return f"{plugin.name} (vital) is {plugin.lifecycle}"
    if plugin.status in _BAD:
        return f"{plugin.name} (vital) is {plugin.status}"
    suspicion = hosts.suspicion(turn, plugin)
    return None if suspicion is None else f"{plugin.name} (vital) lives in a suspected host: {suspicion}"
