import numpy as np
import pytest

from analogon.data import Exemplar, LabelMap
from analogon.ops import copies
from analogon.rendering import Guide

from .textures import PAIR, pictured, render

SHAPE = (96, 128)
CENTRE = (48.0, 60.0)


def hook(degrees: float = 0, *, mirrored: bool = False, shape: tuple[int, int] = SHAPE) -> tuple[np.ndarray, ...]:
    """Whether a pixel lies in an object without symmetry that was turned, and where it lay before."""
    rows, cols = np.indices(shape)
    ys, xs = copies._back(rows - CENTRE[0], cols - CENTRE[1], degrees, mirrored)
    inside = ((np.abs(ys) < 20.5) & (np.abs(xs + 6) < 6.5)) | ((np.abs(ys - 15) < 5.5) & (xs > -0.5) & (xs < 22.5))
    return inside, np.stack([ys + CENTRE[0], xs + CENTRE[1]], -1)


def layout(inside: np.ndarray) -> LabelMap:
    return LabelMap(np.where(inside, 2, 4), PAIR)


TURNS = [(25, False), (-90, False), (180, False), (0, True), (130, True)]


@pytest.mark.parametrize(("degrees", "mirrored"), TURNS[:3] + TURNS[4:])
def test_what_was_turned_is_found(degrees, mirrored):
    before, (after, places) = hook()[0], hook(degrees, mirrored=mirrored)
    (found,) = copies.turned_objects(before.astype(np.uint16), after.astype(np.uint16))
    shown = found[..., 0] >= 0
    copied = shown.copy()
    copied[shown] = before[found[shown][:, 0], found[shown][:, 1]]
    assert copied.sum() == pytest.approx(after.sum(), rel=0.05)
    # upright copies of it lie as the target does
    top, left = (np.flatnonzero(after.any(axis))[0] - np.flatnonzero(copied.any(axis))[0] for axis in (1, 0))
    ys, xs = np.nonzero(copied)
    off = found[ys, xs] - places[ys + top, xs + left]
    assert np.abs(off).max() < 3.5 and np.abs(off).mean() < 1.5


@pytest.mark.parametrize("every", [1, 3])
def test_what_stands_upright_or_is_cut_or_is_another_is_not_turned(every):
    ids = hook()[0].astype(np.uint16).repeat(every, 0).repeat(every, 1)
    moved = np.roll(ids, (9 * every, -20 * every), (0, 1))
    assert copies.turned_objects(ids, moved) == []
    rows, cols = np.indices(ids.shape)
    disc = ((rows - 40 * every) ** 2 + (cols - 50 * every) ** 2 < (18 * every) ** 2).astype(np.uint16)
    assert copies.turned_objects(ids, disc) == []
    turned = np.ascontiguousarray(ids[::-1, ::-1])
    assert len(copies.turned_objects(ids, turned)) == 1
    assert copies.turned_objects(ids, turned, without={1}) == []
    assert copies.turned_objects(ids, turned[:, 45 * every :].copy()) == []


@pytest.mark.parametrize(("degrees", "mirrored"), TURNS)
@pytest.mark.parametrize("keep", ["auto", "none"])
def test_a_turned_object_is_the_object_turned(degrees, mirrored, keep):
    inside, places = hook(degrees, mirrored=mirrored)
    source = pictured(layout(hook()[0]))
    result = render(source, layout(inside), keep=keep, mirror=degrees == 0)
    assert (result.provenance.apply_to(source.image, tone=True) == result.image).all()
    off = np.abs(result.provenance.places - places).max(-1)[inside]
    # some of it may come from what lies upright, where both are alike
    assert np.median(off) < 2.5 and (off < 5).mean() > 0.6


def test_copies_hold_nothing_that_is_not_usable():
    before, after = hook()[0], hook(90)[0]
    usable = np.ones(SHAPE, bool)
    usable[:40] = False
    source = pictured(layout(before), usable=usable)
    places = render(source, layout(after), keep="none").provenance.places
    assert usable[places[..., 0], places[..., 1]].all()


def test_guides_are_copied_along():
    rng = np.random.default_rng(0)
    exemplar = Exemplar(rng.random((*SHAPE, 3), np.float32), layout(hook()[0]))
    rows, cols = (axis.astype(np.float32) / 200 for axis in np.indices(SHAPE))
    guide = Guide("where", np.stack([rows, cols], -1), np.zeros((*SHAPE, 2), np.float32))
    found = copies.turned_objects(*(hook(angle)[0].astype(np.uint16) for angle in (0, 60)))
    whole, (wider,), origin = copies.joined(exemplar, (guide,), [copies.mirror_image(SHAPE), *found])
    there = whole.usable
    assert whole.shape == wider.source.shape[:2] == origin.shape[:2] and whole.frame == SHAPE
    assert there.sum() > 2 * rows.size
    assert (whole.image[there] == exemplar.image[tuple(origin[there].T)]).all()
    assert (whole.labels.ids[there] == exemplar.labels.ids[tuple(origin[there].T)]).all()
    assert (wider.source[there] == guide.source[tuple(origin[there].T)]).all()


def test_an_object_that_another_picture_cuts_is_not_turned():
    before, after = (hook(angle)[0].astype(np.uint16) for angle in (0, 90))
    assert len(copies.turned_objects(before, after, unusable=7)) == 1
    _, cols = np.nonzero(before)
    gap = before.copy()
    gap[:, cols.max() + 1 :] = 7
    assert copies.turned_objects(gap, after, unusable=7) == []
