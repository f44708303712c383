"""Pictures whose truth is exact since it was there first: round grains and dark pores in a streaked ground.

What makes few of them too few: stains and tones differ from picture to picture, grains differ in size and crowding,
and crumbs that look like grains but are too small to be any are ground.
"""

from __future__ import annotations

import numpy as np
from pictures import Ids, Picture, Pixels, Task
from scipy import ndimage

SIDE = 192
CLASSES = ("ground", "grain", "pore")


def field(rng: np.random.Generator, sigma: float | tuple[float, float]) -> Pixels:
    smooth = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), sigma, mode="wrap")
    return np.asarray(smooth / smooth.std(), np.float32)


def shape(rng: np.random.Generator, radius: float, long: float, rough: float) -> tuple[tuple[slice, slice], Pixels]:
    """Where one body is: a box, and in it the distance from its middle (1 is its outline)."""
    middle = rng.uniform(0, SIDE, 2)
    reach = 1.6 * radius * long + 3
    first = np.maximum(middle - reach, 0).astype(int)
    last = np.minimum(middle + reach, SIDE).astype(int) + 1
    box = np.s_[first[0] : last[0], first[1] : last[1]]
    y, x = np.mgrid[box].astype(np.float32)
    y, x = y - middle[0], x - middle[1]
    angle = rng.uniform(0, np.pi)
    across, along = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    turn = np.arctan2(along, across)
    waves = sum(rng.normal(0, rough / n) * np.cos(n * turn + rng.uniform(0, 6.3)) for n in range(2, 7))
    far = np.hypot(across / long, along * long) / (radius * (1 + waves))
    return box, far[: SIDE - first[0], : SIDE - first[1]]


def picture(n: int) -> Picture:
    """The picture of this number: always the same."""
    rng = np.random.default_rng((n, 20))
    labels: Ids = np.zeros((SIDE, SIDE), np.int64)
    streaks = field(rng, (1.2, 5.0)) * 0.6 + field(rng, 0.7) * 0.5
    tone = rng.normal(0, 0.03, 3)
    image = np.asarray((0.62, 0.55, 0.5) + tone + streaks[..., None] * (0.05, 0.045, 0.04), np.float32)
    image += 0.05 * field(rng, 30)[..., None]
    grainy, deep = field(rng, 1.6), field(rng, 0.8)
    size, hue = rng.uniform(8, 15), rng.normal(0, 0.04, 3)
    bodies = [("crumb", rng.uniform(2, 3.2)) for _ in range(rng.integers(15, 40))]
    bodies += [("pore", rng.uniform(3, 9)) for _ in range(rng.integers(4, 12))]
    bodies += [("grain", size * rng.lognormal(0, 0.3)) for _ in range(rng.integers(12, 34))]
    for place in rng.permutation(len(bodies)):
        kind, radius = bodies[place]
        box, far = shape(rng, radius, rng.uniform(1, 1.35), 0.1 if kind == "pore" else 0.05)
        ids = labels[box]
        inside = far < 1
        if kind != "crumb" and (ids[far < 1.1] > 0).any():
            continue
        cover = np.clip((1 - far) * radius + 0.5, 0, 1)[..., None]
        if kind == "crumb":
            cover = cover * (ids == 0)[..., None]
        shade = rng.normal(0, 0.035)
        if kind == "pore":
            colour = np.asarray((0.3, 0.27, 0.28)) + deep[box][..., None] * 0.03 + shade
            ids[inside] = 2
        else:
            colour = (0.55, 0.42, 0.46) + hue + shade + grainy[box][..., None] * (0.05, 0.05, 0.04)
            colour = colour - 0.08 * np.exp(-(((far - 0.92) * radius / 1.5) ** 2))[..., None]
            if kind == "grain":
                ids[inside] = 1
        image[box] = image[box] * (1 - cover) + colour * cover
    image = np.asarray(ndimage.gaussian_filter(image, (0.6, 0.6, 0)), np.float32)
    image += rng.normal(0, 0.025, image.shape)
    return Picture(np.clip(image, 0, 1).astype(np.float32), labels)


def grains() -> Task:
    """Numbers 0 to 14 can be annotated, 100 to 104 choose, 200 to 219 are the test."""
    choices = {
        1: tuple((n,) for n in range(5)),
        2: tuple((n, n + 5) for n in range(5)),
        4: tuple((n, n + 5, n + 6, n + 10) for n in range(5)),
        15: (tuple(range(15)),),
    }
    made = [tuple(picture(n) for n in span) for span in (range(15), range(100, 105), range(200, 220))]
    return Task("grains", CLASSES, (1, 2), None, *made, choices, steps=400)
