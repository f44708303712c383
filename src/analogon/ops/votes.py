"""From matches to pictures: where patches disagree, overlapping patches vote; in the end each pixel is one copy.

``places`` is int32 (h, w, 2), for each target pixel the (row, col) of its match in the source.
"""

from __future__ import annotations

import numpy as np

from analogon.kernels import kernel

#: What a vote for a source pixel of the wrong class counts.
WRONG_CLASS = np.float32(1e-12)
#: The same where the class need not be met.
WRONG_AT_BORDER = np.float32(0.05)
#: How much each unit of error (squared 8-bit differences of a whole patch) takes from a vote.
DOUBT = np.float32(0.002)
#: Among equal votes a pixel's own match wins.
OWN = np.float32(1.01)


@kernel()
def mark_tears(places, source_ids, target_ids, radius, wrap, first, last, out):  # type: ignore[no-untyped-def]
    """Mark in ``out`` (uint8 (h, w)) what lies within ``radius`` of a tear or a wrong class in rows first..last.

    A tear stands between two neighbours that do not come from neighbours in the source. Everywhere else patches are
    exact copies: there is nothing to search and nothing to vote on.
    """
    height, width = target_ids.shape
    for y in range(first, last):
        below = (y + 1) % height if wrap else min(y + 1, height - 1)
        for x in range(width):
            right = (x + 1) % width if wrap else min(x + 1, width - 1)
            py, px = places[y, x, 0], places[y, x, 1]
            if (
                source_ids[py, px] == target_ids[y, x]
                and (below == y or (places[below, x, 0] == py + 1 and places[below, x, 1] == px))
                and (right == x or (places[y, right, 0] == py and places[y, right, 1] == px + 1))
            ):
                continue
            for dy in range(-radius, radius + 1):
                ny = (y + dy) % height if wrap else y + dy
                if ny < 0 or ny >= height:
                    continue
                for dx in range(-radius, radius + 1):
                    nx = (x + dx) % width if wrap else x + dx
                    if 0 <= nx < width:
                        out[ny, nx] = 1


@kernel()
def vote(source, places, active, radius, wrap, first, last, out):  # type: ignore[no-untyped-def]
    """The picture (uint8, into ``out``, padded by ``radius``): the mean of all patches over an active pixel.

    ``radius`` 0 copies each pixel from its match alone. Planes of ``out`` beyond the third are left alone.
    """
    height, width = places.shape[:2]
    rows, cols = source.shape[:2]
    pad = (out.shape[0] - height) // 2
    for y in range(first, last):
        for x in range(width):
            if radius == 0 or not active[y, x]:
                for c in range(3):
                    out[y + pad, x + pad, c] = source[places[y, x, 0], places[y, x, 1], c]
                continue
            red, green, blue, votes = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
            for dy in range(-radius, radius + 1):
                ny = (y + dy) % height if wrap else y + dy
                if ny < 0 or ny >= height:
                    continue
                for dx in range(-radius, radius + 1):
                    nx = (x + dx) % width if wrap else x + dx
                    if nx < 0 or nx >= width:
                        continue
                    qy, qx = places[ny, nx, 0] - dy, places[ny, nx, 1] - dx
                    if qy < 0 or qx < 0 or qy >= rows or qx >= cols:
                        continue
                    red += np.int64(source[qy, qx, 0])
                    green += np.int64(source[qy, qx, 1])
                    blue += np.int64(source[qy, qx, 2])
                    votes += 1
            out[y + pad, x + pad, 0] = (red + votes // 2) // votes
            out[y + pad, x + pad, 1] = (green + votes // 2) // votes
            out[y + pad, x + pad, 2] = (blue + votes // 2) // votes


@kernel()
def settle(places, errors, active, strict, source_ids, target_ids, radius, wrap, first, last, out):  # type: ignore[no-untyped-def]
    """For each active pixel the one source pixel (into ``out``) that most patches over it agree on.

    Patches that continue each other name the same source pixel, so that pieces grow together and keep their grain,
    where a mean would blur them. ``strict`` (bool (h, w)) is where the class must be met.
    """
    height, width = target_ids.shape
    rows, cols = source_ids.shape
    size = (2 * radius + 1) ** 2
    ys, xs, weights = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.float32)
    for y in range(first, last):
        for x in range(width):
            out[y, x, 0], out[y, x, 1] = places[y, x, 0], places[y, x, 1]
            if not active[y, x]:
                continue
            known = 0
            wrong = WRONG_CLASS if strict[y, x] else WRONG_AT_BORDER
            for dy in range(-radius, radius + 1):
                ny = (y + dy) % height if wrap else y + dy
                if ny < 0 or ny >= height:
                    continue
                for dx in range(-radius, radius + 1):
                    nx = (x + dx) % width if wrap else x + dx
                    if nx < 0 or nx >= width:
                        continue
                    qy, qx = places[ny, nx, 0] - dy, places[ny, nx, 1] - dx
                    if qy < 0 or qx < 0 or qy >= rows or qx >= cols:
                        continue
                    weight = np.float32(1) / (np.float32(1) + DOUBT * errors[ny, nx])
                    if source_ids[qy, qx] != target_ids[y, x]:
                        weight *= wrong
                    if dy == 0 and dx == 0:
                        weight *= OWN
                    found = False
                    for i in range(known):
                        if ys[i] == qy and xs[i] == qx:
                            weights[i] += weight
                            found = True
                            break
                    if not found:
                        ys[known], xs[known], weights[known] = qy, qx, weight
                        known += 1
            best = 0
            for i in range(1, known):
                if weights[i] > weights[best]:
                    best = i
            out[y, x, 0], out[y, x, 1] = ys[best], xs[best]
