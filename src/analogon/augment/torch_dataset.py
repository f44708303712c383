"""Samples as a map-style data set of PyTorch; the one module of its room that needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from analogon.augment.pools import Remembered
from analogon.augment.values import Sample
from analogon.io import to_bytes


class SampleDataset(Dataset[dict[str, Any]]):
    """Samples as tensors, for a ``DataLoader`` with any number of workers.

    An item is a dictionary: ``image`` float32 (3, h, w) in [0, 1], ``mask`` int64 (h, w) with class ids, ``name``, and
    with ``instances`` int64 (h, w) the number of the object at each pixel, 0 for none. The same number gives the same
    item, whichever worker makes it and in whatever order, unless ``transform`` is random.

    Args:
        samples: :class:`~analogon.augment.pools.StoredSamples`, ``MadeSamples``, or any sequence.
        transform: called as Albumentations' are, with ``image`` uint8 (h, w, 3) and ``mask``, with ``instances`` with
            ``masks`` in its place, the labels and the instances; these are int32, or uint8 where all ids fit. It
            answers with a dictionary of the same names, of arrays or tensors.
        instances: whether items have them.
        cache: how many samples are kept in memory, in every worker; what the transform makes of them is not.

    Raises:
        OptionError: there are no samples, or ``cache`` is below 0.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        *,
        transform: Callable[..., dict[str, Any]] | None = None,
        instances: bool = False,
        cache: int = 64,
    ) -> None:
        self.samples, self.transform, self.instances = Remembered(samples, cache), transform, instances

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.samples)

    def __getitem__(self, number: int) -> dict[str, Any]:
        """One item; IndexError where there is none of this number."""
        sample = self.samples[int(number)]
        image: Any = sample.image
        masks: Sequence[Any] = (sample.labels.ids, sample.instances)[: 2 if self.instances else 1]
        if self.transform is not None:
            image = to_bytes(sample.image)
            masks = [mask.astype(np.uint8 if mask.max() < 256 else np.int32) for mask in masks]
            if self.instances:
                answer = self.transform(image=image, masks=masks)
                masks = answer["masks"]
            else:
                answer = self.transform(image=image, mask=masks[0])
                masks = [answer["mask"]]
            image = answer["image"]
        item = {"image": _picture(image), "name": sample.name}
        return {**item, **{name: _ids(mask) for name, mask in zip(("mask", "instances"), masks, strict=False)}}


def _picture(image: Any) -> torch.Tensor:
    """Float (3, h, w); 8 bits are divided by 255, other arrays and tensors taken as they are."""
    if isinstance(image, torch.Tensor):
        return image.float() / 255 if image.dtype == torch.uint8 else image
    tensor = torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, -1, 0)).copy())
    return tensor.float() / 255 if tensor.dtype == torch.uint8 else tensor.float()


def _ids(ids: Any) -> torch.Tensor:
    tensor = ids if isinstance(ids, torch.Tensor) else torch.from_numpy(np.array(ids, np.int64))
    return tensor.long()
