"""Where in the source could each target pixel come from? A first answer from the two layouts alone.

Geometry only, no pixel of a picture is looked at: objects are followed by translation, scaling or mirroring of
their connected regions, everything else stays in its place, and places that have the wrong class in the source
are filled, in pieces as large as possible, from elsewhere in the right class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy import signal

from analogon.data import LabelMap

Field = NDArray[np.float32]
#: (top, left, bottom, right), bottom and right outside.
Box = tuple[float, float, float, float]

#: A motion replaces "stay where you are" only if it explains the region's shape better by this much IoU.
MOTION_GAIN = 0.08
#: Regions under this share of the picture follow their class instead of a motion of their own.
SMALLEST_REGION = 0.002
#: Pixels this near to a class border in the target come from as near to one in the source: the outline of an
#: object mixes both classes over about this many pixels, and would be left behind as a ghost otherwise.
FRINGE = 3

#: Overlaps are measured on at most this many rows and columns.
OVERLAP_GRID = 512
#: A piece with the wrong class is moved as a whole; what does not fit is tried again, this often.
ROUNDS = 4
#: Pieces of fewer pixels, or of a smaller share of the source, take the nearest place of their class.
SMALLEST_PIECE, SMALLEST_PIECE_SHARE = 6, 2e-5
#: Shifts are searched on a grid of about this many cells a side.
SHIFT_GRID = 96
#: What a shift over the whole height or width costs, against 1 for a piece that fits completely. Pictures change
#: more from top to bottom (sky, ground) than from side to side.
FAR_ROWS, FAR_COLUMNS = 0.6, 0.2
#: Source pixels between neighbours of a solid piece: enlarged to twice the size at most, reduced to half.
LEAST_STEP, MOST_STEP = 0.45, 2.1


@dataclass(frozen=True, eq=False)
class Transport:
    """Where each target pixel comes from.

    Attributes:
        field: float32 (h, w, 2), (row, col) in source pixels, inside the source.
        filled: bool (h, w), places that neither stayed nor moved with a region: holes that objects left, parts
            that are new. Their content comes from elsewhere in the class, and its tone may not fit.
    """

    field: Field
    filled: NDArray[np.bool_]


def transport(source: LabelMap, target: LabelMap) -> Transport:
    """Source places for every target pixel, from the layouts alone.

    Args:
        source: (h, w) label map of the source picture.
        target: (h', w') label map with classes of the source; sizes may differ.

    Returns:
        Places (h', w') whose class in the source is the target's class, wherever the source has that class.
    """
    src, tgt = source.indices(), _indices_like(source, target)
    field, reduction = _frame_field(src.shape, tgt.shape), np.ones(tgt.shape)
    for c in np.unique(tgt):
        for region in _regions(tgt == c):
            motion = _best_motion(src == c, region)
            if motion is not None:
                rows, cols = np.nonzero(region)
                field[rows, cols] = motion(np.stack([rows, cols], -1).astype(np.float32))
                reduction[rows, cols] = min(1.0, *np.abs(motion.scale))
    np.clip(field, 0, np.array(src.shape, np.float32) - 1, out=field)
    moved = field.copy()
    _into_class(field, src, tgt, reduction)
    return Transport(field, (field != moved).any(-1))


def solid(field: Field, margin: int = 1) -> NDArray[np.bool_]:
    """Where the field carries a piece as a whole: bool (h, w).

    False within ``margin`` pixels of a step between neighbours that is not about one source pixel: a seam between
    pieces, a place where one source pixel is repeated, a strong stretch. Shifts and mirrorings are solid.
    """
    torn = np.zeros(field.shape[:2], bool)
    for axis in (0, 1):
        step = np.linalg.norm(np.diff(field, axis=axis), axis=-1)
        broken = (step < LEAST_STEP) | (step > MOST_STEP)
        here = [slice(None), slice(None)]
        for side in (slice(0, -1), slice(1, None)):
            here[axis] = side
            torn[tuple(here)] |= broken
    return ~ndi.binary_dilation(torn, np.ones((3, 3), bool), iterations=margin) if margin else ~torn


def _indices_like(source: LabelMap, target: LabelMap) -> NDArray[np.int64]:
    """The target's ids as positions in the source's palette."""
    lookup = {int(i): n for n, i in enumerate(source.palette.ids)}
    values, inverse = np.unique(target.ids, return_inverse=True)
    return np.array([lookup.get(int(v), -1) for v in values], np.int64)[inverse].reshape(target.shape)


def _frame_field(src: tuple[int, ...], tgt: tuple[int, ...]) -> Field:
    """The same relative place in the frame (pixel centres at half-integers)."""
    axes = [(np.arange(n, dtype=np.float32) + 0.5) * (m / n) - 0.5 for n, m in zip(tgt, src, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).astype(np.float32)


def _regions(mask: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """Connected regions (8-neighbourhood) that are large enough to have a motion, largest first."""
    labels, count = ndi.label(mask, np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    for n in np.argsort(-areas):
        if areas[n] >= SMALLEST_REGION * mask.size:
            yield labels == n + 1


class _Motion:
    """An axis-aligned map of target points to source points: ``point * scale + offset`` (row, col)."""

    def __init__(self, scale: tuple[float, float], offset: tuple[float, float]) -> None:
        self.scale, self.offset = np.array(scale, np.float32), np.array(offset, np.float32)

    def __call__(self, points: Field) -> Field:
        return points * self.scale + self.offset


def _best_motion(src: NDArray[np.bool_], region: NDArray[np.bool_]) -> _Motion | None:
    """The motion that explains a target region best as a moved source region; None to stay in place."""
    stay = _frame_motion(src.shape, region.shape)
    box = _box(region)
    best, best_score = None, _overlap(src & _within(box, stay, src.shape), region, stay) + MOTION_GAIN
    for candidate in _regions(src):
        for motion in _candidates(_box(candidate), box):
            score = _overlap(candidate, region, motion)
            if score > best_score + 1e-6:
                best, best_score = motion, score
    return best


def _within(box: Box, motion: _Motion, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The source pixels that a target box covers, moved: what lies beyond is another matter than this region."""
    inside = np.zeros(shape, bool)
    corners = motion(np.array([box[:2], box[2:]], np.float32))
    (top, left), (bottom, right) = np.rint(corners).astype(int)
    inside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
    return inside


def _frame_motion(src: tuple[int, ...], tgt: tuple[int, ...]) -> _Motion:
    scale = (src[0] / tgt[0], src[1] / tgt[1])
    return _Motion(scale, (0.5 * scale[0] - 0.5, 0.5 * scale[1] - 0.5))


def _box(mask: NDArray[np.bool_]) -> Box:
    """(top, left, bottom, right) with bottom and right outside."""
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(rows[0]), float(cols[0]), float(rows[-1] + 1), float(cols[-1] + 1)


def _candidates(src: Box, tgt: Box) -> Iterator[_Motion]:
    """Plain ones first, since a tie keeps the first: shift, mirrored shift, one scale, two scales."""
    size_s, size_t = (src[2] - src[0], src[3] - src[1]), (tgt[2] - tgt[0], tgt[3] - tgt[1])
    ratio = (size_s[0] / size_t[0], size_s[1] / size_t[1])
    even = float(np.sqrt(ratio[0] * ratio[1]))
    for scale in ((1.0, 1.0), (even, even), ratio):
        for flip in (1.0, -1.0):
            centre_s, centre_t = (src[1] + src[3] - 1) / 2, (tgt[1] + tgt[3] - 1) / 2
            # objects stand on something: the lower edges meet
            rows = (src[2] - 1) - (tgt[2] - 1) * scale[0]
            yield _Motion((scale[0], flip * scale[1]), (rows, centre_s - flip * centre_t * scale[1]))


def _overlap(src: NDArray[np.bool_], region: NDArray[np.bool_], motion: _Motion) -> float:
    """Intersection over union of the target region and the source region carried by the motion.

    Rows and columns move independently, and large maps are measured on a grid of every n-th pixel.
    """
    axes = []
    for axis in (0, 1):
        at = np.arange(0, region.shape[axis], -(-region.shape[axis] // OVERLAP_GRID))
        place = np.rint(at * motion.scale[axis] + motion.offset[axis]).astype(np.int64)
        inside = (place >= 0) & (place < src.shape[axis])
        axes.append((at, np.clip(place, 0, src.shape[axis] - 1), inside))
    (rows, from_rows, rows_inside), (cols, from_cols, cols_inside) = axes
    wanted = region[np.ix_(rows, cols)]
    moved = src[np.ix_(from_rows, from_cols)] & rows_inside[:, None] & cols_inside[None]
    union = (moved | wanted).sum()
    return float((moved & wanted).sum() / union) if union else 0.0


def _into_class(field: Field, src: NDArray[np.int64], tgt: NDArray[np.int64], reduction: NDArray[np.float64]) -> None:
    """Send every place of the wrong class to the right one, in pieces as large as possible.

    ``reduction`` (h, w): source pixels per target pixel where that is less than one.
    """
    for c in np.unique(tgt):
        if not (src == c).any():
            continue
        here, there = tgt == c, src == c
        depth_t, depth_s = _depth(here), _depth(there)
        # as deep in the source as in the target, up to the fringe; borders may wander by a pixel
        needed = np.minimum(np.clip(depth_t * reduction - 1, 1, FRINGE), depth_s.max())
        inner = depth_s >= min(FRINGE, depth_s.max())
        shares = _blocks(inner, -(-max(inner.shape) // SHIFT_GRID))
        for _ in range(ROUNDS):
            wrong = here & ~_allowed(field, depth_s, needed)
            pieces, count = ndi.label(wrong, np.ones((3, 3)))
            if not count:
                break
            for number, box in enumerate(ndi.find_objects(pieces), 1):
                _shift_piece(field, box, pieces[box] == number, inner, shares)
        wrong = here & ~_allowed(field, depth_s, needed)
        if wrong.any():
            near = np.rint(field[wrong]).astype(np.int64)
            nearest = ndi.distance_transform_edt(~inner, return_distances=False, return_indices=True)
            field[wrong] = nearest[:, near[:, 0], near[:, 1]].T


def _allowed(field: Field, depth: NDArray[np.float64], needed: NDArray[np.float64]) -> NDArray[np.bool_]:
    rows, cols = np.rint(field).astype(np.int64).transpose(2, 0, 1)
    deep_enough: NDArray[np.bool_] = depth[rows, cols] >= needed
    return deep_enough


def _shift_piece(
    field: Field,
    box: tuple[slice, ...],
    piece: NDArray[np.bool_],
    inner: NDArray[np.bool_],
    shares: NDArray[np.float64],
) -> None:
    """Move the places of a piece by the one shift that brings most of it into ``inner``, and not far.

    All shifts are tried at once by correlating the two masks (FFT) at a reduced size, where ``shares`` is how much
    of each cell ``inner`` covers.
    """
    if piece.sum() < max(SMALLEST_PIECE, SMALLEST_PIECE_SHARE * inner.size):
        return
    factor = -(-max(inner.shape) // SHIFT_GRID)
    rows, cols = np.nonzero(piece)
    rows, cols = rows + box[0].start, cols + box[1].start
    places = np.rint(field[rows, cols]).astype(np.int64)
    size = shares.shape
    wanted = np.zeros(size)
    np.add.at(wanted, (places[:, 0] // factor, places[:, 1] // factor), 1.0)
    gained = signal.fftconvolve(shares, wanted[::-1, ::-1]) / len(rows)
    dy = np.abs(np.arange(gained.shape[0]) - (size[0] - 1))[:, None] / size[0]
    dx = np.abs(np.arange(gained.shape[1]) - (size[1] - 1))[None] / size[1]
    best = np.unravel_index((gained - FAR_ROWS * dy - FAR_COLUMNS * dx).argmax(), gained.shape)
    shift = (np.array(best) - (np.array(size) - 1)) * factor
    moved = places + shift
    inside = ((moved >= 0) & (moved < inner.shape)).all(1)
    inside[inside] = inner[moved[inside, 0], moved[inside, 1]]
    # half-pixel places round to even, so that a shift may carry one just over the frame
    arrived = field[rows[inside], cols[inside]] + shift.astype(np.float32)
    field[rows[inside], cols[inside]] = np.clip(arrived, 0, np.array(inner.shape) - 1)


def _blocks(mask: NDArray[np.bool_], factor: int) -> NDArray[np.float64]:
    """Share of each factor x factor block that the mask covers; what lies outside counts as uncovered."""
    h, w = mask.shape
    padded = np.pad(mask, ((0, -h % factor), (0, -w % factor))).astype(float)
    shares: NDArray[np.float64] = padded.reshape(-(-h // factor), factor, -(-w // factor), factor).mean((1, 3))
    return shares


def _depth(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance to the nearest pixel outside the mask; the frame is no border; 0 outside."""
    if mask.all():
        return np.full(mask.shape, np.inf)
    depth: NDArray[np.float64] = ndi.distance_transform_edt(mask)
    return depth
