"""How much results for one layout differ from each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelMap
from analogon.errors import InputError
from analogon.metrics.values import checked


def diversity(images: Sequence[NDArray[np.float32]]) -> dict[str, float]:
    """How much results for one layout, made with different seeds, differ.

    diversity = mean over pixels and colours of the standard deviation over the images / standard deviation of all
    values of all images (Shaham et al., "SinGAN", ICCV 2019, who divide by that of the training image);
    diversity_levels = mean over pairs of the root mean square difference, in levels (0 to 255);
    diversity_ssim = 1 − mean over pairs of the structural similarity (Wang et al., IEEE TIP 2004).

    All are 0 where the images are the same. Higher is more diverse, which is better only where the images are good:
    noise is diverse. Ranges: 0 up to about 1; 0 to 255; 0 to 2.

    Args:
        images: at least two, float32 (h, w, 3) in [0, 1], of one size.

    Raises:
        InputError: there are fewer than two, they differ in size, or one is no such picture.
    """
    from skimage.metrics import structural_similarity

    if len(images) < 2:
        raise InputError("Diversity is a matter of several pictures: give at least two.")
    sizes = {image.shape for image in images}
    if len(sizes) > 1:
        raise InputError("The pictures differ in size, so they are not for one layout: give pictures of one size.")
    stack = np.stack([checked(image) for image in images]).astype(np.float64)
    contrast = float(stack.std())
    pairs = list(combinations(stack, 2))
    differences = [float(np.sqrt(((one - other) ** 2).mean())) * 255 for one, other in pairs]
    figures = {
        "diversity": float(stack.std(0).mean()) / contrast if contrast else 0.0,
        "diversity_levels": float(np.mean(differences)),
    }
    compare: Callable[..., Any] = structural_similarity
    if min(stack.shape[1:3]) >= 7:
        alike = [compare(one, other, data_range=1.0, channel_axis=-1) for one, other in pairs]
        figures["diversity_ssim"] = 1 - float(np.mean(alike))
    return figures


def class_diversity(images: Sequence[NDArray[np.float32]], layout: LabelMap) -> dict[str, dict[str, float]]:
    """How much each class differs between results for one layout, by the class's name.

    `diversity` and `diversity_levels` as in :func:`diversity`, of the class's pixels alone.

    Ranges 0 up to about 1, and 0 to 255; higher is more diverse, which is better only where the images are good.
    Source: as of :func:`diversity`.

    Raises:
        InputError: there are fewer than two, or one is no picture of the layout's size.
    """
    if len(images) < 2:
        raise InputError("Diversity is a matter of several pictures: give at least two.")
    if {image.shape[:2] for image in images} != {layout.shape}:
        raise InputError("A picture has another size than the layout: give pictures of that layout.")
    stack = np.stack([checked(image) for image in images]).astype(np.float64)
    found = {}
    for class_id in layout.present():
        pixels = stack[:, layout.ids == class_id]
        contrast = float(pixels.std())
        levels = [float(np.sqrt(((a - b) ** 2).mean())) * 255 for a, b in combinations(pixels, 2)]
        found[layout.palette.get(class_id).name] = {
            "diversity": float(pixels.std(0).mean()) / contrast if contrast else 0.0,
            "diversity_levels": float(np.mean(levels)),
        }
    return found
