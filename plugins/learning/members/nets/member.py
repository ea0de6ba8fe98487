"""Nets as members: which features they see, on which scale, and how they are kept."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from plugins.domain import MemberName
from plugins.learning.classes import Direction
from plugins.learning.members.nets.channels import WINDOW, channels_of
from plugins.learning.members.nets.n_hits import NHiTSNet
from plugins.learning.members.nets.patchtst import PatchTSTNet
from plugins.learning.members.nets.scaling import Scale
from plugins.learning.members.nets.training import Course, Lessons, device, probabilities, repeatable, teach
from plugins.learning.members.protocol import FitReport, Labelled, Progress, Unloadable, Untrainable
from plugins.learning.members.weighing import FEWEST, class_weights, divided
from plugins.learning.rows import Flags, Floats, Floats32, Ints, Rows

WEIGHTS, SHAPE = "weights.safetensors", "net.json"
MOST_LESSONS, MOST_HELD = 12_000, 4_000
"""Windows that one fit looks at; more are thinned out evenly at random, which bounds its time on two cores."""
AT_ONCE = 2_000
"""Windows cut out at once: all features of a window come along before the channels are picked."""


class Shape(BaseModel):
    """What must fit together: how far back it looks, and at which of how many columns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    member: MemberName
    length: int
    features: int
    columns: tuple[int, ...]


class NetMember(ABC):
    """A net on windows of a few features; a window with anything missing is not judged."""

    name: ClassVar[MemberName]
    length: ClassVar[int] = WINDOW

    @staticmethod
    @abstractmethod
    def build(channels: int, length: int) -> nn.Module:
        """The untrained net."""

    def __init__(self) -> None:
        self._net: nn.Module | None = None
        self._shape: Shape | None = None
        self._scale: Scale | None = None
        self._threads = 1

    def fit(self, samples: Labelled, *, seed: int, threads: int, progress: Progress) -> FitReport:
        """See Member."""
        began = time.monotonic()
        columns = channels_of(samples.schema)
        learn, held = divided(samples)
        scale = Scale.of(learn.values[:, columns])
        lessons = _lessons(learn, MOST_LESSONS, columns, scale, seed)
        judged = _lessons(held, MOST_HELD, columns, scale, seed)
        with repeatable(seed, threads):
            net = type(self).build(len(columns), WINDOW)
            learned = teach(net, lessons, judged, Course(), progress)
        width = len(samples.schema.features)
        self._shape = Shape(member=self.name, length=WINDOW, features=width, columns=tuple(columns.tolist()))
        self._net, self._scale, self._threads = net, scale, threads
        sizes = len(lessons.labels), len(judged.labels)
        return FitReport(*sizes, learned.passes, learned.log_loss, time.monotonic() - began)

    def predict(self, rows: Rows) -> Floats:
        """See Member."""
        net, shape, scale = self._all()
        if len(rows.schema.features) != shape.features:
            raise ValueError(f"{self.name} was trained on {shape.features} features, not {len(rows.schema.features)}")
        said = np.full((len(rows), len(Direction)), np.nan)
        windows = rows.sequences(shape.length)[:, :, list(shape.columns)]
        whole = _whole(windows)
        if whole.any():
            torch.set_num_threads(self._threads)
            said[whole] = probabilities(net, scale.apply(windows[whole]), next(net.parameters()).device)
        return said

    def save(self, folder: Path) -> None:
        """See Member."""
        net, shape, scale = self._all()
        tensors = {f"net.{name}": tensor.contiguous() for name, tensor in net.state_dict().items()}
        tensors |= {"centre": torch.from_numpy(scale.centre), "spread": torch.from_numpy(scale.spread)}
        save_file(tensors, folder / WEIGHTS)
        (folder / SHAPE).write_text(shape.model_dump_json(indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> Self:
        """See Member."""
        try:
            shape = Shape.model_validate_json((folder / SHAPE).read_bytes())
            tensors = load_file(folder / WEIGHTS)
            scale = Scale(tensors.pop("centre").numpy(), tensors.pop("spread").numpy())
            net = cls.build(len(shape.columns), shape.length)
            net.load_state_dict({name.removeprefix("net."): tensor for name, tensor in tensors.items()})
        except (ValidationError, SafetensorError, RuntimeError, KeyError, OSError) as error:
            raise Unloadable(f"{folder} holds no {cls.name} net: {str(error).splitlines()[0]}") from error
        if shape.member is not cls.name:
            raise Unloadable(f"{folder} holds a {shape.member} net, not {cls.name}")
        member = cls()
        member._net, member._shape, member._scale = net.to(device()).eval(), shape, scale
        member._threads = threads
        return member

    def _all(self) -> tuple[nn.Module, Shape, Scale]:
        assert self._net is not None, "neither fitted nor loaded"  # noqa: S101
        assert self._shape is not None  # noqa: S101
        assert self._scale is not None  # noqa: S101
        return self._net, self._shape, self._scale


class NHiTS(NetMember):
    """Interpolated evidence at three rates."""

    name = MemberName.N_HITS

    @staticmethod
    def build(channels: int, length: int) -> nn.Module:
        """See NetMember."""
        return NHiTSNet(channels, length, horizon=16, rates=(16, 4, 1), width=64)


class PatchTST(NetMember):
    """A transformer over patches, one channel at a time."""

    name = MemberName.PATCHTST

    @staticmethod
    def build(channels: int, length: int) -> nn.Module:
        """See NetMember."""
        return PatchTSTNet(channels, length, patch=16, stride=16, width=32, heads=4, layers=2)


def _lessons(samples: Labelled, most: int, columns: Ints, scale: Scale, seed: int) -> Lessons:
    """At most so many whole windows, thinned out at random. Raises Untrainable when there are next to none."""
    chosen = samples
    if len(samples) > most:
        chosen = samples.take(np.sort(np.random.default_rng(seed).choice(len(samples), most, replace=False)))
    windows = np.concatenate(
        [
            chosen.take(np.arange(first, min(first + AT_ONCE, len(chosen)))).sequences(WINDOW)[:, :, columns]
            for first in range(0, len(chosen), AT_ONCE)
        ]
    )
    whole = np.flatnonzero(_whole(windows))
    if len(whole) < FEWEST // 10:
        raise Untrainable(f"only {len(whole)} of {len(chosen)} decisions have {WINDOW} whole rows before them")
    labels = chosen.labels[whole]
    return Lessons(scale.apply(windows[whole]), labels, class_weights(labels, chosen.weights[whole]))


def _whole(windows: Floats32) -> Flags:
    """Which windows miss nothing."""
    return np.asarray(np.isfinite(windows).all(axis=(1, 2)))
