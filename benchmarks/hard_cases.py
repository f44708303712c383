"""Hard layouts of zebra, tree, building, hill and renoir; points are pixels of their label maps."""

import numpy as np
from hard_source import Layout, Source, layout
from painting import Ids, Mask, below, bent, disc, filled, jointed, placed, put, rounded, smoothed, stroke, within

LAYOUTS: list[Layout] = []


# --- zebra: 572x380, the animal 'orange' on 'green'


def _zebra_front_leg(source: Source) -> tuple[Mask, Mask]:
    """The front leg and its part from the knee."""
    animal, shape = source.of("orange"), source.ids.shape
    leg = animal & within(shape, [(216, 382), (216, 440), (330, 460), (330, 400), (250, 384)])
    return leg, leg & within(shape, [(262, 380), (258, 450), (335, 470), (335, 380)])


def _zebra_small(
    source: Source, scale: float, feet: tuple[float, float], onto: Ids, mirror: bool = False, turn: float = 0.0
) -> Ids:
    """The animal put down with its feet at a place."""
    return put(
        onto, placed(source.ids, source.of("orange"), (325, 280), scale=scale, to=feet, mirror=mirror, turn=turn)
    )


def _meadow(source: Source) -> Ids:
    return np.full_like(source.ids, source.id("green"))


@layout("pose", LAYOUTS)
def zebra_head_up(source: Source) -> Ids:
    """The grazing zebra, somewhat smaller, lifts its head: neck and head turn at the shoulder and the nape."""
    green = source.id("green")
    wide = np.pad(source.ids, ((60, 0), (0, 160)), constant_values=green)  # the posed figure is larger than the frame
    animal = wide == source.id("orange")
    neck = animal & within(wide.shape, [(120, 405), (248, 432), (275, 445), (400, 445), (400, 572), (120, 572)])
    head = neck & within(wide.shape, [(225, 540), (282, 455), (400, 440), (400, 572), (225, 572)])
    posed = jointed(wide, green, [(neck, (190, 412), 76, 58), (head, (256, 495), -34, 34)])
    posed = put(
        np.full_like(wide, green),
        placed(posed, posed != green, (390, 140), scale=0.84, to=(385, 118)),
    )
    return smoothed(posed[60:, : source.ids.shape[1]], source.ids, 4)


@layout("pose", LAYOUTS)
def zebra_leg_lifted(source: Source) -> Ids:
    """A front leg is lifted: turned forward and bent back at the knee."""
    leg, shin = _zebra_front_leg(source)
    limbs = [(leg, (222, 398), 26, 12), (shin, (260, 408), -96, 10)]
    return smoothed(jointed(source.ids, source.id("green"), limbs), source.ids, 2.5)


@layout("pose", LAYOUTS)
def zebra_rearing(source: Source) -> Ids:
    """The zebra, somewhat smaller, rises 25 degrees on its hind legs."""
    animal = source.of("orange")
    out = put(_meadow(source), placed(source.ids, animal, (325, 150), scale=0.8, turn=25, to=(340, 150)))
    return smoothed(out, source.ids, 1.5)


@layout("pose", LAYOUTS)
def zebra_tail_up(source: Source) -> Ids:
    """The tail is curled up over the back, where there was grass."""
    rump = [(100, 109), (125, 113), (165, 134), (215, 141), (250, 60), (250, 0), (100, 60)]
    tail = source.of("orange") & within(source.ids.shape, rump)
    out = np.where(tail, source.id("green"), source.ids)
    path = [(110, 122, 10), (70, 78, 8), (36, 62, 8), (18, 96, 10), (34, 128, 6)]
    return smoothed(np.where(stroke(out.shape, path), source.id("orange"), out), source.ids, 3)


@layout("overlap", LAYOUTS)
def zebra_pair(source: Source) -> Ids:
    """Two zebras at seven tenths of the size face each other, the near one before the other's head."""
    out = _zebra_small(source, 0.68, (255, 195), _meadow(source))
    return smoothed(_zebra_small(source, 0.68, (330, 375), out, mirror=True), source.ids, 1.5)


@layout("instances", LAYOUTS)
def zebra_herd(source: Source) -> Ids:
    """Four small zebras stand apart, two of them mirrored."""
    out = _meadow(source)
    for scale, feet, mirror in ((0.38, (130, 130), False), (0.42, (150, 420), True)):
        out = _zebra_small(source, scale, feet, out, mirror)
    for scale, feet, mirror in ((0.5, (330, 150), True), (0.46, (345, 440), False)):
        out = _zebra_small(source, scale, feet, out, mirror)
    return smoothed(out, source.ids, 1.5)


# --- tree: 250x250, the crown 'green' before 'cyan' sky on an 'orange' meadow


def _crown(source: Source) -> Mask:
    """The crown, whose right side the frame cuts off, made whole with its left half."""
    columns = np.arange(source.ids.shape[1])[None, :]
    half = source.of("green") & (columns <= 167)
    whole: Mask = half | placed(source.ids, half, (198, 167), mirror=True)[0]
    return whole


def _crown_at(source: Source, onto: Ids, scale: float | tuple[float, float], foot: tuple[float, float]) -> Ids:
    laid, _ = placed(source.ids, _crown(source), (197, 167), scale=scale, to=foot)
    return np.where(laid, source.id("green"), onto)


def _field(source: Source) -> Ids:
    """Sky and meadow without the tree."""
    horizon = below(source.ids.shape, [(205, 0), (204, 80), (199, 170), (197, 249)])
    bare = np.where(horizon, source.id("orange"), source.id("cyan"))
    return np.where(source.of("green"), bare, source.ids)


@layout("growth", LAYOUTS)
def tree_grown(source: Source) -> Ids:
    """The crown at one and a half times its size, out of the frame at the top and on the right."""
    grown = placed(source.ids, source.of("green"), (197, 167), scale=1.5, to=(199, 150))
    return smoothed(put(_field(source), grown), source.ids, 1.0)


@layout("pose", LAYOUTS)
def tree_windswept(source: Source) -> Ids:
    """A storm bends the crown to the left, the more the higher, and flattens it."""
    alone = _crown_at(source, np.full_like(source.ids, source.id("cyan")), (0.85, 1.0), (198, 165))
    swept = bent(alone, lambda r, c: (r, c + 70 * (np.clip(198 - r, 0, None) / 120) ** 1.6))
    return smoothed(np.where(swept == source.id("green"), swept, _field(source)), source.ids, 1.0)


@layout("overlap", LAYOUTS)
def tree_in_front(source: Source) -> Ids:
    """A second, smaller tree stands nearer, on the meadow, before the first one's edge."""
    return smoothed(_crown_at(source, source.ids, 0.62, (236, 82)), source.ids, 1.0)


@layout("instances", LAYOUTS)
def tree_row(source: Source) -> Ids:
    """A row of four trees that shrinks to the left, with sky between the crowns."""
    out = _field(source)
    for scale, foot in ((0.6, (201, 197)), (0.36, (203, 108)), (0.26, (204, 52)), (0.18, (205, 17))):
        out = _crown_at(source, out, scale, foot)
    return smoothed(out, source.ids, 1.0)


# --- building: 700x394, towers 'orange' between 'cyan' sky and 'green' water


def _tower(source: Source, left: float, right: float) -> Mask:
    """The towers between two columns, above the quay."""
    shape = source.ids.shape
    return source.of("orange") & within(shape, [(80, left), (80, right), (262, right), (262, left)])


@layout("hole", LAYOUTS)
def building_towers_gone(source: Source) -> Ids:
    """The two tallest towers are gone, and sky stands between the low houses beside them."""
    gone = _tower(source, 404, 474) | _tower(source, 477, 552)
    low = below(source.ids.shape, [(243, 0), (243, 440), (237, 699)])
    return smoothed(np.where(gone & ~low, source.id("cyan"), source.ids), source.ids, 2)


@layout("pose", LAYOUTS)
def building_leaning(source: Source) -> Ids:
    """Two towers lean outwards, by 14 and by 12 degrees, and leave a wedge of sky."""
    out, shape = source.ids, source.ids.shape
    left, right = _tower(source, 404, 447), _tower(source, 478, 507)
    out = np.where((left | right) & ~below(shape, [(228, 0), (228, 699)]), source.id("cyan"), out)
    out = put(out, placed(source.ids, left, (262, 422), turn=14))
    return smoothed(put(out, placed(source.ids, right, (262, 492), turn=-12)), source.ids, 2)


@layout("growth", LAYOUTS)
def building_grown(source: Source) -> Ids:
    """The right tower is twice as high and more than twice as broad, before its neighbours."""
    tower = _tower(source, 478, 507)
    return smoothed(put(source.ids, placed(source.ids, tower, (262, 492), scale=(1.6, 2.4))), source.ids, 2)


@layout("instances", LAYOUTS)
def building_doubled(source: Source) -> Ids:
    """The pair of towers stands again, mirrored, in the gap on the left, before the houses beside it."""
    pair = _tower(source, 404, 470)
    out = put(source.ids, placed(source.ids, pair, (262, 437), to=(262, 195), mirror=True))
    return smoothed(put(out, placed(source.ids, pair, (262, 437), to=(262, 640), scale=0.8)), source.ids, 2)


# --- hill: 682x400, 'purple' hills between 'brown' sky and 'olive' water with a 'light blue' boat


def _boat_at(source: Source, onto: Ids, scale: float, keel: tuple[float, float]) -> Ids:
    return put(onto, placed(source.ids, source.of("light blue"), (354, 335), scale=scale, to=keel))


@layout("pose", LAYOUTS)
def hill_other_ridge(source: Source) -> Ids:
    """The high ridge is worn down to a saddle, and a second hill rises where the valley was."""
    ridge = [(165, 0), (205, 90), (218, 180), (185, 260), (128, 340), (112, 372), (140, 410)]
    ridge += [(205, 500), (222, 560), (198, 630), (186, 681)]
    land = source.of("purple", "brown")
    out = np.where(below(source.ids.shape, ridge), source.id("purple"), source.id("brown"))
    return np.where(land, out, source.ids)


@layout("growth", LAYOUTS)
def hill_great_boat(source: Source) -> Ids:
    """The boat is three times as large and rises before the shore."""
    return smoothed(_boat_at(source, source.ids, 3.0, (382, 335)), source.ids, 3)


@layout("overlap", LAYOUTS)
def hill_island(source: Source) -> Ids:
    """An island of the hills' land lies before the shore, a second boat before the island; the first boat is gone."""
    out = filled(source.ids, source.of("light blue"))
    island = rounded(out.shape, [(372, 120), (352, 190), (338, 260), (345, 330), (360, 400), (376, 440), (382, 280)])
    return smoothed(_boat_at(source, np.where(island, source.id("purple"), out), 1.4, (384, 230)), source.ids, 1.5)


# --- renoir: 512x320, 'white' sky, 'green' banks, 'blue' water, a dark tree 'red'


@layout("overlap", LAYOUTS)
def renoir_dark_trees(source: Source) -> Ids:
    """The dark tree grows again out of the water and before the right bank, mirrored."""
    shape = source.ids.shape
    columns = np.arange(shape[1])[None, :]
    half = source.of("red") & (columns >= 3) & ~below(shape, [(282, 0), (282, 511)])
    left, _ = placed(source.ids, half, (282, 3), scale=(0.75, 0.65), to=(255, 200))
    right, _ = placed(source.ids, half, (282, 3), scale=(0.75, 0.65), to=(255, 200), mirror=True)
    other = placed(source.ids, half, (282, 0), to=(290, 515), mirror=True, scale=1.1)[0]
    foot = stroke(shape, [(252, 178, 8), (258, 200, 10), (252, 222, 8)]) | disc(shape, (288, 500), 14)
    return smoothed(np.where(left | right | other | foot, source.id("red"), source.ids), source.ids, 2)


@layout("hole", LAYOUTS)
def renoir_wide_water(source: Source) -> Ids:
    """The right bank gives way to the water, which runs up to the horizon, and a small island stays."""
    shape = source.ids.shape
    water = rounded(
        shape, [(188, 60), (182, 250), (190, 400), (200, 530), (262, 540), (272, 400), (266, 200), (280, 70)]
    )
    island = rounded(shape, [(236, 330), (214, 360), (206, 400), (218, 440), (236, 460), (244, 400)])
    out = np.where(water & ~source.of("red"), source.id("blue"), source.ids)
    return smoothed(np.where(island, source.id("green"), out), source.ids, 2)
