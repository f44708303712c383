"""Super-resolution from the picture itself: what its patches have in detail when they are seen a size smaller.

Small patterns recur in a picture across its sizes (Glasner et al., "Super-resolution from a single image", ICCV 2009).
The picture shrunk and enlarged again lacks detail in the same way as the enlarged picture does; detail is taken from
the places that look most alike, several for each patch, and the result is made to shrink to the picture
(back-projection; Irani and Peleg, 1991).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analogon.kernels import kernel
from analogon.ops.nearest import Tree, Window, bases, points, projected, seek
from analogon.ops.parallel import bands, spread

Floats = NDArray[np.float32]

#: Most that one step enlarges by.
STEP = 2.0
#: Side of patches, and pixels from one to the next.
SIDE, EVERY = 5, 2
#: Places that each patch takes detail from, leaves looked through, and the root mean square difference (0 to 1) from
#: the best at which a place counts little.
PLACES, LEAVES, ALIKE = 8, 12, 0.03
#: Rounds of back-projection.
ROUNDS = 3
#: Patches of the source that are compared at most: of a large picture, every second, third ... row and column.
MOST = 300_000


def enlarged(image: Floats, factor: float, told: Callable[[int, int], None]) -> Floats:
    """The picture (h, w, 3) with its sides ``factor`` times as long, rounded; ``told`` after each step."""
    height, width = image.shape[:2]
    steps = int(np.ceil(np.log(factor) / np.log(STEP) - 1e-9))
    now = image
    for n in range(steps):
        sides = [round(side * factor ** ((n + 1) / steps)) for side in (height, width)]
        now = _step(now, (sides[0], sides[1]))
        for _ in range(ROUNDS):
            now = now + resized(image - resized(now, image.shape[:2]), now.shape[:2])
        told(n + 1, steps)
    return np.clip(now, 0, 1)


def _step(image: Floats, size: tuple[int, int]) -> Floats:
    """The picture at another size with detail from itself."""
    from scipy import ndimage as ndi

    height, width = image.shape[:2]
    smaller = max(1, round(height * height / size[0])), max(1, round(width * width / size[1]))
    dull = resized(resized(image, smaller), (height, width))
    large = resized(image, size)
    detail = np.ascontiguousarray(image - dull)
    if min(height, width) < 2 * SIDE:
        return large
    radius = SIDE // 2
    weights = np.full((SIDE, SIDE, 3), 1 / (3 * SIDE**2), np.float32)
    # patterns are compared, not how light they are
    theirs, ours = (
        np.pad(
            one - ndi.uniform_filter(one, (SIDE, SIDE, 1)), ((radius, radius), (radius, radius), (0, 0)), mode="reflect"
        )
        for one in (dull, large)
    )
    every = max(1, int(np.ceil(np.sqrt(height * width / MOST))))
    inner = np.zeros((height, width), bool)
    inner[radius : height - radius : every, radius : width - radius : every] = True
    known = np.argwhere(inner)
    basis = bases([Window(theirs, weights)], known)
    described = points(*projected([Window(theirs, weights)], basis, (height, width)))
    asked = points(*projected([Window(ours, weights)], basis, size))
    tree = Tree.of(np.ascontiguousarray(described[inner]))
    rows = -(-size[0] // EVERY)
    columns = -(-size[1] // EVERY)
    found = np.empty((rows, columns, PLACES), np.int64)
    worth = np.empty((rows, columns, PLACES), np.float32)
    spread(_find, [(asked, *tree.plain(), LEAVES, EVERY, found, worth, a, b) for a, b in bands(rows)])
    out = np.empty((*size, 3), np.float32)
    flat = (known[:, 0] * width + known[:, 1]).astype(np.int64)
    spread(
        _add, [(detail, flat, found, worth, SIDE, EVERY, np.float32(ALIKE**2), out, a, b) for a, b in bands(size[0])]
    )
    return large + out


@kernel()
def _find(asked, order, leaves, lows, highs, ease, easiest, most, every, found, worth, first, last):  # type: ignore[no-untyped-def]
    """The most alike places for patches of rows first..last, with their squared differences."""
    for y in range(first, last):
        for x in range(found.shape[1]):
            seek(
                order, leaves, lows, highs, ease, easiest, asked[y * every, x * every], np.float32(1e30), most,
                found[y, x], worth[y, x],
            )  # fmt: skip


@kernel()
def _add(detail, flat, found, worth, side, every, alike, out, first, last):  # type: ignore[no-untyped-def]
    """Rows first..last of the detail: the weighted mean over the places of all patches that cover a pixel."""
    radius = side // 2
    width = detail.shape[1]
    for y in range(first, last):
        for x in range(out.shape[1]):
            red, green, blue, total = np.float32(0), np.float32(0), np.float32(0), np.float32(1e-12)
            for dy in range(-radius, radius + 1):
                py = y + dy
                if py < 0 or py >= out.shape[0] or py % every != 0:
                    continue
                for dx in range(-radius, radius + 1):
                    px = x + dx
                    if px < 0 or px >= out.shape[1] or px % every != 0:
                        continue
                    gy, gx = py // every, px // every
                    for n in range(found.shape[2]):
                        place = found[gy, gx, n]
                        if place < 0:
                            break
                        weight = np.exp(-(worth[gy, gx, n] - worth[gy, gx, 0]) / alike) / (alike + worth[gy, gx, n])
                        sy, sx = flat[place] // width - dy, flat[place] % width - dx
                        red += weight * detail[sy, sx, 0]
                        green += weight * detail[sy, sx, 1]
                        blue += weight * detail[sy, sx, 2]
                        total += weight
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = red / total, green / total, blue / total


def resized(image: Floats, size: tuple[int, int]) -> Floats:
    """At another size, cubic; without aliasing where it is shrunk."""
    from PIL import Image

    if image.shape[:2] == tuple(size):
        return image
    shape = size[1], size[0]
    parts = [
        Image.fromarray(np.ascontiguousarray(image[..., k])).resize(shape, Image.Resampling.BICUBIC) for k in range(3)
    ]
    return np.stack([np.asarray(part, np.float32) for part in parts], -1)
