"""N-HiTS, small, as a classifier.

Challu et al. 2022, "N-HiTS: neural hierarchical interpolation for time series forecasting", arXiv:2201.12886:
blocks that look at the window at their own rate (max pooling), answer with a few coefficients that are interpolated to
full length, and hand on only what they could not explain (doubly residual stacking). Their forecasts add up. Here what
is forecast is not a price but, for each class, the evidence at each of the steps ahead; a linear layer reads it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 3


class Block(nn.Module):
    """One rate: pooled window -> coefficients -> backcast of the window and forecast of the evidence."""

    def __init__(self, channels: int, length: int, *, horizon: int, rate: int, width: int) -> None:
        super().__init__()
        self.channels, self.length, self.horizon = channels, length, horizon
        self.pool = nn.MaxPool1d(rate, rate, ceil_mode=True)
        self.seen, self.ahead = -(-length // rate), -(-horizon // rate)
        self.layers = nn.Sequential(
            nn.Linear(channels * self.seen, width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, width), nn.ReLU()
        )
        self.coefficients = nn.Linear(width, channels * self.seen + CLASSES * self.ahead)

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """[n, channels, length] -> backcast of the same shape, forecast [n, classes, horizon]."""
        found = self.coefficients(self.layers(self.pool(window).flatten(1)))
        cut = self.channels * self.seen
        back = found[:, :cut].reshape(-1, self.channels, self.seen)
        ahead = found[:, cut:].reshape(-1, CLASSES, self.ahead)
        return _stretched(back, self.length), _stretched(ahead, self.horizon)


class NHiTSNet(nn.Module):
    """Blocks from the slowest rate to the quickest."""

    def __init__(self, channels: int, length: int, *, horizon: int, rates: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(channels, length, horizon=horizon, rate=rate, width=width) for rate in rates)
        self.head = nn.Linear(CLASSES * horizon, CLASSES)

    def forward(self, windows: Tensor) -> Tensor:
        """[n, length, channels] -> logits [n, classes]."""
        left = windows.transpose(1, 2)
        evidence: list[Tensor] = []
        for block in self.blocks:
            back, ahead = block(left)
            left = left - back
            evidence.append(ahead)
        logits: Tensor = self.head(torch.stack(evidence).sum(0).flatten(1))
        return logits


def _stretched(coefficients: Tensor, length: int) -> Tensor:
    if coefficients.shape[-1] == 1:
        return coefficients.expand(-1, -1, length)
    return functional.interpolate(coefficients, size=length, mode="linear", align_corners=True)
