"""Samples in a training loop, in the form that Albumentations' transforms have."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.augment.pools import Remembered
from analogon.augment.values import Sample
from analogon.errors import OptionError
from analogon.io import to_bytes


class Transform:
    """Puts a sample in the place of a picture and its mask, now and then.

    >>> transform = Transform(StoredSamples("dataset"), p=0.5)  # doctest: +SKIP
    >>> transform(image=image, mask=mask)["image"].shape == image.shape  # doctest: +SKIP
    True

    It stands alone or in ``albumentations.Compose``, before what crops, turns and recolours. What it gives has the
    size, the type and the channels of what it was given: of a larger sample a random part is taken, a smaller one goes
    on as its mirror image, none is ever resized. Masks have the class ids of the sources' label maps.

    Which sample is drawn is decided by Python's :mod:`random`: ``random.seed`` repeats it, and the workers of a torch
    ``DataLoader`` draw different ones.

    Args:
        samples: :class:`~analogon.augment.pools.StoredSamples`, ``MadeSamples``, or any sequence.
        p: how often, from 0 to 1.
        cache: how many samples are kept in memory, in every process.

    Raises:
        OptionError: there are no samples, or a number is out of range.
    """

    #: What albumentations.Compose asks of its parts, besides being called.
    available_keys = frozenset({"image", "mask", "instances"})
    targets_as_params: tuple[str, ...] = ()

    def __init__(self, samples: Sequence[Sample], *, p: float = 0.5, cache: int = 64) -> None:
        if not 0 <= p <= 1:
            raise OptionError(f"A transform cannot be applied with the probability {p}: use 0 to 1.")
        self.samples, self.p = Remembered(samples, cache), p

    def __call__(self, *, force_apply: bool = False, **data: Any) -> dict[str, Any]:
        """A sample with probability ``p``, or else what was given.

        Args:
            force_apply: always a sample.
            data: ``image``, (h, w), (h, w, 1) or (h, w, 3), uint8 or float in [0, 1]; ``mask``, integers (h, w); and
                ``instances``, integers (h, w), where they are wanted.

        Raises:
            OptionError: ``image`` or ``mask`` is missing or of another form, or there is more that belongs to the
                picture, such as boxes, which a sample does not have.
        """
        _check(data)
        if not force_apply and random.random() >= self.p:
            return data
        sample = self.samples[random.randrange(len(self.samples))]
        shape = data["image"].shape[:2]
        rows, columns = (_window(n, own) for n, own in zip(shape, sample.shape, strict=True))
        window = np.ix_(rows, columns)
        image = sample.image[rows[:, None], columns[None, :]]
        given = {"image": _like(image, data["image"]), "mask": _ids(sample.labels.ids[window], data["mask"], "mask")}
        if "instances" in data:
            given["instances"] = _ids(sample.instances[window], data["instances"], "instances")
        return {**data, **given}

    def add_targets(self, targets: Mapping[str, str]) -> None:
        """Further names of pictures and masks in a composition, which a sample does not have."""
        if other := sorted(set(targets) - self.available_keys):
            raise OptionError(f"A sample has no {other[0]}: leave the target or the transform out.")

    def to_dict_private(self) -> dict[str, Any]:
        """What a composition shows of the transform."""
        return {"__class_fullname__": "analogon.augment.Transform", "samples": len(self.samples), "p": self.p}

    def get_dict_with_id(self) -> dict[str, Any]:
        """The same with a number of its own."""
        return {**self.to_dict_private(), "id": id(self)}

    def __repr__(self) -> str:
        return f"Transform({len(self.samples)} samples, p={self.p})"


def _check(data: dict[str, Any]) -> None:
    for name in ("image", "mask"):
        if not isinstance(data.get(name), np.ndarray):
            raise OptionError(f"The transform needs {name}= as an array: give both image= and mask=.")
    more = sorted(
        {"bboxes", "keypoints", "masks", "images", "volume"} & {name for name in data if data[name] is not None}
    )
    if more:
        raise OptionError(f"A sample has no {more[0]} to take the place of those given: leave the transform out.")
    image = data["image"]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)):
        raise OptionError(f"The transform takes images (h, w), (h, w, 1) and (h, w, 3), and not {image.shape}.")
    if image.dtype != np.uint8 and image.dtype.kind != "f":
        raise OptionError(f"The transform takes images in uint8 or float, and not in {image.dtype}: convert it first.")
    for name in ("mask", "instances"):
        ids = data.get(name)
        if ids is not None and (ids.shape != image.shape[:2] or ids.dtype.kind not in "iu"):
            raise OptionError(f"The transform takes a {name} of integers in the picture's size, and not {ids.shape}.")


def _window(side: int, own: int) -> NDArray[np.int64]:
    """Which of a sample's rows or columns are taken: a random run of them, or all and on as their mirror image."""
    if own >= side:
        return np.arange(side, dtype=np.int64) + random.randrange(own - side + 1)
    places = (np.arange(side, dtype=np.int64) + random.randrange(2 * own)) % (2 * own)
    return np.minimum(places, 2 * own - 1 - places)


def _like(image: NDArray[np.float32], given: NDArray[Any]) -> NDArray[Any]:
    """A picture in the type and the channels of another."""
    if given.ndim == 2 or given.shape[2] == 1:
        image = image.mean(axis=2, dtype=np.float32)
        image = image if given.ndim == 2 else image[..., None]
    return to_bytes(image) if given.dtype == np.uint8 else image.astype(given.dtype, copy=False)


def _ids(ids: NDArray[Any], given: NDArray[Any], name: str) -> NDArray[Any]:
    """Ids in the type of others."""
    if ids.max() > np.iinfo(given.dtype).max:
        raise OptionError(
            f"The samples have ids up to {ids.max()}, which {name}= as {given.dtype} cannot hold: widen it."
        )
    return ids.astype(given.dtype)
