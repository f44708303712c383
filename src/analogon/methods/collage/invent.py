"""Invented layouts whose source places are known: objects moved, scaled, bent, their limbs turned, stuff bent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from analogon.methods.collage.things import Ids, Limb, Mask, Points, Thing, things_of

#: Limbs of less than a share of their region turn by up to FREE, others by up to WIDE, in radians.
SMALL_LIMB, FREE, WIDE = 0.04, 2.4, 1.3
#: Bends fade towards the frame, and away from borders between classes, over these shares of the shorter side: what a
#: layout does not show cannot be learnt from it.
EDGE, BESIDE = 0.15, 0.1
#: Shares of landscapes with a strip repeated, layouts with a blob painted, objects or landscapes that are mirrored.
STRIPS, PAINTED, MIRRORED = 0.35, 0.25, 0.08
#: State of a pixel's truth: known, and known to have none.
KNOWN, NONE = 1, 2


@dataclass(frozen=True, eq=False)
class Invention:
    """A layout (h, w), the source places (h, w, 2) of its pixels, and their state: 0 where nothing is known."""

    ids: Ids
    places: Points
    state: NDArray[np.uint8]


class Inventor:
    """Makes layouts from one source layout (h, w)."""

    def __init__(self, ids: Ids, rng: np.random.Generator) -> None:
        self.ids, self.rng = ids, rng
        self.things = things_of(ids, rng)
        height, width = ids.shape
        self.grid = np.mgrid[:height, :width].astype(np.float32)
        from_frame = np.minimum(self.grid, np.array(ids.shape, np.float32)[:, None, None] - 1 - self.grid)
        #: Whether what stands here could as well stand further left or right.
        self.landscape = not all(not any(thing.touches) for thing in self.things) or not self.things
        covered = np.zeros(ids.shape, bool)
        for thing in self.things:
            covered |= thing.mask
        self.covered = covered
        self.plate = ids
        if covered.any() and not covered.all():
            self.plate = ids[tuple(ndi.distance_transform_edt(covered, return_distances=False, return_indices=True))]
        depth = np.zeros(ids.shape)
        for c in np.unique(self.plate):
            depth += ndi.distance_transform_edt(np.pad(self.plate == c, 1, mode="edge"))[1:-1, 1:-1]
        beside = np.exp(-((depth / (BESIDE * min(ids.shape))) ** 2))
        self.free = (np.minimum(from_frame / (EDGE * min(ids.shape)), 1) * beside).astype(np.float32)

    def invent(self, rng: np.random.Generator) -> Invention:
        """A new layout, the same for the same state of the generator."""
        self.rng, (height, width) = rng, self.ids.shape
        places = self.grid.copy()
        # where all is one class its layout does not tell how it was bent
        if np.ptp(self.plate) and (rng.random() < 0.6 or not self.things):
            most = 0.05 if self.things else 0.1
            places += self._bend(self.ids.shape, rng.uniform(0.01, most) * min(height, width))
            if rng.random() < 0.4:  # skylines rise and fall
                places[0] += _smooth(rng, (1, width), 8)[0] * rng.uniform(0.02, 0.15) * height
            places = self.grid + (places - self.grid) * self.free
        near = self._nearest(places)
        ids = self.plate[near]
        state = np.where(self.covered[near] | self._outside(places), NONE, KNOWN).astype(np.uint8)
        acts = [(thing, again) for thing in self.things for again in range(2)]
        for n in rng.permutation(len(acts)):
            thing, again = acts[n]
            if rng.random() < (0.8 if again else 0.05):
                continue
            self._place(thing, ids, places, state, far=bool(again) or rng.random() < 0.4)
        if self.landscape and rng.random() < STRIPS:
            self._strip(ids, places, state)
        if self.landscape and rng.random() < MIRRORED:
            ids, places, state = ids[:, ::-1].copy(), places[:, :, ::-1].copy(), state[:, ::-1].copy()
        if rng.random() < PAINTED:
            self._paint(ids, state)
        return Invention(ids, np.ascontiguousarray(places.transpose(1, 2, 0)), state)

    def _strip(self, ids: Ids, places: Points, state: NDArray[np.uint8]) -> None:
        """Repeat some columns of the source elsewhere."""
        rng, (height, width) = self.rng, ids.shape
        wide = int(rng.uniform(0.08, 0.4) * width)
        start, to = (int(n) for n in rng.integers(0, width - wide, 2))
        down = round(rng.uniform(-0.04, 0.04) * height)
        rows = np.clip(np.arange(height) - down, 0, height - 1)
        ids[:, to : to + wide] = self.ids[rows, start : start + wide]
        places[0, :, to : to + wide] = rows[:, None]
        places[1, :, to : to + wide] = np.arange(start, start + wide)
        state[:, to : to + wide] = KNOWN

    def _paint(self, ids: Ids, state: NDArray[np.uint8]) -> None:
        """Paint a blob of some class, as a hand would: it comes from nowhere."""
        rng, (height, width) = self.rng, ids.shape
        row, col = rng.uniform(0, height), rng.uniform(0, width)
        radius = rng.uniform(0.03, 0.2) * min(height, width) * np.exp(rng.uniform(-0.5, 0.5, 2))
        away = np.hypot((self.grid[0] - row) / radius[0], (self.grid[1] - col) / radius[1])
        blob = away + 0.3 * _smooth(rng, ids.shape, 6) < 1
        class_ = rng.choice(np.unique(self.ids))
        state[blob & (ids != class_)] = NONE
        ids[blob] = class_

    def _nearest(self, places: Points) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        height, width = self.ids.shape
        rows = np.clip(np.rint(places[0]), 0, height - 1).astype(np.intp)
        return rows, np.clip(np.rint(places[1]), 0, width - 1).astype(np.intp)

    def _outside(self, places: Points) -> Mask:
        height, width = self.ids.shape
        outside: Mask = (places[0] < -0.5) | (places[1] < -0.5) | (places[0] > height - 0.5) | (places[1] > width - 0.5)
        return outside

    def _bend(self, shape: tuple[int, ...], reach: float) -> Points:
        cells = int(self.rng.integers(2, 6))
        bend: Points = np.stack([_smooth(self.rng, shape, cells) for _ in range(2)]) * np.float32(reach / 2)
        return bend

    def _place(self, thing: Thing, ids: Ids, places: Points, state: NDArray[np.uint8], *, far: bool) -> None:
        """Draw a thing in a new pose over a layout."""
        rng, (height, width) = self.rng, self.ids.shape
        top, left, bottom, right = thing.box
        size = np.array([bottom - top, right - left], np.float32)
        foot = np.array([bottom, (left + right) / 2], np.float32)
        shift = rng.uniform(-1, 1, 2) * (np.array([0.12 * height, 0.3 * width]) if far else 0.04 * size)
        scale = np.exp(rng.uniform(-0.3, 0.3) if rng.random() < 0.4 else rng.uniform(-0.05, 0.05)) * np.exp(
            rng.uniform(-0.1, 0.1, 2)
        )
        if any(thing.touches):
            shift *= [0.3, 0.1]
            scale = np.array([np.exp(rng.uniform(-0.3, 0.3)), 1.0])
        angle = rng.uniform(-0.15, 0.15) if rng.random() < 0.4 and not any(thing.touches) else 0.0
        back = _turn(-angle) / scale[:, None]
        if rng.random() < MIRRORED and not any(thing.touches):
            back = np.diag([1.0, -1.0]) @ back
        relative = self.grid - (foot + shift).astype(np.float32)[:, None, None]
        q = np.einsum("ij,jhw->ihw", back.astype(np.float32), relative) + foot[:, None, None]
        if rng.random() < 0.7:
            q += self._bend(self.ids.shape, rng.uniform(0.0, 0.08) * float(size.min()))
        chosen = self._limbs(thing)
        body = thing.mask.copy()
        for limb, *_ in chosen:
            body &= ~limb.own
        layers = [(body, (0, 0, height, width), q)]
        turned: list[tuple[Limb, Points]] = []
        for limb, angle, stretch, moved, kept in chosen:
            # a limb of a limb turns with it
            start = next((p for parent, p in reversed(turned) if parent.own[limb.own].all()), q)
            q_limb = _about(start, limb, angle, stretch, moved)
            turned.append((limb, q_limb))
            drawn = limb.drawn
            for other, *_ in chosen:
                if other is not limb and limb.own[other.own].all():
                    a, b, c, d = limb.box
                    drawn = drawn & ~other.own[a:c, b:d]
            if kept:
                layers.insert(len(layers) if rng.random() < 0.6 else 0, (drawn, limb.box, q_limb))
        for mask, (a, b, c, d), at in layers:
            rows, cols = np.rint(at[0]).astype(np.int32), np.rint(at[1]).astype(np.int32)
            outside = self._outside(at)
            if any(thing.touches):  # what was cut off by the frame goes on behind it
                rows, cols = np.clip(rows, 0, height - 1), np.clip(cols, 0, width - 1)
            inside = (rows >= a) & (rows < c) & (cols >= b) & (cols < d)
            ys, xs = np.nonzero(inside)
            hit = mask[rows[ys, xs] - a, cols[ys, xs] - b]
            ys, xs = ys[hit], xs[hit]
            ids[ys, xs] = thing.class_
            places[:, ys, xs] = at[:, ys, xs]
            state[ys, xs] = np.where(outside[ys, xs], NONE, KNOWN)

    def _limbs(self, thing: Thing) -> list[tuple[Limb, float, float, Points, bool]]:
        """Limbs that change, large ones first, with angle, stretch, sideways shift and whether they are drawn."""
        rng, chosen = self.rng, []
        if not thing.limbs:
            return []
        picked: list[Limb] = []
        for n in rng.permutation(len(thing.limbs))[: int(rng.integers(0, 7))]:
            limb = thing.limbs[n]
            if all(_nested_or_apart(limb.own, other.own) for other in picked):
                picked.append(limb)
        for limb in sorted(picked, key=lambda one: -int(one.own.sum())):
            widest = FREE if limb.own.sum() < SMALL_LIMB * thing.mask.sum() else WIDE
            angle = rng.uniform(-widest, widest) if rng.random() < 0.4 else rng.uniform(-0.5, 0.5)
            if any(thing.touches):
                angle *= 0.1
            stretch = float(np.exp(rng.uniform(-0.35, 0.35))) if rng.random() < 0.5 else 1.0
            moved = (rng.uniform(-4, 4, 2) if rng.random() < 0.3 else np.zeros(2)).astype(np.float32)
            chosen.append((limb, angle, stretch, moved, rng.random() > 0.05))
            if rng.random() < 0.15:  # a second one beside it
                aside = np.array([-limb.out[1], limb.out[0]]) * rng.uniform(-0.3, 0.3) * (thing.box[3] - thing.box[1])
                chosen.append((limb, angle + rng.uniform(-0.3, 0.3), 1.0, aside.astype(np.float32), True))
        return chosen


def _turn(angle: float) -> NDArray[np.float64]:
    """Rotation of (row, col)."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _about(q: Points, limb: Limb, angle: float, stretch: float, moved: Points) -> Points:
    """Source places for target places ``q`` after a limb has been lengthened, turned about its joint and moved."""
    along = np.outer(limb.out, limb.out)
    back = (np.eye(2) + (1 / stretch - 1) * along) @ _turn(-angle)
    relative = q - (limb.joint + moved)[:, None, None]
    places: Points = np.einsum("ij,jhw->ihw", back.astype(np.float32), relative) + limb.joint[:, None, None]
    return places


def _nested_or_apart(a: Mask, b: Mask) -> bool:
    both = int((a & b).sum())
    sizes = int(a.sum()), int(b.sum())
    return both == 0 or (both == min(sizes) and sizes[0] != sizes[1])


def _smooth(rng: np.random.Generator, shape: tuple[int, ...], cells: int) -> Points:
    """A smooth random plane (h, w) of about unit spread: cubic between about ``cells`` values along the longer side."""
    counts = [min(n, max(4, round(cells * n / max(shape)) + 3)) if n > 1 else 1 for n in shape]
    values = rng.standard_normal(counts).astype(np.float32)
    for axis, n in enumerate(shape):
        if n > 1:
            values = np.moveaxis(np.tensordot(_spline(n, counts[axis]), values, (1, axis)), 0, axis)
    return values


def _spline(n: int, count: int) -> NDArray[np.float32]:
    """Uniform cubic B-spline weights (n, count)."""
    at = np.linspace(1, count - 2 - 1e-4, n)
    u = np.abs(at[:, None] - np.arange(count)[None])
    weights = np.where(u < 1, 2 / 3 - u**2 + u**3 / 2, np.where(u < 2, (2 - u) ** 3 / 6, 0))
    return (weights * 1.5).astype(np.float32)
