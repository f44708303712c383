"""The posterior mean of noisy patches, compiled: candidates compared in full, weighted, and patches put together.

Planes are float32 (h, w, C), three colours first, padded by the radius of a patch, so that the patch about pixel (y, x)
begins at (y, x) of the padded plane. Patches are numbered by their pixels, row by row.
"""

from __future__ import annotations

import numpy as np

from analogon.kernels import kernel
from analogon.ops.nearest import FAR, seek

#: Patches whose weight is under exp(-NATS) of the largest are left out of the mean.
NATS = np.float32(12)


@kernel(inline=True)
def _distance(source, target, weights, sy, sx, ty, tx, size, limit):  # type: ignore[no-untyped-def]
    """Weighted squared difference of two patches by their first rows and columns, or a part that reaches ``limit``."""
    total = np.float32(0)
    for i in range(size):
        a, b = np.uint64(sy + i), np.uint64(ty + i)
        for j in range(size):
            u, v = np.uint64(sx + j), np.uint64(tx + j)
            for c in range(weights.shape[0]):
                d = source[a, u, np.uint64(c)] - target[b, v, np.uint64(c)]
                total += weights[np.uint64(c)] * d * d
        if total >= limit:
            break
    return total


@kernel(inline=True)
def _mean(source, cols, size, numbers, scores, count, spread, mine):  # type: ignore[no-untyped-def]
    """The mean of ``count`` patches, weighted by exp(-score / spread), into ``mine``; the place of the best of them."""
    best = 0
    for n in range(1, count):
        if scores[n] < scores[best]:
            best = n
    least, total = scores[best], np.float32(0)
    mine[:] = 0
    for n in range(count):
        gap = (scores[n] - least) / spread
        if gap > NATS:
            continue
        weight = np.float32(np.exp(-gap))
        total += weight
        y, x = numbers[n] // cols, numbers[n] % cols
        at = 0
        for i in range(size):
            for j in range(size):
                for c in range(3):
                    mine[at] += weight * source[y + i, x + j, c]
                    at += 1
    for at in range(len(mine)):
        mine[at] /= total
    return best


@kernel()
def project(planes, basis, pixels, first, last, out):  # type: ignore[no-untyped-def]
    """Projections (n, dims) of the patches about pixels first..last on a basis (size, size, C, dims)."""
    size, dims = basis.shape[0], basis.shape[3]
    for n in range(first, last):
        mine = out[n]
        mine[:] = 0
        for i in range(size):
            for j in range(size):
                for c in range(planes.shape[2]):
                    value = planes[pixels[n, 0] + i, pixels[n, 1] + j, c]
                    if value != 0:
                        row = basis[i, j, c]
                        for k in range(dims):
                            mine[k] += value * row[k]


@kernel()
def mean_of_all(  # type: ignore[no-untyped-def]
    source, target, weights, size, pixels, queries, points, extra, spread, slack, first, last, means, matches
):
    """The means for queries first..last of all patches, but for those that weigh next to nothing.

    Which those are is told by projections: ``queries`` (n, dims) against ``points`` (dims, N), with ``slack`` for what
    these do not see. ``extra`` (N,) is added to distances; FAR leaves a patch out. ``spread`` is twice the variance of
    the noise.
    """
    dims, count = points.shape
    cols = source.shape[1] - size + 1
    near = np.empty(count, np.float32)
    numbers, scores = np.empty(count, np.int64), np.empty(count, np.float32)
    for n in range(first, last):
        near[:] = extra
        for k in range(dims):
            own, row = queries[n, k], points[k]
            for s in range(count):
                d = row[s] - own
                near[s] += d * d
        likely = 0
        for s in range(1, count):
            if near[s] < near[likely]:
                likely = s
        limit = near[likely] + spread * NATS + slack
        ty, tx = pixels[n, 0], pixels[n, 1]
        # with what is likely the nearest, most others are left off early
        held = 0
        least = extra[likely] + _distance(source, target, weights, likely // cols, likely % cols, ty, tx, size, FAR)
        for s in range(count):
            if near[s] > limit:
                continue
            d = _distance(source, target, weights, s // cols, s % cols, ty, tx, size, least + spread * NATS - extra[s])
            d += extra[s]
            if d < least + spread * NATS:
                least = min(least, d)
                numbers[held], scores[held] = s, d
                held += 1
        best = _mean(source, cols, size, numbers, scores, held, spread, means[n])
        matches[n, 0], matches[n, 1] = numbers[best] // cols, numbers[best] % cols


@kernel()
def mean_of_nearest(  # type: ignore[no-untyped-def]
    source, target, weights, size, pixels, queries, order, leaves, lows, highs, inside, easiest, most, wanted,
    known, index, step, extra, spread, first, last, means, matches
):  # fmt: skip
    """The means for queries first..last of the patches that a tree finds nearest, and of what is known around.

    ``known`` (m, 2) are earlier matches and ``index`` (h, w) the one at each pixel, -1 for none: those within ``step``
    pixels, continued to the query, are compared as well where ``extra`` (N,) does not leave them out, as for
    :func:`mean_of_all`; the tree holds no others.
    """
    cols, rows = source.shape[1] - size + 1, source.shape[0] - size + 1
    height, width = index.shape
    room = wanted + 9
    near, bounds = np.empty(wanted, np.int64), np.empty(wanted, np.float32)
    numbers, scores = np.empty(room, np.int64), np.empty(room, np.float32)
    for n in range(first, last):
        ty, tx = pixels[n, 0], pixels[n, 1]
        held, least, found = 0, FAR, 0
        for dy in range(-step, step + 1):
            for dx in range(-step, step + 1):
                y, x = ty + dy, tx + dx
                if not (0 <= y < height and 0 <= x < width) or index[y, x] < 0 or found >= 9:
                    continue
                py, px = known[index[y, x], 0] - dy, known[index[y, x], 1] - dx
                if py < 0 or px < 0 or py >= rows or px >= cols or extra[py * cols + px] >= FAR:
                    continue
                numbers[found] = py * cols + px
                found += 1
        seek(order, leaves, lows, highs, inside, easiest, queries[n], FAR, most, near, bounds)
        for k in range(wanted):
            if near[k] >= 0:
                numbers[found] = near[k]
                found += 1
        for k in range(found):
            s = numbers[k]
            again = False
            for earlier in range(held):
                again = again or numbers[earlier] == s
            if again:
                continue
            d = _distance(source, target, weights, s // cols, s % cols, ty, tx, size, least + spread * NATS)
            if d < least + spread * NATS:
                least = min(least, d)
                numbers[held], scores[held] = s, d
                held += 1
        best = _mean(source, cols, size, numbers, scores, held, spread, means[n])
        matches[n, 0], matches[n, 1] = numbers[best] // cols, numbers[best] % cols


@kernel()
def fold(means, index, bell, first, last, out):  # type: ignore[no-untyped-def]
    """The weighted mean, at each pixel of rows first..last, of the patches over it; ``index`` (h, w) numbers them."""
    height, width = index.shape
    size = bell.shape[0]
    radius = size // 2
    for y in range(first, last):
        for x in range(width):
            red, green, blue, total = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for i in range(size):
                py = y + radius - i
                if py < 0 or py >= height:
                    continue
                for j in range(size):
                    px = x + radius - j
                    if px < 0 or px >= width or index[py, px] < 0:
                        continue
                    weight, at = bell[i, j], (i * size + j) * 3
                    mine = means[index[py, px]]
                    red += weight * mine[at]
                    green += weight * mine[at + 1]
                    blue += weight * mine[at + 2]
                    total += weight
            if total > 0:
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = red / total, green / total, blue / total


@kernel()
def elect(matches, index, bell, source_ids, target_ids, first, last, places):  # type: ignore[no-untyped-def]
    """For each pixel of rows first..last the one source pixel that most patches over it agree on, into ``places``.

    A pixel that no patch is over is left alone; a source pixel of another class has hardly a vote.
    """
    height, width = index.shape
    rows, cols = source_ids.shape
    size = bell.shape[0]
    radius = size // 2
    ys, xs, votes = np.empty(size * size, np.int64), np.empty(size * size, np.int64), np.empty(size * size, np.float32)
    for y in range(first, last):
        for x in range(width):
            held = 0
            for i in range(size):
                py = y + radius - i
                if py < 0 or py >= height:
                    continue
                for j in range(size):
                    px = x + radius - j
                    if px < 0 or px >= width or index[py, px] < 0:
                        continue
                    sy, sx = matches[index[py, px], 0] + i - radius, matches[index[py, px], 1] + j - radius
                    if sy < 0 or sx < 0 or sy >= rows or sx >= cols:
                        continue
                    vote = bell[i, j]
                    if source_ids[sy, sx] != target_ids[y, x]:
                        vote *= np.float32(1e-6)
                    at = 0
                    while at < held and (ys[at] != sy or xs[at] != sx):
                        at += 1
                    if at == held:
                        ys[at], xs[at], votes[at] = sy, sx, 0
                        held += 1
                    votes[at] += vote
            if held:
                best = 0
                for at in range(1, held):
                    if votes[at] > votes[best]:
                        best = at
                places[y, x, 0], places[y, x, 1] = ys[best], xs[best]
