"""Did the picture stay as it was where the layout did?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: What lies farther from every change than this share of the diagonal has to stay.
REACH = 0.06
#: Fewer pixels than this say nothing.
LEAST = 200
#: Half the side of the windows that structures are compared in, and a pixel.
MARGIN = 4


def unchanged(
    source: NDArray[np.int64], target: NDArray[np.int64], usable: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_] | None:
    """Pixels (h, w) that are well away from every change of the layout; None where there are too few.

    A border between two classes that wanders by a pixel is no change. Pixels of the source that are not usable, and
    those beside them, do not have to stay: results are not to be made of them.
    """
    from scipy import ndimage

    changed = ndimage.binary_opening(source != target, np.ones((2, 2)))
    far = np.ones(changed.shape, bool)
    if changed.any():
        far = ndimage.distance_transform_edt(~changed) > max(MARGIN, REACH * math.hypot(*changed.shape))
    if usable is not None:
        far &= ndimage.minimum_filter(usable, 2 * MARGIN - 1, mode="nearest")
    return far if far.sum() >= LEAST else None


def psnr(result: NDArray[np.float32], source: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    """Peak signal-to-noise ratio: −10 log10(mean squared difference of the colours in [0, 1]), in dB.

    Range 0 to infinity, higher is better; infinity where all pixels are the same. Source: the usual definition.
    """
    error = float(((result[where] - source[where]).astype(np.float64) ** 2).mean())
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(result: NDArray[np.float32], source: NDArray[np.float32], where: NDArray[np.bool_]) -> float | None:
    """Structural similarity: mean over pixels and colours of the SSIM index of the 7x7 windows about them.

    SSIM = (2 μx μy + c1)(2 σxy + c2) / ((μx² + μy² + c1)(σx² + σy² + c2)), c1 = 0.01², c2 = 0.03².

    Range −1 to 1, higher is better, 1 where all pixels are the same. Source: Wang et al., "Image Quality Assessment:
    From Error Visibility to Structural Similarity", IEEE TIP 2004, as scikit-image computes it. None for pictures
    smaller than a window.
    """
    from skimage.metrics import structural_similarity

    if min(result.shape[:2]) < 7:
        return None
    compare: Callable[..., Any] = structural_similarity
    _, index = compare(result, source, data_range=1.0, channel_axis=-1, full=True)
    return float(index[where].mean(dtype=np.float64))
