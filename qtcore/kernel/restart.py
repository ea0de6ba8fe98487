"""Whether and when something that ended is tried again: exact window, backoff under a true cap."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from hashlib import blake2b

from qtcore.kernel.specification import RestartPolicy
from qtcore.kernel.words import Cause

MAX_RETRY_AFTER_S = 86_400.0
"""The longest `retry_after_s` that is believed; a plugin's word is not trusted beyond a day."""

_MAX_DOUBLINGS = 60  # beyond this every sane base has long passed every sane cap


@dataclass(frozen=True, slots=True)
class Tries:
    """What the policy remembers about one plugin or host.

    `ends` are the times of the counted ends within the window, `attempt` the step of the backoff
    and `streak` the counted ends since health was last proven.
    """

    ends: tuple[float, ...] = ()
    attempt: int = 0
    streak: int = 0


NO_TRIES = Tries()


@dataclass(frozen=True, slots=True)
class Retry:
    """What the policy says about one end: when to try again, and whether the budget is spent."""

    tries: Tries
    delay_s: float
    over_budget: bool


def after_failure(
    policy: RestartPolicy,
    tries: Tries,
    *,
    cause: Cause,
    healthy_for_s: float | None,
    now_s: float,
    key: tuple[int, str],
) -> Retry:
    """Count one end and choose the delay; `healthy_for_s` is None when the run never was healthy.

    The retry is immediate after a run that proved itself for `stable_after_s`, and after any healthy run
    when it is the first end since health was last proven. The budget is spent by more than `max_restarts`
    ends in the window, or by as many in a row without proof of health once the backoff has reached its cap:
    a slow crash loop must not hide between the windows. `key` is (seed, name) for the jitter.
    """
    earlier = within(tries.ends, policy.window_s, now_s)
    proven = healthy_for_s is not None and healthy_for_s >= policy.stable_after_s
    first = not earlier and tries.attempt == 0 and tries.streak == 0
    immediate = proven or (healthy_for_s is not None and first)
    counted = Tries(
        ends=(*earlier, now_s),
        attempt=tries.attempt if immediate else tries.attempt + 1,
        streak=1 if proven else tries.streak + 1,
    )
    delay_s = 0.0 if immediate else backoff_s(policy, cause, counted.attempt, key)
    slow_loop = counted.streak > policy.max_restarts and _ceiling_s(policy, cause, counted.attempt) >= (
        _cap_s(policy, cause)
    )
    return Retry(counted, delay_s, len(counted.ends) > policy.max_restarts or slow_loop)


def after_not_ready(policy: RestartPolicy, tries: Tries, *, retry_after_s: float | None, key: tuple[int, str]) -> Retry:
    """Back off without counting: the plugin said that something outside is not there yet.

    A believable `retry_after_s` is used as it stands (a venue's ban is longer than our cap).
    """
    waited = replace(tries, attempt=tries.attempt + 1)
    hint = believable(retry_after_s)
    delay_s = backoff_s(policy, Cause.NOT_READY, waited.attempt, key) if hint is None else hint
    return Retry(waited, delay_s, over_budget=False)


def at_cap_s(policy: RestartPolicy, cause: Cause, attempt: int, key: tuple[int, str]) -> float:
    """The delay of something that is retried at the cap for ever; jittered like any other."""
    return jitter(key, attempt) * _cap_s(policy, cause)


def decayed(tries: Tries) -> Tries:
    """One step back for `stable_after_s` of proven health."""
    return replace(tries, attempt=max(0, tries.attempt - 1), streak=0)


def within(times: tuple[float, ...], window_s: float, now_s: float) -> tuple[float, ...]:
    """The times that lie in the half-open window `(now - window, now]`."""
    return tuple(time for time in times if now_s - time < window_s)


def backoff_s(policy: RestartPolicy, cause: Cause, attempt: int, key: tuple[int, str]) -> float:
    """Full jitter under a true cap: the share is taken after capping, so the cap is never exceeded."""
    return jitter(key, attempt) * _ceiling_s(policy, cause, attempt)


def jitter(key: tuple[int, str], attempt: int) -> float:
    """A number in [0, 1) that depends only on (seed, name, attempt), so that runs replay exactly."""
    digest = blake2b(f"{key[0]}:{key[1]}:{attempt}".encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48


def believable(retry_after_s: float | None) -> float | None:
    """The hint when it is a number of seconds that makes sense, cut to a day; else None."""
    if retry_after_s is None or not math.isfinite(retry_after_s) or retry_after_s < 0:
        return None
    return min(retry_after_s, MAX_RETRY_AFTER_S)


def _ceiling_s(policy: RestartPolicy, cause: Cause, attempt: int) -> float:
    doublings = min(max(0, attempt - 1), _MAX_DOUBLINGS)
    return min(_cap_s(policy, cause), policy.base_s * 2.0**doublings)


def _cap_s(policy: RestartPolicy, cause: Cause) -> float:
    return policy.cap_by_cause.get(cause, policy.cap_s)
