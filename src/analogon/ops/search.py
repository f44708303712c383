"""The search for the best source patch of every target patch: coherent candidates, early termination, usage.

Source pictures are uint8 (h, w, C) planes: three colours, then guides, each multiplied by the root of its weight.
All planes that a kernel compares are padded by the patch radius, so that a patch around pixel (y, x) is
``plane[y : y + size, x : x + size]``.

Candidates of a pixel are the continuations of its neighbours' matches (the coherence search of Ashikhmin,
"Synthesizing natural textures", I3D 2001) and at most one leap that :mod:`analogon.ops.leaps` found by exhaustive
comparison. Random tries around the best match so far, in boxes that halve (PatchMatch, Barnes et al., SIGGRAPH 2009),
come on top only if they are asked for.
"""

from __future__ import annotations

import numpy as np

from analogon.kernels import Kernel, kernel

#: A side of the square cells by which the use of the source is counted.
CELL = 4


@kernel(inline=True)
def _mixed(value):  # type: ignore[no-untyped-def]
    """A 32-bit number that looks random (the finaliser of MurmurHash3)."""
    value = np.uint32(value)
    value ^= value >> np.uint32(16)
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value ^= value >> np.uint32(13)
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


@kernel(inline=True)
def _difference(form, source, target, source_ids, target_ids, qy, qx, py, px, label_weight, limit):  # type: ignore[no-untyped-def]
    """What two patches differ by, or a part of it that is not below ``limit``; ``form`` as for the search."""
    total = np.float32(0)
    for i in range(len(form[0])):
        squares = np.int32(0)
        wrong = np.int32(0)
        # unsigned indices need no check for counting from the end
        qi, pi = np.uint64(qy + i), np.uint64(py + i)
        for j in range(len(form[0])):
            qj, pj = np.uint64(qx + j), np.uint64(px + j)
            for c in range(len(form[1])):
                d = np.int32(source[qi, qj, np.uint64(c)]) - np.int32(target[pi, pj, np.uint64(c)])
                squares += d * d
            wrong += np.int32(source_ids[qi, qj] != target_ids[pi, pj])
        total += np.float32(squares) + label_weight * np.float32(wrong)
        if total >= limit:
            break
    return total


@kernel()
def _search(  # type: ignore[no-untyped-def]
    form, source, target, source_ids, target_ids, places, errors, columns, starts, leaps, reluctance,
    usage, price, label_weight, tries, seed, thin, first, last, forward, wrap,
):  # fmt: skip
    """Improve the matches of the listed pixels of rows first..last; return the change of the usage.

    ``columns[starts[y] : starts[y + 1]]`` are the pixels of row y. ``price[class]`` is what one earlier use of
    a cell costs. A leap must be better by the factor ``reluctance``. ``tries`` random places follow.
    A pixel of a ``thin`` part that has its class never leaves it, though most of its patch is of another. ``form``
    is two tuples as long as the side of a patch and as the number of planes: lengths are part of a tuple's type, so
    that the kernel is compiled, and cached, with both as constants.
    """
    size = len(form[0])
    height, width = places.shape[:2]
    rows, cols = source_ids.shape[0] - size + 1, source_ids.shape[1] - size + 1
    delta = np.zeros(usage.shape, np.int32)
    step = 1 if forward else -1
    for n in range(last - first):
        y = first + n if forward else last - 1 - n
        begin, end = starts[y], starts[y + 1]
        for m in range(end - begin):
            at = begin + m if forward else end - 1 - m
            x = columns[at]
            old_y, old_x = places[y, x, 0], places[y, x, 1]
            error = _difference(
                form, source, target, source_ids, target_ids, old_y, old_x, y, x, label_weight, np.float32(1e30)
            )
            if error == 0:
                errors[y, x] = 0
                continue
            own = target_ids[y + size // 2, x + size // 2]
            unit = price[own]
            old_cell_y, old_cell_x = old_y // CELL, old_x // CELL
            best_y, best_x, best_error = old_y, old_x, error
            settled = thin[y, x] and source_ids[old_y + size // 2, old_x + size // 2] == own
            best = error + unit * np.float32(usage[old_cell_y, old_cell_x] + delta[old_cell_y, old_cell_x] - 1)
            for k in range(5 + tries):
                factor = np.float32(1)
                if k > 4:
                    reach = max(rows, cols) >> (k - 5)
                    if reach < 1:
                        break
                    noise = _mixed(_mixed(_mixed(seed) + np.uint32(y)) + np.uint32(x * 64 + k))
                    cy = best_y + np.int32(noise & np.uint32(0xFFFF)) % (2 * reach + 1) - reach
                    cx = best_x + np.int32(noise >> np.uint32(16)) % (2 * reach + 1) - reach
                    if cy < 0 or cx < 0 or cy >= rows or cx >= cols:
                        continue
                elif k == 4:
                    if leaps.shape[0] == 0 or leaps[at, 0] < 0:
                        continue
                    cy, cx = leaps[at, 0], leaps[at, 1]
                    factor = reluctance
                else:
                    ny = y - step if k == 1 else (y + step if k == 3 else y)
                    nx = x - step if k == 0 else (x + step if k == 2 else x)
                    dy, dx = y - ny, x - nx
                    if wrap:
                        ny, nx = ny % height, nx % width
                    elif ny < 0 or ny >= height or nx < 0 or nx >= width:
                        continue
                    cy, cx = places[ny, nx, 0] + dy, places[ny, nx, 1] + dx
                    if cy < 0 or cx < 0 or cy >= rows or cx >= cols:
                        continue
                if cy == best_y and cx == best_x:
                    continue
                if settled and source_ids[cy + size // 2, cx + size // 2] != own:
                    continue
                use = unit * np.float32(usage[cy // CELL, cx // CELL] + delta[cy // CELL, cx // CELL])
                limit = (best - use) / factor
                if limit <= 0:
                    continue
                error = _difference(form, source, target, source_ids, target_ids, cy, cx, y, x, label_weight, limit)
                if error < limit:
                    best, best_error, best_y, best_x = error * factor + use, error, cy, cx
                    settled = thin[y, x] and source_ids[cy + size // 2, cx + size // 2] == own
            errors[y, x] = best_error
            if best_y != old_y or best_x != old_x:
                places[y, x, 0], places[y, x, 1] = best_y, best_x
                delta[old_cell_y, old_cell_x] -= 1
                delta[best_y // CELL, best_x // CELL] += 1
    return delta


def searcher(size: int, channels: int) -> Kernel:
    """The search kernel for patches of ``size`` and planes of ``channels``: see ``_search`` for what else it takes."""
    return _search.given(((0,) * size, (0,) * channels))
