"""Layouts with known parts, and pictures of them in which no place looks like another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analogon import Exemplar, LabelClass, LabelMap, Palette

SHAPE = (48, 64)
GROUND, BEAST = 0, 1
#: Ids that are not places in the palette.
PALETTE = Palette((LabelClass(9, "ground", (60, 160, 60)), LabelClass(4, "beast", (200, 60, 30))))

Ids = NDArray[np.uint16]


def elbow(row: int = 6, col: int = 22) -> Ids:
    """An L: an upright bar of 32x9 pixels whose upper left corner is given, and a foot of 9x16 to its right."""
    ids = np.zeros(SHAPE, np.uint16)
    ids[row : row + 32, col : col + 9] = BEAST
    ids[row + 23 : row + 32, col : col + 25] = BEAST
    return ids


def comb() -> Ids:
    """A bar of 10x54 pixels with four teeth of 24x6 above it, 10 apart."""
    ids = np.zeros(SHAPE, np.uint16)
    ids[32:42, 5:59] = BEAST
    for col in (5, 21, 37, 53):
        ids[8:32, col : col + 6] = BEAST
    return ids


def bands() -> Ids:
    """A landscape without objects: two classes, one above the other."""
    ids = np.zeros(SHAPE, np.uint16)
    ids[24:] = 1
    return ids


def squares() -> Ids:
    """Twenty-five classes, five by five."""
    rows, cols = np.indices(SHAPE)
    return (rows * 5 // SHAPE[0] * 5 + cols * 5 // SHAPE[1]).astype(np.uint16)


def cut_off() -> Ids:
    """Objects that touch the frame: one below, one on the left, one in a corner."""
    ids = np.zeros(SHAPE, np.uint16)
    ids[30:, 20:36] = 1
    ids[5:16, :12] = 1
    ids[:14, 46:] = 2
    return ids


def tiny() -> Ids:
    """A blot on 16x16 pixels."""
    ids = np.zeros((16, 16), np.uint16)
    ids[5:11, 4:12] = 1
    return ids


def plain() -> Ids:
    """One class."""
    return np.zeros(SHAPE, np.uint16)


def strip() -> Ids:
    """Thirteen rows."""
    ids = np.zeros((13, 90), np.uint16)
    ids[8:] = 1
    ids[3:9, 30:50] = 2
    return ids


def painted(ids: Ids) -> NDArray[np.float32]:
    """A picture (h, w, 3): colours that run with the rows and columns, some noise, and another tone for each class."""
    rows, cols = (v.astype(np.float32) / n for v, n in zip(np.indices(ids.shape), ids.shape, strict=True))
    noise = np.random.default_rng(0).normal(0, 0.03, (*ids.shape, 3))
    image = np.stack([0.2 + 0.6 * rows, 0.2 + 0.6 * cols, 0.3 + 0.4 * (ids % 2)], -1) + noise
    return np.clip(image, 0, 1).astype(np.float32)


def labelled(ids: Ids) -> LabelMap:
    """Classes 0 and 1 as a label map."""
    return LabelMap(np.array(PALETTE.ids)[ids], PALETTE)


def exemplar_of(ids: Ids, usable: NDArray[np.bool_] | None = None) -> Exemplar:
    """Classes 0 and 1 with a picture of them."""
    return Exemplar(painted(ids), labelled(ids), usable)


def bent(angle: float) -> tuple[Ids, NDArray[np.float64]]:
    """The elbow with its bar turned about its corner, and where in :func:`elbow` each pixel (h, w, 2) came from."""
    rows, cols = np.indices(SHAPE)
    foot = (elbow() == BEAST) & (rows >= 29)
    bar = (elbow() == BEAST) & (cols < 31)
    joint = np.array([33.5, 26.0])
    cos, sin = np.cos(angle), np.sin(angle)
    places = (np.stack([rows, cols], -1) - joint) @ np.array([[cos, -sin], [sin, cos]]) + joint
    near = np.rint(places).astype(int)
    inside = ((near >= 0) & (near < SHAPE)).all(-1)
    near = np.clip(near, 0, np.array(SHAPE) - 1)
    places[foot] = np.argwhere(foot)
    return (foot | (inside & bar[near[..., 0], near[..., 1]])).astype(np.uint16), places
