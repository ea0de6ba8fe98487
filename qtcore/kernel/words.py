"""The closed sets the kernel speaks in."""

from __future__ import annotations

from enum import StrEnum


class Lifecycle(StrEnum):
    """Where a plugin is in its life."""

    DISABLED = "disabled"
    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    HEALING = "healing"
    BACKOFF = "backoff"
    QUARANTINED = "quarantined"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Autonomy(StrEnum):
    """How much a plugin may do on its own, least first; an `off` one is not started."""

    OFF = "off"
    OBSERVE = "observe"
    ADVISORY = "advisory"
    ENFORCED = "enforced"

    @property
    def acts(self) -> bool:
        """It may change the world it works on; otherwise it says what it `would_have` done."""
        return self is Autonomy.ENFORCED

    @property
    def advises(self) -> bool:
        """It may publish what others are to follow."""
        return self in {Autonomy.ADVISORY, Autonomy.ENFORCED}


class Cause(StrEnum):
    """Why a generation ended or was ended."""

    RAISED = "raised"
    RETURNED = "returned"
    EXIT_CODE = "exit_code"
    SIGNAL = "signal"
    OUT_OF_MEMORY = "out_of_memory"
    HUNG = "hung"
    IDLE = "idle"
    UNREADY = "unready"
    UNHEALTHY = "unhealthy"
    DEPENDENCY = "dependency"
    COLLATERAL = "collateral"
    FENCED = "fenced"
    NOT_READY = "not_ready"
    NEEDS_OPERATOR = "needs_operator"
    DEFECT = "defect"
    OPERATOR = "operator"
    CONFIGURATION = "configuration"


class HostState(StrEnum):
    """Where a host process is in its life."""

    ABSENT = "absent"
    SPAWNING = "spawning"
    UP = "up"
    KILLING = "killing"
    STOPPING = "stopping"
