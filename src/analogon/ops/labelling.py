"""Which of many maps carries each cell of the target: belief propagation over data and seam costs.

A map is eight numbers: class, row scale, row offset, column scale, column offset, cost, and what each column adds to
the row and each row to the column, which turns it. It sends the target pixel (y, x) to the source pixel
(row scale * y + row offset + row turn * x, column scale * x + column offset + column turn * y), rounded.
"""

from __future__ import annotations

import numpy as np

from analogon.kernels import kernel

#: Maps kept for a cell, the best by their own cost.
MOST = 12
ROUNDS = 10
#: Cost of a cell all of whose pixels come from the wrong class, and of one whose depths do not fit at all.
WRONG, SHALLOW = np.float32(4.0), np.float32(1.0)
#: Cost of any seam between two cells, and of the worst; colour differences count in units of SEAM_COLOUR levels.
SEAM, WORST_SEAM, SEAM_COLOUR = np.float32(0.05), np.float32(1.5), np.float32(60.0)
#: Depth (distance to a class border) is told apart up to this many pixels at 8 pixels per cell.
DEPTH = 6


@kernel()
def depths(ids, deepest):  # type: ignore[no-untyped-def]
    """Chamfer distance to the nearest pixel of another class, in thirds of a pixel, at most 3 * deepest (uint8).

    Pixels beside another class have 3; the frame is no border.
    """
    height, width = ids.shape
    most = np.int32(3 * deepest)
    out = np.empty((height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            c = ids[y, x]
            edge = (
                (y > 0 and ids[y - 1, x] != c)
                or (x > 0 and ids[y, x - 1] != c)
                or (y + 1 < height and ids[y + 1, x] != c)
                or (x + 1 < width and ids[y, x + 1] != c)
            )
            best = np.int32(3) if edge else most
            if y > 0:
                best = min(best, np.int32(out[y - 1, x]) + 3)
                if x > 0:
                    best = min(best, np.int32(out[y - 1, x - 1]) + 4)
                if x + 1 < width:
                    best = min(best, np.int32(out[y - 1, x + 1]) + 4)
            if x > 0:
                best = min(best, np.int32(out[y, x - 1]) + 3)
            out[y, x] = best
    for y in range(height - 1, -1, -1):
        for x in range(width - 1, -1, -1):
            best = np.int32(out[y, x])
            if y + 1 < height:
                best = min(best, np.int32(out[y + 1, x]) + 3)
                if x > 0:
                    best = min(best, np.int32(out[y + 1, x - 1]) + 4)
                if x + 1 < width:
                    best = min(best, np.int32(out[y + 1, x + 1]) + 4)
            if x + 1 < width:
                best = min(best, np.int32(out[y, x + 1]) + 3)
            out[y, x] = best
    return out


@kernel()
def far_from_core(ids, depth, radius, reach):  # type: ignore[no-untyped-def]
    """Which pixels lie farther than ``reach`` pixels from where their class is wider than 2 * ``radius``: bool (h, w).

    So a thin bar is, and a speck; the ragged rim of something broad is not. ``depth`` as from :func:`depths`; ways lead
    through the class, and bent ones may count as longer than they are.
    """
    height, width = ids.shape
    most = np.int32(3 * reach + 1)
    away = np.empty((height, width), np.int32)
    for scan in range(2):
        for n in range(height):
            y = n if scan == 0 else height - 1 - n
            before = y - 1 if scan == 0 else y + 1
            for m in range(width):
                x = m if scan == 0 else width - 1 - m
                if scan == 0:
                    away[y, x] = 0 if depth[y, x] >= 3 * (radius + 1) else most
                best = away[y, x]
                for dx in range(-1, 2):
                    nx = x + dx
                    if 0 <= before < height and 0 <= nx < width and ids[before, nx] == ids[y, x]:
                        best = min(best, away[before, nx] + (3 if dx == 0 else 4))
                nx = x - 1 if scan == 0 else x + 1
                if 0 <= nx < width and ids[y, nx] == ids[y, x]:
                    best = min(best, away[y, nx] + 3)
                away[y, x] = best
    return away == most


@kernel(inline=True)
def _row(maps, k, y, x):  # type: ignore[no-untyped-def]
    return int(np.floor(maps[k, 1] * y + maps[k, 2] + maps[k, 6] * x + np.float32(0.5)))


@kernel(inline=True)
def _col(maps, k, y, x):  # type: ignore[no-untyped-def]
    return int(np.floor(maps[k, 3] * x + maps[k, 4] + maps[k, 7] * y + np.float32(0.5)))


@kernel(inline=True)
def _within(position, size):  # type: ignore[no-untyped-def]
    return min(max(position, 0), size - 1)


@kernel()
def rate(  # type: ignore[no-untyped-def]
    source_ids, target_ids, source_depths, target_depths, maps, prior, expected, astray, context, cell, deepest, first,
    last, chosen, costs,
):  # fmt: skip
    """For the cells of rows first..last the best maps of their main class (``chosen``, -1 where fewer) and costs.

    ``prior`` (maps, or 0 for none, grid) is what a map costs at a cell beside its own cost. ``expected`` (grid, 4): a
    class, and the source place (row, col) where a map should lead the cell's middle if that is its main class, and a
    factor of what it costs if it does not. ``astray``: the pixels beside it that cost nothing, the cost of each
    further one, and the most. ``context``: what stands about the cells of the source and of the target, both (n, grid);
    each difference between them is a cost, but where the target has a negative value.
    """
    height, width = target_ids.shape
    rows, cols = source_ids.shape
    there, here = context
    grid_cols = chosen.shape[1]
    step = max(1, cell // 4)
    classes = 0
    for k in range(maps.shape[0]):
        classes = max(classes, int(maps[k, 0]) + 1)
    counts = np.zeros(classes, np.int32)
    for gy in range(first, last):
        for gx in range(grid_cols):
            counts[:] = 0
            bottom, end = min((gy + 1) * cell, height), min((gx + 1) * cell, width)
            for y in range(gy * cell, bottom, step):
                for x in range(gx * cell, end, step):
                    if target_ids[y, x] < classes:
                        counts[target_ids[y, x]] += 1
            main = 0
            for c in range(1, classes):
                if counts[c] > counts[main]:
                    main = c
            known = 0
            for k in range(maps.shape[0]):
                base = maps[k, 5] + (prior[k, gy, gx] if prior.shape[0] > 0 else np.float32(0))
                if int(maps[k, 0]) != main or (known == MOST and base >= costs[gy, gx, MOST - 1]):
                    continue
                total = np.float32(0)
                for y in range(gy * cell, bottom, step):
                    for x in range(gx * cell, end, step):
                        if target_ids[y, x] != main:
                            continue
                        qy, qx = _row(maps, k, y, x), _col(maps, k, y, x)
                        if qy < 0 or qx < 0 or qy >= rows or qx >= cols or source_ids[qy, qx] != main:
                            total += WRONG
                        else:
                            gap = abs(np.float32(source_depths[qy, qx]) - np.float32(target_depths[y, x]))
                            total += SHALLOW * gap / np.float32(3 * deepest)
                cost = total / max(counts[main], 1) + base
                y, x = gy * cell + cell / 2, gx * cell + cell / 2
                row = maps[k, 1] * y + maps[k, 2] + maps[k, 6] * x
                col = maps[k, 3] * x + maps[k, 4] + maps[k, 7] * y
                if int(expected[gy, gx, 0]) == main:
                    dy, dx = row - expected[gy, gx, 1], col - expected[gy, gx, 2]
                    far = np.float32(np.sqrt(dy * dy + dx * dx))
                    cost += min(max(far - astray[0], np.float32(0)) * astray[1], astray[2]) * expected[gy, gx, 3]
                qy, qx = int(_within(row, rows)) // cell, int(_within(col, cols)) // cell
                for n in range(here.shape[0]):
                    if here[n, gy, gx] >= 0:
                        cost += abs(there[n, qy, qx] - here[n, gy, gx])
                if known == MOST and cost >= costs[gy, gx, MOST - 1]:
                    continue
                at = min(known, MOST - 1)
                while at > 0 and costs[gy, gx, at - 1] > cost:
                    costs[gy, gx, at], chosen[gy, gx, at] = costs[gy, gx, at - 1], chosen[gy, gx, at - 1]
                    at -= 1
                costs[gy, gx, at], chosen[gy, gx, at] = cost, k
                known = min(known + 1, MOST)
            for k in range(known, MOST):
                costs[gy, gx, k], chosen[gy, gx, k] = np.float32(1e6), -1


@kernel()
def seam_costs(source, maps, chosen, cell, seam, first, last, out):  # type: ignore[no-untyped-def]
    """What it costs that a cell and its right (``out[0]``) or lower (``out[1]``) neighbour take two given maps.

    Colours of both maps are compared along the border of the cells. Any seam costs the larger of what it costs at
    either map, ``seam`` (maps).
    """
    rows, cols = source.shape[:2]
    grid_rows, grid_cols, most = chosen.shape
    step = max(1, cell // 4)
    samples = max(1, cell // step)
    mine = np.zeros((most, samples, 3), np.float32)
    theirs = np.zeros((most, samples, 3), np.float32)
    for gy in range(first, last):
        for gx in range(grid_cols):
            for axis in range(2):
                ny, nx = gy + axis, gx + 1 - axis
                if ny >= grid_rows or nx >= grid_cols:
                    continue
                for s in range(samples):
                    y = ny * cell if axis else gy * cell + s * step
                    x = gx * cell + s * step if axis else nx * cell
                    for a in range(most):
                        k = chosen[gy, gx, a]
                        if k >= 0:
                            qy, qx = _within(_row(maps, k, y, x), rows), _within(_col(maps, k, y, x), cols)
                            for c in range(3):
                                mine[a, s, c] = source[qy, qx, c]
                        k = chosen[ny, nx, a]
                        if k >= 0:
                            qy, qx = _within(_row(maps, k, y, x), rows), _within(_col(maps, k, y, x), cols)
                            for c in range(3):
                                theirs[a, s, c] = source[qy, qx, c]
                for a in range(most):
                    for b in range(most):
                        if chosen[gy, gx, a] < 0 or chosen[ny, nx, b] < 0 or chosen[gy, gx, a] == chosen[ny, nx, b]:
                            out[axis, gy, gx, a, b] = 0
                            continue
                        total = np.float32(0)
                        for s in range(samples):
                            square = np.float32(0)
                            for c in range(3):
                                d = (mine[a, s, c] - theirs[b, s, c]) / SEAM_COLOUR
                                square += d * d
                            total += min(square / 3, WORST_SEAM)
                        dearer = max(seam[chosen[gy, gx, a]], seam[chosen[ny, nx, b]])
                        out[axis, gy, gx, a, b] = dearer + total / samples


@kernel()
def agree(costs, seams):  # type: ignore[no-untyped-def]
    """Min-sum belief propagation, in sweeps over the four directions: the position of the best map of each cell."""
    height, width, most = costs.shape
    messages = np.zeros((4, height, width, most), np.float32)
    belief, sent = np.empty(most, np.float32), np.empty(most, np.float32)
    for _ in range(ROUNDS):
        for way in range(4):  # to the right, to the left, down, up
            for i in range(height if way < 2 else width):
                length = width if way < 2 else height
                for n in range(length - 1):
                    j = n if way % 2 == 0 else length - 1 - n
                    y, x = (i, j) if way < 2 else (j, i)
                    ny = y if way < 2 else (y + 1 if way == 2 else y - 1)
                    nx = x if way >= 2 else (x + 1 if way == 0 else x - 1)
                    for a in range(most):
                        total = costs[y, x, a]
                        for q in range(4):
                            if q != way ^ 1:
                                total += messages[q, y, x, a]
                        belief[a] = total
                    least = np.float32(np.inf)
                    for b in range(most):
                        best = np.float32(np.inf)
                        for a in range(most):
                            if way == 0:
                                seam = seams[0, y, x, a, b]
                            elif way == 1:
                                seam = seams[0, y, nx, b, a]
                            elif way == 2:
                                seam = seams[1, y, x, a, b]
                            else:
                                seam = seams[1, ny, x, b, a]
                            best = min(best, belief[a] + seam)
                        sent[b] = best
                        least = min(least, best)
                    for b in range(most):
                        messages[way, ny, nx, b] = sent[b] - least
    out = np.zeros((height, width), np.int32)
    for y in range(height):
        for x in range(width):
            best = np.float32(np.inf)
            for a in range(most):
                total = costs[y, x, a]
                for q in range(4):
                    total += messages[q, y, x, a]
                if total < best:
                    best, out[y, x] = total, a
    return out


@kernel()
def carry(source_ids, target_ids, maps, chosen, cell, fallback, first, last, out):  # type: ignore[no-untyped-def]
    """Source places of rows first..last (into ``out``) by the map of their cell (``chosen``: one per cell).

    Where that leads to another class, by the map of a neighbouring cell, else by the ``fallback`` field.
    """
    rows, cols = source_ids.shape
    for y in range(first, last):
        for x in range(target_ids.shape[1]):
            own = target_ids[y, x]
            done = False
            for n in range(9):
                # the own cell, its four neighbours, its corners
                dy = (0, 0, 0, -1, 1, -1, -1, 1, 1)[n]
                dx = (0, -1, 1, 0, 0, -1, 1, -1, 1)[n]
                gy, gx = y // cell + dy, x // cell + dx
                if gy < 0 or gx < 0 or gy >= chosen.shape[0] or gx >= chosen.shape[1]:
                    continue
                k = chosen[gy, gx]
                if k < 0 or int(maps[k, 0]) != own:
                    continue
                qy, qx = _row(maps, k, y, x), _col(maps, k, y, x)
                if 0 <= qy < rows and 0 <= qx < cols and source_ids[qy, qx] == own:
                    out[y, x, 0], out[y, x, 1] = qy, qx
                    done = True
                    break
            if not done:
                out[y, x, 0] = min(max(int(np.floor(fallback[y, x, 0] + 0.5)), 0), rows - 1)
                out[y, x, 1] = min(max(int(np.floor(fallback[y, x, 1] + 0.5)), 0), cols - 1)
