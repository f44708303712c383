"""VGG-19 up to relu2_1, from a weights file that the user names. Nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analogon.errors import InputError

#: Convolutions up to relu2_1 by their index in the usual ``features`` list: (index, in, out).
LAYERS = ((0, 3, 64), (2, 64, 64), (5, 64, 128))
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGG19(nn.Module):
    """Feature maps relu1_1 (B, 64, H, W) and relu2_1 (B, 128, H // 2, W // 2) of an ImageNet-normalised picture.

    Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015.

    Args:
        file: safetensors file with the tensors ``features.N.weight`` and ``features.N.bias`` for N = 0, 2, 5 (the
            key names of the common releases; more tensors do not matter).

    Raises:
        InputError: the file is missing, is not safetensors, or lacks a tensor of the right shape.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for _, i, o in LAYERS)
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("std", torch.tensor(STD)[:, None, None])
        self._read(file)
        self.requires_grad_(False)

    def _read(self, file: Path) -> None:
        from safetensors import SafetensorError, safe_open

        if not file.is_file():
            raise InputError(
                f"VGG-19 weights '{file}' do not exist; name a safetensors file with 'features.0.weight' …."
            )
        try:
            with safe_open(str(file), "pt") as stored:
                for conv, (n, _, _) in zip(self.convs, LAYERS, strict=True):
                    for part in ("weight", "bias"):
                        getattr(conv, part).data.copy_(stored.get_tensor(f"features.{n}.{part}"))
        except (SafetensorError, RuntimeError, OSError) as problem:
            raise InputError(
                f"VGG-19 weights '{file}' cannot be used ({problem}); a safetensors file with the tensors "
                "'features.0|2|5.weight|bias' is needed."
            ) from problem

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) in [0, 1] to the two maps."""
        x = (image - self.mean) / self.std
        relu1_1 = F.relu(self.convs[0](x))
        x = F.relu(self.convs[1](relu1_1))
        return [relu1_1, F.relu(self.convs[2](F.max_pool2d(x, 2)))]
