"""PatchTST, small, as a classifier.

Nie et al. 2023, "A time series is worth 64 words", arXiv:2211.14730: each channel is normalised by its own window, cut
into patches and read by one transformer encoder that all channels share; a linear head reads what came of
all of them. Two departures: layer normalisation instead of batch normalisation, so that a prediction never depends on
the batch it was made in; and the window's mean and spread, which its normalisation takes away, are told to the head.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

CLASSES = 3
SMALLEST_SPREAD = 1e-3


class PatchTSTNet(nn.Module):
    """Patches of `patch` rows every `stride` rows, `layers` encoder layers of `width`."""

    def __init__(
        self, channels: int, length: int, *, patch: int, stride: int, width: int, heads: int, layers: int
    ) -> None:
        super().__init__()
        self.patch, self.stride = patch, stride
        patches = (length - patch) // stride + 2  # the end is padded by one stride, as in the paper
        self.embed = nn.Linear(patch, width)
        self.position = nn.Parameter(torch.zeros(patches, width))
        nn.init.normal_(self.position, std=0.02)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(channels * (patches * width + 2), CLASSES))

    def forward(self, windows: Tensor) -> Tensor:
        """[n, length, channels] -> logits [n, classes]."""
        series = windows.transpose(1, 2)
        mean = series.mean(-1, keepdim=True)
        spread = series.std(-1, unbiased=False, keepdim=True).clamp_min(SMALLEST_SPREAD)
        series = (series - mean) / spread
        padded = torch.cat([series, series[..., -1:].expand(-1, -1, self.stride)], dim=-1)
        patches = padded.unfold(-1, self.patch, self.stride)
        count, channels = patches.shape[:2]
        tokens = self.embed(patches.flatten(0, 1)) + self.position
        read = self.encoder(tokens).reshape(count, channels, -1)
        logits: Tensor = self.head(torch.cat([read, mean, spread], dim=-1).flatten(1))
        return logits
