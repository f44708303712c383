"""Hard layouts of the pictures in examples/ (384x256); points are pixels of their label maps."""

import numpy as np
from hard_source import Layout, Source, layout
from painting import Ids, Mask, below, placed, put, smoothed, stroke, within
from scipy import ndimage

LAYOUTS: list[Layout] = []


def _blossom(source: Source) -> Mask:
    """The upper blossom with its heart."""
    parts, _ = ndimage.label(source.of("petals", "heart"))
    found: Mask = parts == parts[140, 185]
    return found


@layout("overlap", LAYOUTS)
def flower_cluster(source: Source) -> Ids:
    """Six blossoms of several sizes, each with its heart, overlap in a cluster."""
    blossom = _blossom(source)
    out = np.where(blossom, source.id("leaves"), source.ids)
    places = [(0.5, (70, 120), 20), (0.55, (62, 212), -50), (0.6, (112, 290), 80)]
    places += [(0.6, (140, 80), 130), (0.7, (132, 178), -20), (0.55, (186, 256), 60)]
    for scale, centre, turn in places:
        out = put(out, placed(source.ids, blossom, (132, 183), scale=scale, turn=turn, to=centre))
    return smoothed(out, source.ids, 1)


@layout("pose", LAYOUTS)
def flower_turned_away(source: Source) -> Ids:
    """The blossom is seen from the side: half as high, leaning, its heart near the upper rim."""
    blossom, heart = _blossom(source), source.of("heart")
    out = np.where(blossom, source.id("leaves"), source.ids)
    closed = np.where(blossom, source.id("petals"), source.ids)
    out = put(out, placed(closed, blossom, (132, 183), scale=(0.55, 1.05), turn=18))
    return smoothed(put(out, placed(source.ids, heart, (132, 187), scale=(0.45, 1.1), turn=18, to=(112, 178))), out, 1)


@layout("instances", LAYOUTS)
def china_two_pagodas(source: Source) -> Ids:
    """A second pagoda, half as high, stands on the far side of the lake, its foot behind the trees."""
    small = placed(source.ids, source.of("roof", "facade"), (240, 125), scale=0.52, to=(200, 258))
    out = put(source.ids, small)
    return smoothed(np.where(source.of("trees", "roof", "facade"), source.ids, out), source.ids, 1)


@layout("pose", LAYOUTS)
def china_leaning(source: Source) -> Ids:
    """The pagoda leans to the right by 11 degrees, and the lake shows where it stood."""
    leaning = placed(source.ids, source.of("roof", "facade"), (245, 130), turn=-11)
    out = put(source.target("no_pagoda"), leaning)
    trees = source.of("trees") & below(source.ids.shape, [(196, 0), (214, 190), (190, 230), (160, 383)])
    return smoothed(np.where(trees, source.id("trees"), out), source.ids, 1)


@layout("pose", LAYOUTS)
def chelsea_tilted(source: Source) -> Ids:
    """The cat's face is tilted by 20 degrees: eyes and nose turned about the bridge of the nose."""
    face = source.of("eye", "pupil", "nose")
    out = np.where(face, source.id("fur"), source.ids)
    return smoothed(put(out, placed(source.ids, face, (130, 205), turn=20, scale=0.95)), source.ids, 1)


@layout("pose", LAYOUTS)
def coffee_spoon_turned(source: Source) -> Ids:
    """The spoon lies on the left of the cup, its handle out over the table, and the saucer shows where it was."""
    out, shape = source.target("no_spoon"), source.ids.shape
    bowl = source.of("spoon") & within(shape, [(150, 200), (150, 270), (215, 270), (215, 200)])
    laid, _ = placed(source.ids, bowl, (180, 232), turn=100, to=(168, 92))
    handle = stroke(shape, [(172, 78, 5), (190, 52, 3), (214, 22, 4.5), (222, 12, 6)])
    spoon = (laid | handle) & ~source.of("cup", "lining", "coffee")
    return smoothed(np.where(spoon, source.id("spoon"), out), source.ids, 1)


@layout("overlap", LAYOUTS)
def coffee_two_cups(source: Source) -> Ids:
    """Two settings at two thirds of the size, the nearer saucer over the other."""
    setting = source.of("saucer", "cup", "lining", "coffee", "spoon")
    out = np.where(setting, source.id("table"), source.ids)
    for centre in ((88, 130), (168, 262)):
        out = put(out, placed(source.ids, setting, (130, 178), scale=0.64, to=centre))
    return smoothed(out, source.ids, 1)
