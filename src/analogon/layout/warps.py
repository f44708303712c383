"""How objects are moved about: maps of the plane that can be followed in both directions.

Points are (row, column), float64 (n, 2); pixel i covers the interval [i, i + 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Pair = tuple[float, float]

#: Numbers that differ by less than this are one: a turn and its counter-turn give the very map again.
SAME = 1e-7
#: A point this little before the border of two pixels belongs to the later one.
BORDER = 1e-6


def pixels(points: Points) -> NDArray[np.int64]:
    """The pixels that points lie in: int64 (n, 2)."""
    found: NDArray[np.int64] = np.floor(points + BORDER).astype(np.int64)
    return found


@dataclass(frozen=True)
class Affine:
    """The point p becomes M p + t: M = ((a, b), (c, d)) in rows and columns."""

    matrix: tuple[Pair, Pair]
    shift: Pair

    @classmethod
    def translation(cls, down: float, right: float) -> Affine:
        """Everything moves by as much."""
        return cls(((1.0, 0.0), (0.0, 1.0)), (float(down), float(right)))

    @classmethod
    def about(cls, center: Pair, matrix: tuple[Pair, Pair]) -> Affine:
        """A linear map under which ``center`` stays."""
        (a, b), (c, d) = matrix
        y, x = center
        return cls(matrix, (y - a * y - b * x, x - c * y - d * x))

    @classmethod
    def turn(cls, center: Pair, degrees: float) -> Affine:
        """A turn, clockwise as one looks at the picture; exact for quarter turns."""
        quarters = degrees / 90
        if quarters == round(quarters):
            cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[round(quarters) % 4]
        else:
            cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        return cls.about(center, ((cosine, sine), (-sine, cosine)))

    def then(self, other: Affine) -> Affine:
        """This map and after it another."""
        (a, b), (c, d) = other.matrix
        (e, f), (g, h) = self.matrix
        y, x = self.shift
        matrix = (a * e + b * g, a * f + b * h), (c * e + d * g, c * f + d * h)
        return Affine(matrix, (a * y + b * x + other.shift[0], c * y + d * x + other.shift[1]))

    def whole(self) -> tuple[int, int] | None:
        """Rows and columns that it moves by, where it does nothing else and these are whole numbers."""
        off = [value - plain for row, one in zip(self.matrix, ((1, 0), (0, 1)), strict=True)
               for value, plain in zip(row, one, strict=True)]  # fmt: skip
        down, right = (round(value) for value in self.shift)
        off += [self.shift[0] - down, self.shift[1] - right]
        return (down, right) if all(abs(value) < SAME for value in off) else None

    def forward(self, points: Points) -> Points:
        """Where points go."""
        moved: Points = points @ np.array(self.matrix).T + self.shift
        return moved

    def inverse(self, points: Points) -> Points:
        """Where points come from."""
        (a, b), (c, d) = self.matrix
        determinant = a * d - b * c
        back = np.array([[d, -b], [-c, a]]) / determinant
        origins: Points = (points - np.array(self.shift)) @ back.T
        return origins

    def box(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """A box that holds all that comes out of ``box`` (top, left, bottom, right)."""
        top, left, bottom, right = box
        corners = self.forward(np.array([[top, left], [top, right], [bottom, left], [bottom, right]], float))
        first, last = corners.min(0), corners.max(0)
        return float(first[0]), float(first[1]), float(last[0]), float(last[1])


@dataclass(frozen=True)
class ThinPlate:
    """Handles are pulled from ``before`` to ``after``, and all else bends along as a thin plate would.

    The spline (Bookstein 1989) is fitted from after to before, so that places come from where it says exactly. With
    one handle everything moves by as much; with handles on a line there is no bending across it that nobody asked for.
    """

    before: tuple[Pair, ...]
    after: tuple[Pair, ...]

    def forward(self, points: Points) -> Points:
        """About where points go: handles exactly, what lies between them nearly."""
        return points + _bending(np.array(self.before, float), np.array(self.after, float), points)

    def inverse(self, points: Points) -> Points:
        """Where points come from."""
        return points + _bending(np.array(self.after, float), np.array(self.before, float), points)

    def box(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """A box that holds all that comes out of ``box``, with room to spare."""
        top, left, bottom, right = box
        grid = np.stack(np.meshgrid(np.linspace(top, bottom, 9), np.linspace(left, right, 9), indexing="ij"), -1)
        points = grid.reshape(-1, 2)
        there = self.forward(points)
        spare = np.abs(there - points).max() / 2 + 2
        first, last = there.min(0) - spare, there.max(0) + spare
        return float(first[0]), float(first[1]), float(last[0]), float(last[1])


def _bending(here: Points, there: Points, points: Points) -> Points:
    """What a spline that takes ``here`` to ``there`` adds to points."""
    middle, scale = here.mean(0), max(float(np.ptp(here, axis=0).max()), 1.0)
    knots = (here - middle) / scale
    count = len(knots)
    flat = np.concatenate([np.ones((count, 1)), knots], 1)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count], system[:count, count:], system[count:, :count] = _plate(knots, knots), flat, flat.T
    wanted = np.concatenate([there - here, np.zeros((3, 2))])
    # least squares, because the system is singular where handles lie on a line; the handles are met all the same
    weights = np.linalg.lstsq(system, wanted, rcond=1e-12)[0]
    added = np.empty_like(points)
    for first in range(0, len(points), 1 << 16):  # a part at a time: a table of all points would fill the memory
        part = (points[first : first + (1 << 16)] - middle) / scale
        added[first : first + (1 << 16)] = (
            _plate(part, knots) @ weights[:count] + weights[count] + part @ weights[count + 1 :]
        )
    return added


def _plate(points: Points, knots: Points) -> Points:
    """The plate's basis r² log r² between points and knots, float64 (n, m)."""
    squares = ((points[:, None] - knots[None]) ** 2).sum(-1)
    bent: Points = squares * np.log(np.where(squares > 0, squares, 1.0))
    return bent


Warp = Affine | ThinPlate
