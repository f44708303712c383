"""How scenes of the synthetic set were painted, as its oracle reads them: no network judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analogon.datasets import read_pixels, read_styles
from analogon.errors import InputError
from analogon.metrics.agreement import Agreement

Ids = NDArray[np.int64]


def oracle_figures(
    images: Sequence[NDArray[np.float32]],
    layouts: Sequence[Ids],
    styles: Sequence[Mapping[int, int]] | None = None,
    *,
    colouring: int = 0,
) -> dict[str, float | None]:
    """Label agreement and style accuracy of painted scenes.

    oracle_miou and oracle_accuracy: of the classes that the nearest colour of the set tells, over all pictures together
    (:class:`~analogon.metrics.agreement.Agreement`); oracle_style: share of the classes of all layouts that have the
    style asked for, a class that nowhere looks like itself having none.

    Range 0 to 1, higher is better; the style of one who does not care is right in one of four. Source: the construction
    of the set (`analogon.datasets.scenes`), in which no two classes and styles share a colour.

    Args:
        images: float32 (h, w, 3) in [0, 1]. layouts: ids 0 to 4 of each, (h, w).
        styles: for each picture the style that was asked for, by class id; classes that are not in it are not asked.
            None: no style was asked for, and there is no such figure.
        colouring: of the scenes (`SceneSettings`).

    Raises:
        InputError: there is no picture, or lists or sizes differ.
    """
    if not images or len(images) != len(layouts) or (styles is not None and len(styles) != len(images)):
        told = "none" if styles is None else len(styles)
        raise InputError(
            f"There are {len(images)} pictures, {len(layouts)} layouts and {told} of styles: give one of each, "
            "for at least one picture."
        )
    seen, right = Agreement(), list[bool]()
    for image, layout, asked in zip(images, layouts, styles or [{}] * len(images), strict=True):
        seen.add(read_pixels(image, colouring)[0], layout)
        right += right_styles(image, layout, asked, colouring)
    style = float(np.mean(right)) if right else None
    return {"oracle_miou": seen.miou, "oracle_accuracy": seen.accuracy, "oracle_style": style}


def right_styles(image: NDArray[np.float32], layout: Ids, asked: Mapping[int, int], colouring: int = 0) -> list[bool]:
    """Whether each class of a layout that is asked for a style has it; see :func:`oracle_figures`."""
    found = read_styles(image, layout, colouring)
    return [found[c] == style for c, style in asked.items() if c in found]
