"""Compiled: places of the wrong class are sent to the right one, in pieces as large as possible.

The ``source`` is a tuple of its classes, squared depths, the depth that is enough for each class, and bool (h, w) of
the places that the result uses already.
"""

from __future__ import annotations

import numpy as np

from analogon.kernels import kernel

#: Pixels of a piece by which its shift is refined.
SAMPLED = 512
#: The nearest place is looked for in squares up to this radius, then by cells.
NEAR = 12


@kernel(error_model="numpy")
def shares_of(source, used_worth, side):  # type: ignore[no-untyped-def]
    """What each cell of side x side pixels is worth to each class: float32 (K, ceil(h/side), ceil(w/side)).

    The share of the cell that lies inside the class, deep enough; used places count ``used_worth``.
    """
    classes, depths, inner, used = source
    h, w = classes.shape
    shares = np.zeros((len(inner), -(-h // side), -(-w // side)), np.float32)
    for r in range(h):
        for c in range(w):
            k = classes[r, c]
            if depths[r, c] >= inner[k]:
                shares[k, r // side, c // side] += (used_worth if used[r, c] else 1.0) / (side * side)
    return shares


@kernel(error_model="numpy")
def _add_shifted(gained, wanted, shares):  # type: ignore[no-untyped-def]
    """Correlate: ``gained[y - r + gh - 1, x - c + gw - 1] += wanted[r, c] * shares[y, x]`` for all r, c, y, x."""
    gh, gw = shares.shape
    for r in range(gh):
        for c in range(gw):
            weight = wanted[r, c]
            if weight > 0:
                for y in range(gh):
                    line, share = gained[y - r + gh - 1, gw - 1 - c :], shares[y]
                    for x in range(gw):
                        line[x] += weight * share[x]


@kernel(error_model="numpy")
def _best_shift(gained, far_rows, far_columns):  # type: ignore[no-untyped-def]
    """The shift in cells that gains most, less what its length costs."""
    gh, gw = (gained.shape[0] + 1) // 2, (gained.shape[1] + 1) // 2
    best, dy, dx = -9.0, 0, 0
    for y in range(1 - gh, gh):
        cost = far_rows * abs(y) / gh
        if 1 - cost <= best:
            continue
        for x in range(1 - gw, gw):
            score = gained[y + gh - 1, x + gw - 1] - cost - far_columns * abs(x) / gw
            if score > best:
                best, dy, dx = score, y, x
    return dy, dx


@kernel(error_model="numpy")
def _worth(points, every, own, dy, dx, source, used_worth):  # type: ignore[no-untyped-def]
    """Mean worth of every n-th of the int32 (n, 2) points, shifted, to the class ``own``."""
    classes, depths, inner, used = source
    h, w = classes.shape
    total = 0.0
    for n in range(0, len(points), every):
        y, x = points[n, 0] + dy, points[n, 1] + dx
        if 0 <= y < h and 0 <= x < w and classes[y, x] == own and depths[y, x] >= inner[own]:
            total += used_worth if used[y, x] else 1.0
    return total / ((len(points) + every - 1) // every)


@kernel(error_model="numpy")
def shift_pieces(field, open_, runs, pieces, shares, source, side, used_worth, far_rows, far_columns):  # type: ignore[no-untyped-def]
    """Move each chosen piece by one shift; what does not arrive inside its class stays open.

    All shifts are tried at the size of the cells; the best is refined to a pixel. Changes ``field``, ``open_``,
    ``shares`` and the source's used places.

    Args:
        open_: the class of each open pixel, -1 elsewhere. runs: of its regions. pieces: run numbers, piece by piece;
            where those of each piece end; the numbers of the chosen pieces.
        shares: as from :func:`shares_of`, for cells of ``side`` pixels. source: as for :func:`place`.
        used_worth: of a used place. far_rows, far_columns: cost of a shift over the whole height or width.
    """
    classes, depths, inner, used = source
    order, ends, chosen = pieces
    h, w = classes.shape
    gh, gw = shares.shape[1], shares.shape[2]
    for m in range(len(chosen)):
        piece = chosen[m]
        first, last, size = ends[piece - 1] if piece else 0, ends[piece], 0
        for i in range(first, last):
            size += runs[order[i], 2] - runs[order[i], 1]
        at, points = np.empty((size, 2), np.int32), np.empty((size, 2), np.int32)
        wanted, gained = np.zeros((gh, gw), np.float32), np.zeros((2 * gh - 1, 2 * gw - 1), np.float32)
        own, n = open_[runs[order[first], 0], runs[order[first], 1]], 0
        for i in range(first, last):
            r = runs[order[i], 0]
            for c in range(runs[order[i], 1], runs[order[i], 2]):
                at[n, 0], at[n, 1] = r, c
                points[n, 0], points[n, 1] = np.rint(field[r, c, 0]), np.rint(field[r, c, 1])
                wanted[points[n, 0] // side, points[n, 1] // side] += np.float32(1.0 / size)
                n += 1
        _add_shifted(gained, wanted, shares[own])
        dy, dx = _best_shift(gained, far_rows, far_columns)
        dy, dx, step, best = dy * side, dx * side, side, -9.0
        while step >= 1:
            by, bx = dy, dx
            for k in range(9):
                ty, tx = dy + (k // 3 - 1) * step, dx + (k % 3 - 1) * step
                score = _worth(points, 1 + size // SAMPLED, own, ty, tx, source, used_worth)
                score -= far_rows * abs(ty) / h + far_columns * abs(tx) / w
                if score > best + 1e-6:
                    best, by, bx = score, ty, tx
            if by == dy and bx == dx:
                step //= 2
            dy, dx = by, bx
        for n in range(size):
            y, x = points[n, 0] + dy, points[n, 1] + dx
            if 0 <= y < h and 0 <= x < w and classes[y, x] == own and depths[y, x] >= inner[own]:
                r, c = at[n, 0], at[n, 1]
                # half-pixel places round to even, so that a shift may carry one just over the frame or border
                row, col = field[r, c, 0] + np.float32(dy), field[r, c, 1] + np.float32(dx)
                whole = np.rint(row) == y and np.rint(col) == x and 0 <= row <= h - 1 and 0 <= col <= w - 1
                field[r, c, 0], field[r, c, 1] = (row, col) if whole else (np.float32(y), np.float32(x))
                open_[r, c] = -1
                if not used[y, x]:
                    used[y, x] = True
                    shares[own, y // side, x // side] -= np.float32((1 - used_worth) / (side * side))


@kernel(error_model="numpy")
def fill_nearest(field, open_, runs, shares, source, side):  # type: ignore[no-untyped-def]
    """Send what is still open to the nearest place inside its class, a few pixels off if that is far away."""
    classes, depths, inner, _ = source
    h, w = classes.shape
    gw, cells = shares.shape[2], np.full(shares.shape, -1, np.int32)
    for n in range(len(runs)):
        r = runs[n, 0]
        for c in range(runs[n, 1], runs[n, 2]):
            own = open_[r, c]
            y, x = int(np.rint(field[r, c, 0])), int(np.rint(field[r, c, 1]))
            best, row, col = NEAR * NEAR, -1, -1
            for radius in range(1, NEAR):
                if radius * radius >= best:
                    break
                for v in range(max(y - radius, 0), min(y + radius, h - 1) + 1):
                    step = 1 if abs(v - y) == radius else 2 * radius
                    for u in range(x - radius, x + radius + 1, step):
                        if 0 <= u < w and classes[v, u] == own and depths[v, u] >= inner[own]:
                            distance = (v - y) ** 2 + (u - x) ** 2
                            if distance < best:
                                best, row, col = distance, v, u
            if row < 0:
                cell = cells[own, y // side, x // side]
                if cell < 0:
                    cell = cells[own, y // side, x // side] = _nearest_cell(shares[own], y // side, x // side)
                best = h * h + w * w
                for v in range(cell // gw * side, min((cell // gw + 1) * side, h)):
                    for u in range(cell % gw * side, min((cell % gw + 1) * side, w)):
                        distance = (v - y) ** 2 + (u - x) ** 2
                        if classes[v, u] == own and depths[v, u] >= inner[own] and distance < best:
                            best, row, col = distance, v, u
            field[r, c, 0], field[r, c, 1] = row, col


@kernel(error_model="numpy")
def _nearest_cell(shares, y, x):  # type: ignore[no-untyped-def]
    best, found = np.int64(1) << 40, 0
    for v in range(shares.shape[0]):
        for u in range(shares.shape[1]):
            distance = (v - y) ** 2 + (u - x) ** 2
            if shares[v, u] > 1e-7 and distance < best:
                best, found = distance, v * shares.shape[1] + u
    return found
