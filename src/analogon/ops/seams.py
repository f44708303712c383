"""Tone at seams: where two pieces meet in a smooth place, both fade to each other; texture is left as it is.

A membrane c over the target minimises ``sum over neighbours (c_q - c_p + jump_pq)^2 + sum c_p^2 / reach_p^2``, where
jump is the step of the picture at a seam beyond what the source itself has there, so that ``picture + c`` has no
step (gradient-domain fusion: Perez et al., "Poisson image editing", SIGGRAPH 2003, eq. 4, with a screening term).
Solved by multigrid V-cycles with Gauss-Seidel sweeps.
"""

from __future__ import annotations

import numpy as np

from analogon.kernels import kernel

#: Steps above this many 8-bit levels are edges, no seams; corrected less from here to twice as much.
LARGEST_STEP = np.float32(24)
#: Where the source changes from pixel to pixel by more levels than this, texture hides the seam.
FLAT = np.float32(3)
#: How far, in pixels, a correction reaches into a piece that was moved, and into what stayed where it was: it is the
#: moved piece that has to fit in.
REACH, REACH_STAYING = 200.0, 8.0
CYCLES = 4
#: Corrections below this many levels in all colours cannot be seen.
LEAST = 0.5
#: Keeps ``c`` zero where a pixel must stay as it is; such pixels, and coarser ones that hold one, are passed by.
FIRM = np.float32(1e6)


@kernel(inline=True)
def _faded(size, limit):  # type: ignore[no-untyped-def]
    """1 up to the limit, 0 from twice the limit."""
    return min(np.float32(1), max(np.float32(0), np.float32(2) - size / limit))


@kernel(inline=True)
def _sweep(c, b, right, below, own):  # type: ignore[no-untyped-def]
    """One red-black Gauss-Seidel sweep."""
    height, width = own.shape
    for colour in range(2):
        for y in range(height):
            for x in range((y + colour) & 1, width, 2):
                total = own[y, x]
                if total >= FIRM:
                    continue
                red, green, blue = b[y, x, 0], b[y, x, 1], b[y, x, 2]
                for side in range(4):
                    if side == 0:
                        if x + 1 >= width:
                            continue
                        ny, nx, weight = y, x + 1, right[y, x]
                    elif side == 1:
                        if x == 0:
                            continue
                        ny, nx, weight = y, x - 1, right[y, x - 1]
                    elif side == 2:
                        if y + 1 >= height:
                            continue
                        ny, nx, weight = y + 1, x, below[y, x]
                    else:
                        if y == 0:
                            continue
                        ny, nx, weight = y - 1, x, below[y - 1, x]
                    total += weight
                    red += weight * c[ny, nx, 0]
                    green += weight * c[ny, nx, 1]
                    blue += weight * c[ny, nx, 2]
                if total > 0:
                    c[y, x, 0], c[y, x, 1], c[y, x, 2] = red / total, green / total, blue / total


@kernel()
def membrane(source, places, ids, own, levels):  # type: ignore[no-untyped-def]
    """The correction, float32 (h, w, 3) in 8-bit levels; ``own`` (h, w) is the weight 1 / reach^2 of each pixel."""
    height, width = ids.shape
    rows, cols = source.shape[:2]
    b = np.zeros((height, width, 3), np.float32)
    right = np.zeros((height, width), np.float32)
    below = np.zeros((height, width), np.float32)
    step = np.empty(3, np.float32)
    for y in range(height):
        for x in range(width):
            for axis in range(2):
                ny, nx = y + axis, x + 1 - axis
                if ny >= height or nx >= width or ids[y, x] != ids[ny, nx]:
                    continue
                if own[y, x] >= FIRM and own[ny, nx] >= FIRM:
                    continue
                ay, ax, by, bx = places[y, x, 0], places[y, x, 1], places[ny, nx, 0], places[ny, nx, 1]
                weight = np.float32(1)
                # in a mirrored piece neighbours are neighbours too
                if abs(by - ay) + abs(bx - ax) != 1:
                    sides = 0
                    rough = np.float32(0)
                    step[:] = 0
                    for side in range(2):  # what would follow a; what would stand before b
                        ey, ex = (ay + axis, ax + 1 - axis) if side == 0 else (by - axis, bx - 1 + axis)
                        if ey < 0 or ex < 0 or ey >= rows or ex >= cols:
                            continue
                        sides += 1
                        for k in range(3):
                            here, there = np.float32(source[ay, ax, k]), np.float32(source[by, bx, k])
                            other = np.float32(source[ey, ex, k])
                            step[k] += there - other if side == 0 else other - here
                            rough = max(rough, abs(here - other) if side == 0 else abs(there - other))
                    if sides == 0:  # both lie at the frame of the source: nothing is known, so they should be equal
                        sides = 1
                        for k in range(3):
                            step[k] = np.float32(source[by, bx, k]) - np.float32(source[ay, ax, k])
                    largest = np.float32(0)
                    for k in range(3):
                        step[k] /= sides
                        largest = max(largest, abs(step[k]))
                    share = _faded(largest, LARGEST_STEP) * _faded(rough, FLAT)
                    for k in range(3):
                        b[y, x, k] += step[k] * share
                        b[ny, nx, k] -= step[k] * share
                if axis == 0:
                    right[y, x] = weight
                else:
                    below[y, x] = weight
    # numba lists of arrays: level 0 is the picture, each next one half as large
    all_b, all_right, all_below, all_own = [b], [right], [below], [own]
    all_c = [np.zeros((height, width, 3), np.float32)]
    for level in range(1, levels):
        r, d, o = all_right[level - 1], all_below[level - 1], all_own[level - 1]
        h, w = (o.shape[0] + 1) // 2, (o.shape[1] + 1) // 2
        cr, cd, co = np.zeros((h, w), np.float32), np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
        # pixels twice as wide: summed weights would couple them twice too strongly (Braess 1995)
        for y in range(o.shape[0]):
            for x in range(o.shape[1]):
                co[y // 2, x // 2] += o[y, x]
                if x & 1:
                    cr[y // 2, x // 2] += np.float32(0.5) * r[y, x]
                if y & 1:
                    cd[y // 2, x // 2] += np.float32(0.5) * d[y, x]
        all_right.append(cr)
        all_below.append(cd)
        all_own.append(co)
        all_b.append(np.zeros((h, w, 3), np.float32))
        all_c.append(np.zeros((h, w, 3), np.float32))
    for _ in range(CYCLES):
        for level in range(levels):
            c, b_here, r, d, o = all_c[level], all_b[level], all_right[level], all_below[level], all_own[level]
            if level > 0:
                c[:] = 0
            _sweep(c, b_here, r, d, o)
            if level + 1 < levels:
                coarse = all_b[level + 1]
                coarse[:] = 0
                h, w = o.shape
                for y in range(h):
                    for x in range(w):
                        if o[y, x] >= FIRM:
                            continue
                        for k in range(3):
                            rest = b_here[y, x, k] - o[y, x] * c[y, x, k]
                            if x + 1 < w:
                                rest += r[y, x] * (c[y, x + 1, k] - c[y, x, k])
                            if x > 0:
                                rest += r[y, x - 1] * (c[y, x - 1, k] - c[y, x, k])
                            if y + 1 < h:
                                rest += d[y, x] * (c[y + 1, x, k] - c[y, x, k])
                            if y > 0:
                                rest += d[y - 1, x] * (c[y - 1, x, k] - c[y, x, k])
                            coarse[y // 2, x // 2, k] += rest
        for level in range(levels - 1, -1, -1):
            c, b_here, r, d, o = all_c[level], all_b[level], all_right[level], all_below[level], all_own[level]
            if level + 1 < levels:
                coarse = all_c[level + 1]
                for y in range(o.shape[0]):
                    for x in range(o.shape[1]):
                        for k in range(3):
                            c[y, x, k] += coarse[y // 2, x // 2, k]
            _sweep(c, b_here, r, d, o)
            _sweep(c, b_here, r, d, o)
    return all_c[0]
