"""Compiled: which source region moved where, and the places that follow from it."""

from __future__ import annotations

import numpy as np

from analogon.kernels import kernel

#: Samples per axis on which the overlap of two regions is measured.
SAMPLES = 128
#: A motion later in the list, hence less plain, must explain a region better by this much IoU.
PLAIN_GAIN = 0.005
#: A shift that explains a region of the same box size this well is believed, however small the gain: large objects
#: overlap themselves nearly as well after a move of a few pixels. That is looked at on this many samples per axis.
SAME, FINE_SAMPLES = 0.99, 4096


@kernel(error_model="numpy")
def _overlap(source, wanted_s, target, wanted_t, motion, box, samples):  # type: ignore[no-untyped-def]
    """IoU inside a target box of the pixels ``target == wanted_t`` and those carried from ``source == wanted_s``."""
    top, left, bottom, right = box
    scale_r, scale_c, offset_r, offset_c = motion
    both = either = 0
    for r in range(top, bottom, 1 + (bottom - top - 1) // samples):
        y = int(np.rint(r * scale_r + offset_r))
        for c in range(left, right, 1 + (right - left - 1) // samples):
            here = target[r, c] == wanted_t
            x = int(np.rint(c * scale_c + offset_c))
            there = 0 <= y < source.shape[0] and 0 <= x < source.shape[1] and source[y, x] == wanted_s
            both += here & there
            either += here | there
    return both / max(either, 1)


@kernel(error_model="numpy")
def best_motions(classes_s, painted_s, regions_s, painted_t, regions_t, gain, stretch_cost):  # type: ignore[no-untyped-def]
    """For each target region, the motion that explains it best as a moved source region of its class.

    ``regions_s``, ``regions_t``: int64 (n, 7) of number, class, area and box of the regions that may move.

    Returns:
        float64 (len(regions_t) + 1, 4): ``place = point * m[:2] + m[2:]`` in (row, col); the last is that of the
        frame, "stay where you are", which also stands where no other has an IoU better by ``gain``.
    """
    hs, ws, ht, wt = classes_s.shape[0], classes_s.shape[1], painted_t.shape[0], painted_t.shape[1]
    motions = np.empty((len(regions_t) + 1, 4))
    stay = (hs / ht, ws / wt, 0.5 * hs / ht - 0.5, 0.5 * ws / wt - 0.5)
    for n in range(len(regions_t) + 1):
        motions[n, 0], motions[n, 1], motions[n, 2], motions[n, 3] = stay
    for n in range(len(regions_t)):
        t, own, area_t, b0, b1, b2, b3 = _seven(regions_t[n])
        box = (b0, b1, b2, b3)
        best, moved, stayed = _overlap(classes_s, own, painted_t, t, stay, box, SAMPLES) + gain, False, -1.0
        for m in range(len(regions_s)):
            s, kind, area_s, a0, a1, a2, a3 = _seven(regions_s[m])
            if kind != own:
                continue
            # plain ones first, since a tie keeps the first: shift, mirrored shift, one scale, two scales
            for plain in range(6):
                scale_r, scale_c = 1.0, 1.0
                if plain >= 2:
                    scale_r, scale_c = (a2 - a0) / (b2 - b0), (a3 - a1) / (b3 - b1)
                if plain == 2 or plain == 3:
                    scale_r = scale_c = np.sqrt(scale_r * scale_c)
                cost = stretch_cost * (abs(np.log2(scale_r)) + abs(np.log2(scale_c)))
                # the target box of what is carried; objects stand on something: the lower edges meet
                top, half = b2 - (a2 - a0) / scale_r, (a3 - a1) / scale_c / 2
                left, right = (b1 + b3) / 2 - half, (b1 + b3) / 2 + half
                # a bound on the IoU from the boxes and areas
                carried = area_s / (scale_r * scale_c)
                common = min((b2 - max(top, b0)) * (min(right, b3) - max(left, b1)), 1.05 * min(carried, area_t))
                if top >= 0 and left >= 0 and right <= wt:  # nothing is carried out of the frame
                    bound = common / (area_t + carried - common)
                else:
                    bound = common / area_t
                same = plain == 0 and a2 - a0 == b2 - b0 and a3 - a1 == b3 - b1 and not moved
                if bound - cost <= best and not (same and bound > SAME):
                    continue
                if plain % 2:
                    scale_c = -scale_c
                motion = (
                    scale_r,
                    scale_c,
                    (a2 - 1) - (b2 - 1) * scale_r,
                    (a1 + a3 - 1) / 2 - scale_c * (b1 + b3 - 1) / 2,
                )
                hull = (max(min(int(top), b0), 0), max(min(int(left), b1), 0), b2, min(max(int(right) + 1, b3), wt))
                score = _overlap(painted_s, s, painted_t, t, motion, hull, SAMPLES) - cost
                believed = score > best + PLAIN_GAIN
                if not believed and same and score > SAME:
                    if stayed < 0:
                        stayed = _overlap(classes_s, own, painted_t, t, stay, box, FINE_SAMPLES)
                    believed = score > stayed
                if believed:
                    best, moved = score, True
                    motions[n, 0], motions[n, 1], motions[n, 2], motions[n, 3] = motion
    return motions


@kernel(error_model="numpy")
def _seven(row):  # type: ignore[no-untyped-def]
    return row[0], row[1], row[2], row[3], row[4], row[5], row[6]


@kernel(error_model="numpy")
def place(classes_t, depths_t, runs, number, moves, motions, source, fringe, field):  # type: ignore[no-untyped-def]
    """Write the place of every target pixel into ``field``, and mark it as used where the class is right.

    Args:
        classes_t: target; ``depths_t``: its squared depths. runs, number: its regions. moves: the number of the
            motion of each region. motions: as from :func:`best_motions`. field: float32 (h, w, 2), is overwritten.
        source: classes, squared depths, the depth that is enough for each class, and bool (h, w) of used places.
        fringe: no more depth than this, in pixels, is asked for.

    Returns:
        int16 (h, w): the class of each pixel whose place is wrong (another class, or nearer to its border than the
        target pixel is), -1 elsewhere. A class that the source lacks stays where it is.
    """
    classes_s, depths_s, inner, used = source
    open_ = np.full(classes_t.shape, -1, np.int16)
    high_r, high_c = classes_s.shape[0] - 1.0, classes_s.shape[1] - 1.0
    for n in range(len(runs)):
        r, start, stop = runs[n, 0], runs[n, 1], runs[n, 2]
        own = classes_t[r, start]
        move = moves[number[n]]
        scale, offset = motions[move, 1], motions[move, 3]
        reduction = min(1.0, abs(motions[move, 0]), abs(scale))
        row = min(max(r * motions[move, 0] + motions[move, 2], 0.0), high_r)
        y = int(np.rint(row))
        for c in range(start, stop):
            col = min(max(c * scale + offset, 0.0), high_c)
            field[r, c, 0], field[r, c, 1] = row, col
            if inner[own] == 0:
                continue
            x = int(np.rint(col))
            # as deep in the source as in the target, up to the fringe; borders may wander by a pixel
            needed = min(max(np.sqrt(depths_t[r, c]) * reduction - 1.0, 1.0), fringe)
            if classes_s[y, x] == own and depths_s[y, x] >= min(needed * needed - 1e-6, inner[own]):
                used[y, x] = True
            else:
                open_[r, c] = own
    return open_
