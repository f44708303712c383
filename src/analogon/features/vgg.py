"""VGG-19 up to relu5_1, from a weights file that the user names. Nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analogon.errors import InputError

#: Convolutions of each block, up to relu5_1, by their index in the usual ``features`` list: (index, in, out). The
#: picture is halved between blocks; a block's first convolution gives its feature map.
BLOCKS = (
    ((0, 3, 64), (2, 64, 64)),
    ((5, 64, 128), (7, 128, 128)),
    ((10, 128, 256), (12, 256, 256), (14, 256, 256), (16, 256, 256)),
    ((19, 256, 512), (21, 512, 512), (23, 512, 512), (25, 512, 512)),
    ((28, 512, 512),),
)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGG19(nn.Module):
    """Feature maps relu1_1 (B, 64, H, W), relu2_1 (B, 128, H // 2, W // 2), ... of an ImageNet-normalised picture.

    With five levels also relu3_1, relu4_1 and relu5_1 with 256, 512 and 512 channels. Source: Simonyan and Zisserman,
    "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015.

    Args:
        file: safetensors file with the tensors ``features.N.weight`` and ``features.N.bias``, N = 0, 2, 5 for two
            levels and up to 28 for five (the key names of the common releases; more tensors do not matter).
        levels: how many maps, 1 to 5.

    Raises:
        InputError: the file is missing, is not safetensors, or lacks a tensor of the right shape.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, file: Path, levels: int = 2) -> None:
        super().__init__()
        # of the last block the first convolution is enough
        used = [*BLOCKS[: levels - 1], BLOCKS[levels - 1][:1]]
        self.blocks = [[nn.Conv2d(i, o, 3, padding=1) for _, i, o in block] for block in used]
        convs = [conv for block in self.blocks for conv in block]
        self.convs = nn.ModuleList(convs)
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("std", torch.tensor(STD)[:, None, None])
        self._read(file, [n for block in used for n, _, _ in block], convs)
        self.requires_grad_(False)

    def _read(self, file: Path, numbers: list[int], convs: list[nn.Conv2d]) -> None:
        from safetensors import SafetensorError, safe_open

        if not file.is_file():
            raise InputError(
                f"VGG-19 weights '{file}' do not exist; name a safetensors file with 'features.0.weight' …."
            )
        try:
            with safe_open(str(file), "pt") as stored:
                for conv, n in zip(convs, numbers, strict=True):
                    for part in ("weight", "bias"):
                        own, tensor = getattr(conv, part).data, stored.get_tensor(f"features.{n}.{part}")
                        if tensor.shape != own.shape:  # copying would stretch one that is smaller
                            raise RuntimeError(f"'features.{n}.{part}' has another shape")
                        own.copy_(tensor)
        except (SafetensorError, RuntimeError, OSError) as problem:
            raise InputError(
                f"VGG-19 weights '{file}' cannot be used ({problem}); a safetensors file with the tensors "
                f"'features.{'|'.join(map(str, numbers))}.weight|bias' is needed."
            ) from problem

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) in [0, 1] to the maps, fine to coarse."""
        x, maps = (image - self.mean) / self.std, []
        for n, block in enumerate(self.blocks):
            if n:
                x = F.max_pool2d(x, 2)
            for k, conv in enumerate(block):
                x = F.relu(conv(x))
                if k == 0:
                    maps.append(x)
        return maps
