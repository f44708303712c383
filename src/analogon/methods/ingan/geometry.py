"""The geometric transformations: sizes and homographies, without a parameter to learn.

Coordinates are (x, y) in [-1, 1] from edge to edge of a picture (the middle of the first of w pixels lies at
-1 + 1/w), for resizing and homographies alike: the convention of ``align_corners=False``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

IDENTITY = np.eye(3)
Points = Sequence[tuple[float, float]]
Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
#: The corners of a picture itself, in the order of :class:`~analogon.jobs.Reshape`.
WHOLE: Corners = ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0))


@dataclass(frozen=True, eq=False)
class Transformation:
    """Where each place of an output comes from.

    Attributes:
        size: (h, w) of the output.
        matrix: float64 (3, 3), homogeneous output coordinates (x, y, 1) to input coordinates.
    """

    size: tuple[int, int]
    matrix: NDArray[np.float64]

    @staticmethod
    def of(size: tuple[int, int], shifts: tuple[float, float] = (0.0, 0.0)) -> Transformation:
        """To a size, with two corners shifted by so many half widths (see :func:`homography`)."""
        return Transformation(size, homography(*shifts) if any(shifts) else IDENTITY)

    @staticmethod
    def into(size: tuple[int, int], corners: Corners) -> Transformation:
        """To a size in which the input fills a quadrilateral (see :func:`quadrilateral`)."""
        return Transformation(size, IDENTITY if corners == WHOLE else quadrilateral(corners))

    @cached_property
    def rectangular(self) -> bool:
        """Whether it only resizes."""
        return bool((self.matrix == IDENTITY).all())

    def inverse(self, size: tuple[int, int]) -> Transformation:
        """The way back to an input of (h, w): by the inverse matrix, which is right for any two shifts."""
        return Transformation(size, IDENTITY if self.rectangular else _inverted(self.matrix))

    def places(self) -> NDArray[np.float64]:
        """Input coordinates (h, w, 2), (x, y), of the middle of each output pixel."""
        h, w = self.size
        y, x = np.meshgrid((np.arange(h) * 2 + 1) / h - 1, (np.arange(w) * 2 + 1) / w - 1, indexing="ij")
        points = np.stack([x, y, np.ones_like(x)], -1) @ self.matrix.T
        # beyond the horizon there is nothing: far outside is as good as infinitely far
        depth = np.where(points[..., 2:] > 1e-6, points[..., 2:], 1e-6)
        places: NDArray[np.float64] = np.where(points[..., 2:] > 1e-6, points[..., :2] / depth, 1e3)
        return places

    def covered(self) -> NDArray[np.bool_]:
        """Output pixels that show a place of the input: bool (h, w); all of them where it only resizes."""
        if self.rectangular:
            return np.ones(self.size, bool)
        covered: NDArray[np.bool_] = np.abs(self.places()).max(-1) <= 1
        return covered

    def apply(self, planes: Tensor) -> Tensor:
        """Bilinear samples of planes (1, C, H, W): (1, C, h, w). Outside the input lies its mirror image."""
        if self.rectangular:
            if tuple(planes.shape[-2:]) == self.size:
                return planes
            return F.interpolate(planes, self.size, mode="bilinear", align_corners=False)
        at = torch.from_numpy(self.places()[None].astype(np.float32)).to(planes.device)
        return F.grid_sample(planes, at, mode="bilinear", padding_mode="reflection", align_corners=False)


def homography(first: float, second: float) -> NDArray[np.float64]:
    """The map from output to input that shifts two opposite corners sideways.

    The output's corner (-1, -1) shows the input at (-1 + first, -1), its corner (1, 1) shows (1 + second, 1); the
    middles of the left and right edges, (-1, 0) and (1, 0), stay. Opposite shifts are a shear; others move the
    remaining corners up and down, too.

    Returns:
        float64 (3, 3), the last element 1.
    """
    given = ((-1, -1), (1, 1), (-1, 0), (1, 0))
    return _joining(given, ((-1 + first, -1), (1 + second, 1), (-1, 0), (1, 0)))


def quadrilateral(corners: Corners) -> NDArray[np.float64]:
    """The map from output to input that shows the whole input inside a convex quadrilateral of the output.

    Args:
        corners: (row, column) in shares of the output's size, where the input's top left, top right, bottom right and
            bottom left corners are shown.

    Returns:
        float64 (3, 3), which gives places inside a positive last coordinate.
    """
    ours, theirs = ([(2 * column - 1, 2 * row - 1) for row, column in four] for four in (WHOLE, corners))
    # the way there is known to leave the middle of the input finite, the way back has no such place
    return _inverted(_joining(ours, theirs))


def _inverted(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse: NDArray[np.float64] = np.linalg.inv(matrix).astype(np.float64)
    return inverse


def _joining(given: Points, wanted: Points) -> NDArray[np.float64]:
    """The homography that takes four points (x, y) to four others."""
    system, values = [], []
    for (x, y), (u, v) in zip(given, wanted, strict=True):
        system += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.linalg.solve(np.array(system, np.float64), np.array(values, np.float64))
    return np.append(solved, 1.0).reshape(3, 3)
