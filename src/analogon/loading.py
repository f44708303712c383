"""Exemplars, targets and guides from files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.errors import InputError, OptionError
from analogon.io import ImageSource, LabelSource, UnusedKeys, load_npy, read_image, read_labels, read_mask, read_target
from analogon.rendering import Guide, Wishes

#: Where pixels come from: integers (h, w, 2), or an .npy file of them.
PlacesSource = NDArray[np.integer] | str | PathLike[str]
#: The one class of a picture of which nothing is known.
UNKNOWN = Palette((LabelClass(0, "picture", (128, 128, 128)),))


def load_exemplar(
    image: ImageSource, labels: LabelSource | LabelMap | None = None, mask: ImageSource | None = None
) -> Exemplar:
    """Picture and label map from paths, PIL pictures or arrays.

    Args:
        labels: the classes; None where nothing is known of the picture, which is one class then.
        mask: what a result may be made of, in the picture's size: white can be used, black must not; None is all.
            See :func:`read_mask`.

    Raises:
        InputError: a file or array cannot be used, or the mask is black all over. LabelError: the sizes differ.
    """
    pixels = read_image(image)
    if labels is None:
        classes = LabelMap(np.zeros(pixels.shape[:2], np.int64), UNKNOWN)
    else:
        classes = labels if isinstance(labels, LabelMap) else read_labels(labels)
    return Exemplar(pixels, classes, None if mask is None else read_mask(mask))


def load_target(
    exemplar: Exemplar, target: LabelSource | LabelMap, mapping: Mapping[str, str] | None = None
) -> LabelMap:
    """A new label map, read against the exemplar's palette and checked to have only its classes.

    Args:
        mapping: what classes that the exemplar lacks stand for: a colour (``"#31ff08"``), id or name to a
            class of the exemplar. A :class:`LabelMap` has its classes already, and passes it by.

    Raises:
        InputError: the file cannot be used. LabelError: a class that the exemplar lacks. OptionError: ``mapping``
            has a class that the target or the exemplar lacks.
    """
    return load_targets(exemplar, (target,), mapping)[0]


def load_targets(
    exemplar: Exemplar, targets: Iterable[LabelSource | LabelMap], mapping: Mapping[str, str] | None = None
) -> tuple[LabelMap, ...]:
    """Several label maps with one mapping; each of its classes need only be in one of them.

    See :func:`load_target`, also for the errors.
    """
    mapping, loaded = mapping or {}, []
    unused = UnusedKeys(mapping)
    for target in targets:
        if not isinstance(target, LabelMap):
            target = read_target(target, exemplar.labels.palette, mapping, unused)
        exemplar.check_target(target)
        # one palette for both, so that a class has the same index in both
        if target.palette != exemplar.labels.palette:
            target = LabelMap(target.ids, exemplar.labels.palette)
        loaded.append(target)
    unused.refuse()
    return tuple(loaded)


def load_guide(source: ImageSource, target: ImageSource, weight: float = 1.0, *, name: str | None = None) -> Guide:
    """A guide from two pictures, one of the source's size and one of the target's.

    Where both are grey it has one channel, else three. Maps of other kinds become a :class:`Guide` directly.

    Args:
        name: how messages call it; None for the name of the target's file.

    Raises:
        InputError: a file or array cannot be used. OptionError: the weight is no number above 0.
    """
    if name is None:
        name = Path(target).name if isinstance(target, str | PathLike) else "guide"
    maps = read_image(source), read_image(target)
    if all(not np.ptp(one, axis=2).any() for one in maps):
        return Guide(name, maps[0][..., 0], maps[1][..., 0], weight)
    return Guide(name, *maps, weight)


def load_wishes(
    exemplar: Exemplar,
    target: LabelMap,
    *,
    keep: str | ImageSource = "auto",
    tile: bool = False,
    preview: bool = False,
    guides: Iterable[Guide] = (),
    places: PlacesSource | None = None,
) -> Wishes:
    """The wishes for one target, read and checked against it and the exemplar.

    Args:
        keep: ``"auto"``, ``"none"``, or a mask of the target's size, white where the source's pixels must stay.
        places: an array or .npy file of the target's size; see :class:`~analogon.rendering.Wishes`.

    Raises:
        InputError: the mask or the places cannot be read, or one of these or a guide has the wrong size, or a place
            lies outside the source or where --mask leaves it out. OptionError: there is a mask, and
            source and target differ in size.
    """
    guides = tuple(guides)
    for guide in guides:
        for what, array, shape in (("source", guide.source, exemplar.shape), ("target", guide.target, target.shape)):
            frame = exemplar.frame if what == "source" else shape  # of several pictures, or of the edited one alone
            if array.shape[:2] not in (shape, frame):
                raise InputError(
                    f"The {what} of guide '{guide.name}' is {_size(array)} pixels, and the {what} itself "
                    f"{_size(shape)}: give a picture of the {what}'s size."
                )
    known = None if places is None else _places(exemplar, target, places)
    if isinstance(keep, str) and keep in ("auto", "none"):
        return Wishes("none" if keep == "none" else "auto", bool(tile), bool(preview), guides, known)
    return Wishes(_mask(exemplar, target, keep), bool(tile), bool(preview), guides, known)


def _places(exemplar: Exemplar, target: LabelMap, given: PlacesSource) -> NDArray[np.int32] | None:
    """Whole numbers (h, w, 2); None where they ask for nothing."""
    name = "The places" if isinstance(given, np.ndarray) else f"'{given}'"
    array = given if isinstance(given, np.ndarray) else load_npy(given)
    if array.dtype.kind not in "iu" or array.shape != (*target.shape, 2):
        raise InputError(
            f"{name} for --places are {array.dtype} of shape {array.shape}: give whole numbers of shape "
            f"{(*target.shape, 2)}, a row and a column of the source for each pixel of the target, or -1."
        )
    asked: NDArray[np.bool_] = np.all(array >= 0, axis=-1)
    if not asked.any():
        return None
    if np.any(array[asked] >= exemplar.shape):
        raise InputError(f"{name} for --places reach outside the source, which is {_size(exemplar.shape)} pixels.")
    places = np.where(asked[..., None], array, -1).astype(np.int32)
    if exemplar.usable is not None and not exemplar.usable[tuple(np.moveaxis(places[asked], -1, 0))].all():
        raise OptionError("--places has pixels that --mask leaves out: make one of them smaller.")
    places.setflags(write=False)
    return places


def _mask(exemplar: Exemplar, target: LabelMap, keep: ImageSource) -> NDArray[np.bool_]:
    if target.shape != exemplar.frame:
        raise OptionError(
            f"A mask for --keep needs a target of the source's size, and one is {_size(target.shape)}, the other "
            f"{_size(exemplar.frame)} pixels: leave out --keep."
        )
    mask = read_mask(keep)
    if mask.shape != target.shape:
        raise InputError(
            f"The mask for --keep is {_size(mask)} pixels and the target {_size(target.shape)}: give a mask of the "
            "target's size."
        )
    if exemplar.usable is not None:
        height, width = target.shape
        if (mask & ~exemplar.usable[:height, :width]).any():
            raise OptionError("The mask for --keep has pixels that --mask leaves out: make one of them smaller.")
    return mask


def _size(thing: tuple[int, int] | NDArray[np.generic]) -> str:
    height, width = thing if isinstance(thing, tuple) else thing.shape[:2]
    return f"{width}x{height}"
