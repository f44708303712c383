"""Small annotated pictures of three kinds: cells between walls, discs on plain ground, cars on a road."""

import numpy as np

from analogon import Exemplar, LabelClass, LabelMap, Palette
from analogon.augment import Source, Sources

WALL, INSIDE = 0, 1
GROUND, DISC = 0, 1
SKY, ROAD, CAR = 4, 5, 6


def exemplar(ids, classes, seed=0, noise=0.04):
    """A picture whose classes have the colours of the palette, with noise."""
    palette = Palette(tuple(LabelClass(number, name, color) for number, name, color in classes))
    labels = LabelMap(ids, palette)
    grain = np.random.default_rng(seed).normal(0, noise, (*ids.shape, 3))
    return Exemplar(np.clip(labels.colors() / 255 * 0.8 + 0.1 + grain, 0, 1).astype(np.float32), labels)


def cells(seed=0, side=96, count=40):
    """Cells between walls two or three pixels wide."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, side, (count, 2))
    rows, columns = np.indices((side, side))
    far = np.sqrt((rows[..., None] - points[:, 0]) ** 2 + (columns[..., None] - points[:, 1]) ** 2)
    near = np.sort(far, -1)
    ids = np.where(near[..., 1] - near[..., 0] < 2.5, WALL, INSIDE)
    return exemplar(ids, [(WALL, "wall", (40, 40, 40)), (INSIDE, "inside", (200, 190, 180))], seed)


def walled(width, side=144):
    """Square cells between straight walls of one width."""
    places = np.arange(side) % 24 < width
    ids = np.where(places[:, None] | places[None, :], WALL, INSIDE)
    return exemplar(ids, [(WALL, "wall", (40, 40, 40)), (INSIDE, "inside", (200, 190, 180))])


def discs(seed=0, side=80):
    """Nine discs anywhere on ground."""
    rng = np.random.default_rng(seed)
    ids = np.full((side, side), GROUND)
    rows, columns = np.indices(ids.shape)
    for row in range(3):
        for column in range(3):
            y, x = (np.array([row, column]) + 0.5) * side / 3 + rng.uniform(-4, 4, 2) * side / 80
            ids[(rows - y) ** 2 + (columns - x) ** 2 < (rng.uniform(4, 8) * side / 80) ** 2] = DISC
    return exemplar(ids, [(GROUND, "ground", (60, 120, 60)), (DISC, "disc", (220, 200, 60))], seed)


def street(seed=0):
    """Sky above, road below, two cars on it."""
    ids = np.full((64, 96), SKY)
    ids[30:] = ROAD
    ids[36:46, 10 + seed * 5 : 30 + seed * 5] = CAR
    ids[48:58, 60:80] = CAR
    classes = [(SKY, "sky", (120, 170, 230)), (ROAD, "road", (90, 90, 90)), (CAR, "car", (200, 40, 40))]
    return exemplar(ids, classes, seed)


def plain_road():
    """A street without cars."""
    ids = np.full((64, 96), SKY)
    ids[30:] = ROAD
    classes = [(SKY, "sky", (120, 170, 230)), (ROAD, "road", (90, 90, 90)), (CAR, "car", (200, 40, 40))]
    return exemplar(ids, classes)


def sources(*pictures, instances=None):
    return Sources.of([Source(f"p{n}", one, instances) for n, one in enumerate(pictures)])
