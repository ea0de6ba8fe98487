"""How much each decision counts in a fit, and which are held back from it."""

from __future__ import annotations

import numpy as np

from plugins.learning.classes import Direction
from plugins.learning.members.protocol import Labelled, Untrainable
from plugins.learning.rows import Floats, Ints

HELD_BACK = 0.15
"""The last part of the decisions, by time, on which a fit sees that it should stop."""

FEWEST = 200
"""Decisions below which nothing can be learned."""


def class_weights(labels: Ints, weights: Floats) -> Floats:
    """Each decision's weight over the root of its class's share, so that a rare class is heard; their mean is one.

    The root, because full balance would teach that all classes are equally likely; calibration undoes the rest.
    """
    shares = np.bincount(labels, minlength=len(Direction)) / max(len(labels), 1)
    scaled = weights / np.sqrt(shares[labels])
    return np.asarray(scaled / scaled.mean(), dtype=np.float64)


def enough(samples: Labelled) -> None:
    """Raises Untrainable when there are too few to learn anything from."""
    if len(samples) < FEWEST:
        raise Untrainable(f"{len(samples)} decisions are too few to learn from; {FEWEST} is the least")


def divided(samples: Labelled) -> tuple[Labelled, Labelled]:
    """What is learned from and what is held back; what was not known when that began is in neither.

    Raises Untrainable when either says nothing.
    """
    enough(samples)
    order = np.argsort(samples.decided_ms, kind="stable")
    cut = int(len(order) * (1 - HELD_BACK))
    head, tail = order[:cut], order[cut:]
    learn = samples.take(head[samples.known_ms[head] < samples.decided_ms[tail[0]]])
    missing = [each.name.lower() for each in Direction if not np.any(learn.labels == each)]
    if missing:
        raise Untrainable(f"nothing that was learned from ends {' or '.join(missing)}; a class cannot be left out")
    return learn, samples.take(tail)
