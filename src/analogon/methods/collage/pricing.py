"""What the network's word costs each map at each cell."""

from __future__ import annotations

import numpy as np

from analogon.kernels import kernel


@kernel(error_model="numpy")
def price(log_p, ours, theirs, maps, cell, window, worst, first, last, out):  # type: ignore[no-untyped-def]
    """Mean -log p of maps first..last over the cells of the class in a window, into ``out`` (n, gh, gw).

    ``log_p`` (n, m) is of the cells numbered in ``ours`` (gh, gw) and ``theirs`` (gh', gw'), -1 for other classes;
    ``maps`` are those of :mod:`analogon.ops.labelling`.
    """
    height, width = ours.shape
    rows, cols = theirs.shape
    centre = (cell - 1) / 2
    sums = np.zeros((height + 1, width + 1), np.float32)
    counts = np.zeros((height + 1, width + 1), np.float32)
    for k in range(first, last):
        for y in range(height):
            total, count = np.float32(0), np.float32(0)
            for x in range(width):
                n = ours[y, x]
                if n >= 0:
                    py, px = cell * y + centre, cell * x + centre
                    fy = maps[k, 1] * py + maps[k, 2] + maps[k, 6] * px
                    fx = maps[k, 3] * px + maps[k, 4] + maps[k, 7] * py
                    qy, qx = int(np.floor((fy - centre) / cell + 0.5)), int(np.floor((fx - centre) / cell + 0.5))
                    value = worst
                    if 0 <= qy < rows and 0 <= qx < cols and theirs[qy, qx] >= 0:
                        value = min(worst, -log_p[n, theirs[qy, qx]])
                    total += value
                    count += 1
                sums[y + 1, x + 1] = sums[y, x + 1] + total
                counts[y + 1, x + 1] = counts[y, x + 1] + count
        for y in range(height):
            top, bottom = max(y - window, 0), min(y + window + 1, height)
            for x in range(width):
                left, right = max(x - window, 0), min(x + window + 1, width)
                count = counts[bottom, right] - counts[top, right] - counts[bottom, left] + counts[top, left]
                total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
                out[k, y, x] = total / max(count, np.float32(1))
