"""Teaching a net: repeatable, weighted, stopped when what was held back no longer gets better."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from plugins.learning.rows import Floats, Floats32, Ints

BATCH = 128
CHUNK = 2048
"""Windows predicted at once: bounds memory."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Windows [n, length, channels] with labels and weights."""

    windows: Floats32
    labels: Ints
    weights: Floats


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how fast to learn."""

    passes: int = 8
    patience: int = 2
    rate: float = 1e-3
    decay: float = 1e-2


@dataclass(frozen=True, slots=True)
class Learned:
    """How it went: passes until the best one, and the log loss held back then."""

    passes: int
    log_loss: float


def device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def repeatable(seed: int, threads: int) -> Iterator[None]:
    """The same numbers each time: own random state, fixed threads, deterministic kernels; put back afterwards."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what CUDA needs for repeatable products
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


def teach(
    net: nn.Module, lessons: Lessons, held: Lessons, course: Course, progress: Callable[[float], None]
) -> Learned:
    """Learn in place; the net ends with the weights of its best pass. Call within `repeatable`."""
    where = device()
    net.to(where)
    optimiser = torch.optim.AdamW(net.parameters(), lr=course.rate, weight_decay=course.decay)
    best, best_state, best_pass = float("inf"), _state(net), 0
    for number in range(1, course.passes + 1):
        _one_pass(net, lessons, optimiser, where)
        loss = _log_loss(net, held, where)
        progress(number / course.passes)
        if loss < best:
            best, best_state, best_pass = loss, _state(net), number
        elif number - best_pass >= course.patience:
            break
    net.load_state_dict(best_state)
    net.to("cpu").eval()
    return Learned(best_pass, best)


def probabilities(net: nn.Module, windows: Floats32, where: torch.device) -> Floats:
    """[n, length, channels] -> [n, classes], the softmax taken in double precision."""
    net.eval()
    parts = []
    with torch.inference_mode():
        for first in range(0, len(windows), CHUNK):
            chunk = torch.from_numpy(np.ascontiguousarray(windows[first : first + CHUNK])).to(where)
            parts.append(torch.softmax(net(chunk).double(), dim=-1).cpu().numpy())
    return np.concatenate(parts)


def _one_pass(net: nn.Module, lessons: Lessons, optimiser: torch.optim.Optimizer, where: torch.device) -> None:
    net.train()
    order = torch.randperm(len(lessons.labels)).numpy()
    for first in range(0, len(order), BATCH):
        which = order[first : first + BATCH]
        if len(which) < 2:
            continue
        windows = torch.from_numpy(lessons.windows[which]).to(where)
        labels = torch.from_numpy(lessons.labels[which]).to(where)
        weights = torch.from_numpy(lessons.weights[which].astype(np.float32)).to(where)
        loss = (functional.cross_entropy(net(windows), labels, reduction="none") * weights).mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()


def _log_loss(net: nn.Module, held: Lessons, where: torch.device) -> float:
    said = probabilities(net, held.windows, where)[np.arange(len(held.labels)), held.labels]
    return float(np.average(-np.log(np.clip(said, 1e-12, 1.0)), weights=held.weights))


def _state(net: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in net.state_dict().items()}
