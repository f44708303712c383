"""Colours that only scaling or blurring a colour map has made.

A map that was enlarged with a smooth filter has ramps between its classes, many pixels wide, and a rim
beside each ramp where the filter overshoots. Both are wide enough to look like classes; two facts tell:

* A ramp has no colour of its own: its pixels spread evenly over the colours between two classes, while the
  pixels of a class crowd around one.
* A rim has a colour that follows from two classes: a little beyond the one, away from the other.
"""

import numpy as np
import numpy.typing as npt

from analogon.io.colors_of_map import Bools, Bytes, ColorTable, blend_fit, nearest_color

CROWDED = 0.65
"""Share of its flat pixels that a class has in the inner third of its radius. Ramps have about a third."""
NEAR = 40.0
"""Candidates this near (levels) to a larger one are suspected of being its ramp or rim."""
BLEND_MISS = 12.0
"""Ramps lie this near (levels) to the line between their classes."""
OVERSHOOT = np.linspace(0.02, 0.12, 11)
"""How far filters overshoot, as a share of the contrast: cubic ones by up to 0.08, Lanczos by 0.1."""
OVERSHOOT_MISS = 4.0
RIM_SHARE = 0.1
"""A rim has at most this part of the area of its class."""


def traces_of_scaling(table: ColorTable, colors: Bytes, flat: npt.NDArray[np.int64], radius: float) -> Bools:
    """Which of the candidates `colors` (K, 3) are ramps or rims, bool (K,).

    `flat` (n,) counts the flat pixels of each colour of the table, `radius` (levels) is that of a class.
    """
    owner, distance = nearest_color(table.colors, colors)
    near, core = distance <= radius, distance <= max(radius / 3, 3.0)
    area, weight, inner = (
        np.bincount(owner[where], weights=values[where], minlength=len(colors))
        for where, values in ((near, table.counts), (near, flat), (core, flat))
    )
    points = colors.astype(np.float64)
    traces = np.zeros(len(colors), np.bool_)
    for place in np.argsort(area):
        larger = (area > area[place]) & ~traces
        gaps = np.linalg.norm(points - points[place], axis=-1)
        if inner[place] < CROWDED * weight[place]:
            close = bool((larger & (gaps <= NEAR)).any())
            traces[place] = close or _between(points[place], points[larger], max(BLEND_MISS, radius))
        else:
            rimmed = larger & (gaps <= NEAR) & (area * RIM_SHARE >= area[place])
            traces[place] = _beyond(points[place], points[rimmed], points[larger])
    return traces


def _between(color: npt.NDArray[np.float64], others: npt.NDArray[np.float64], tolerance: float) -> bool:
    """Whether `color` (3,) is a blend of two of `others` (n, 3)."""
    a, b = np.triu_indices(len(others), 1)
    share, miss = blend_fit(color, others[a], others[b])
    return bool(((miss <= tolerance) & (share > 0) & (share < 1)).any())


def _beyond(color: npt.NDArray[np.float64], ends: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> bool:
    """Whether `color` (3,) is what a filter makes of one of `ends` (n, 3) beside one of `others` (m, 3)."""
    start, away = ends[:, None, None], others[None, :, None]
    made = np.clip(start + OVERSHOOT[:, None] * (start - away), 0, 255)
    return bool((np.linalg.norm(made - color, axis=-1) <= OVERSHOOT_MISS).any())
