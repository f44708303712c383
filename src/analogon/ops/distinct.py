"""What in a picture is like nothing else in it: what a new arrangement of its parts has to keep whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analogon.kernels import kernel
from analogon.ops.arrange import cell_size
from analogon.ops.nearest import Window, bases, points, projected
from analogon.ops.parallel import bands, spread
from analogon.ops.pyramid import padded, shrunk

#: Side of the patches that are compared, in pixels of a picture whose cells are this many of them wide.
SIDE, PER_CELL = 7, 2
#: Patches that lie nearer than this share of their side are parts of each other.
APART = 1.5


@kernel()
def _alone(described, keys, key_places, reach, first, last, out):  # type: ignore[no-untyped-def]
    """Squared difference of rows first..last to the most alike key that is ``reach`` or farther away."""
    dims = described.shape[2]
    for y in range(first, last):
        for x in range(out.shape[1]):
            best = np.float32(1e30)
            for n in range(len(keys)):
                if abs(key_places[n, 0] - y) < reach and abs(key_places[n, 1] - x) < reach:
                    continue
                total = np.float32(0)
                for k in range(dims):
                    d = described[y, x, k] - keys[n, k]
                    total += d * d
                    if total >= best:
                        break
                best = min(best, total)
            out[y, x] = best


def distinctness(image: NDArray[np.float32], cell: int | None = None) -> NDArray[np.float32]:
    """How badly each place of a picture could be taken by another: float32 by cells of :func:`cell_size`.

    The root mean square difference, in levels, between the patches of a cell and those most like them elsewhere: the
    largest of the cell.

    Args:
        image: (h, w, 3).
        cell: pixels along a cell; None for what :func:`cell_size` says.
    """
    cell = cell or cell_size(image.shape[:2])
    factor = max(1, cell // PER_CELL)
    small = shrunk(np.rint(image * 255).astype(np.uint8), factor).astype(np.float32)
    height, width = small.shape[:2]
    planes = padded(small, SIDE // 2, wrap=False)
    window = Window(planes, np.full((SIDE, SIDE, 3), 1 / (3 * SIDE**2), np.float32))
    every = np.argwhere(np.ones((height, width), bool))
    described = points(*projected([window], bases([window], every), (height, width)))
    reach = int(APART * SIDE)
    far = np.zeros((height, width), np.float32)
    if max(height, width) > reach:
        keys = np.ascontiguousarray(described[::2, ::2].reshape(-1, described.shape[2]))
        places = np.argwhere(np.ones((-(-height // 2), -(-width // 2)), bool)) * 2
        spread(_alone, [(described, keys, places, reach, a, b, far) for a, b in bands(height)])
    far = np.sqrt(np.where(far < 1e29, far, 0))
    rows, cols = (-(-n // cell) for n in image.shape[:2])
    of_cell = np.zeros((rows, cols), np.float32)
    ys, xs = (np.minimum(np.arange(n) * factor // cell, m - 1) for n, m in ((height, rows), (width, cols)))
    np.maximum.at(of_cell, (ys[:, None], xs[None]), far)
    return of_cell
