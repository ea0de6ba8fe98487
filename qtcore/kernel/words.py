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
