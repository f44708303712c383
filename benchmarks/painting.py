"""Painting on label maps as a person would: cut out, turn, move, brush, fill, smooth.

Maps are integer ids (h, w), masks bool (h, w), points (row, column) in pixels of the map. Ids are picked or
overwritten, never averaged. Angles are degrees anticlockwise, as seen.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import interpolate, ndimage

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
Points = Sequence[tuple[float, ...]]
#: Samples of a brush stroke between two of its points.
FINE = 40
#: A piece of fewer pixels that an edit leaves is a slip of the brush.
CRUMB = 40


def within(shape: tuple[int, int], corners: Points) -> Mask:
    """What a lasso through the corners holds."""
    canvas = Image.new("1", (shape[1], shape[0]))
    ImageDraw.Draw(canvas).polygon([(column, row) for row, column in corners], fill=1)
    return np.array(canvas, np.bool_)


def rounded(shape: tuple[int, int], corners: Points) -> Mask:
    """What a smooth closed line through the points holds."""
    closed = np.array([*corners, corners[0]], float)
    steps = np.linspace(0, len(corners), FINE * len(corners))
    line = interpolate.CubicSpline(np.arange(len(closed)), closed, bc_type="periodic")(steps)
    return within(shape, [(row, column) for row, column in line])


def stroke(shape: tuple[int, int], path: Points) -> Mask:
    """A brush drawn along a smooth line through points (row, column, radius)."""
    line = interpolate.make_interp_spline(np.arange(len(path)), np.array(path, float), k=min(2, len(path) - 1))
    drawn = np.zeros(shape, np.bool_)
    for row, column, radius in line(np.linspace(0, len(path) - 1, FINE * len(path))):
        top, left = (max(int(v - radius), 0) for v in (row, column))
        part = drawn[top : int(row + radius) + 2, left : int(column + radius) + 2]
        rows, columns = np.indices(part.shape)
        part |= (rows + top - row) ** 2 + (columns + left - column) ** 2 <= radius**2
    return drawn


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> Mask:
    """A round dab of the brush."""
    rows, columns = np.indices(shape)
    found: Mask = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
    return found


def below(shape: tuple[int, int], path: Points) -> Mask:
    """All under a line through the points, from the left edge to the right, which does not overshoot them."""
    rows, columns = zip(*path, strict=True)
    line = interpolate.PchipInterpolator(columns, rows)(np.arange(shape[1]))
    found: Mask = np.arange(shape[0])[:, None] > line[None, :]
    return found


def bent(
    ids: Ids,
    shift: Callable[[NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> Ids:
    """The map with each pixel taken from where ``shift(rows, columns)`` (rows and columns) says."""
    rows, columns = shift(*np.indices(ids.shape).astype(float))
    where = (np.rint(np.broadcast_to(v, ids.shape)).astype(int) for v in (rows, columns))
    r, c = (np.clip(v, 0, n - 1) for v, n in zip(where, ids.shape, strict=True))
    found: Ids = ids[r, c]
    return found


def placed(
    ids: Ids,
    piece: Mask,
    about: tuple[float, float],
    *,
    turn: float = 0.0,
    scale: float | tuple[float, float] = 1.0,
    mirror: bool = False,
    to: tuple[float, float] | None = None,
) -> tuple[Mask, Ids]:
    """A piece of the map cut out and put down elsewhere: what it covers there, and its ids.

    Args:
        about: the point of the piece that it turns and grows about.
        turn: applied after ``mirror`` (left and right) and ``scale`` (one factor, or rows' and columns').
        to: where that point comes to lie; where it was, if None.
    """
    to = about if to is None else to
    down, right = scale if isinstance(scale, tuple) else (scale, scale)
    angle = np.deg2rad(turn)
    rows, columns = np.indices(ids.shape)
    y, x = rows - to[0], columns - to[1]
    unturned_y, unturned_x = y * np.cos(angle) + x * np.sin(angle), x * np.cos(angle) - y * np.sin(angle)
    r = np.rint(unturned_y / down + about[0]).astype(int)
    c = np.rint(unturned_x / (-right if mirror else right) + about[1]).astype(int)
    inside = (r >= 0) & (r < ids.shape[0]) & (c >= 0) & (c < ids.shape[1])
    r, c = np.where(inside, r, 0), np.where(inside, c, 0)
    return inside & piece[r, c], ids[r, c]


def put(ids: Ids, laid: tuple[Mask, Ids]) -> Ids:
    """The map with a piece of :func:`placed` on top."""
    found: Ids = np.where(laid[0], laid[1], ids)
    return found


def filled(ids: Ids, hole: Mask) -> Ids:
    """The hole takes the class of the nearest pixel around it."""
    nearest = ndimage.distance_transform_edt(hole, return_distances=False, return_indices=True)
    found: Ids = ids[tuple(nearest)]
    return found


def smoothed(ids: Ids, before: Ids, sigma: float) -> Ids:
    """The map with smooth outlines near what was changed since ``before``; the rest stays as it is.

    Each pixel takes the class that has most of its neighbourhood, which also removes crumbs.
    """
    classes = np.unique(ids)
    shares = [ndimage.gaussian_filter((ids == c).astype(np.float32), sigma, mode="nearest") for c in classes]
    near = ndimage.binary_dilation(ids != before, iterations=round(2 * sigma))
    found: Ids = np.where(near, classes[np.argmax(shares, axis=0)], ids)
    crumbs = np.zeros(ids.shape, np.bool_)
    for c in classes:
        parts, _ = ndimage.label(found == c)
        small = np.bincount(parts.ravel()) < CRUMB
        crumbs |= small[parts] & (parts > 0) & near
    return filled(found, crumbs) if crumbs.any() else found


def jointed(ids: Ids, around: int, limbs: Sequence[tuple[Mask, tuple[float, float], float, float]]) -> Ids:
    """A figure of one class, posed like a paper puppet.

    Args:
        around: the class behind it.
        limbs: (limb with all that hangs on it, joint, angle, radius of the joint), from the body outwards; masks and
            joints are those of the unposed figure.
    """
    body = ids.copy()
    for mask, *_ in limbs:
        body[mask] = around
    posed = body
    for place, (mask, joint, _, radius) in enumerate(limbs):
        held = mask.copy()
        for outer, *_ in limbs[place + 1 :]:
            if (outer & mask).sum() > 0.99 * outer.sum():
                held &= ~outer
        held |= mask & disc(ids.shape, joint, radius)
        # a limb turns with everything that it hangs on
        chain = [(j, a) for m, j, a, _ in limbs[: place + 1] if (m & mask).sum() > 0.99 * mask.sum()]
        posed = _posed(posed, ids, held, chain, radius)
    return posed


def _posed(posed: Ids, ids: Ids, held: Mask, chain: Sequence[tuple[tuple[float, float], float]], radius: float) -> Ids:
    """``posed`` with one limb, turned about the joints of ``chain`` from the outermost inwards, and its own joint."""
    to, total = np.array(chain[-1][0], float), chain[-1][1]
    for joint, angle in reversed(chain[:-1]):
        turn, away = np.deg2rad(angle), to - joint
        cos, sin = np.cos(turn), np.sin(turn)
        to = joint + np.array([away[0] * cos - away[1] * sin, away[0] * sin + away[1] * cos])
        total += angle
    place = (float(to[0]), float(to[1]))
    laid = put(posed, placed(ids, held, chain[-1][0], turn=total, to=place))
    figure = np.unique(ids[held])
    return np.where(disc(ids.shape, place, radius), figure[0], laid)
