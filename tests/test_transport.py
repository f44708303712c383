import numpy as np
import pytest

import analogon.transport as geometry
from analogon.data import LabelClass, LabelMap, Palette
from analogon.transport import Transport, solid, transport

PALETTE = Palette(
    (
        LabelClass(0, "ground", (0, 128, 0)),
        LabelClass(5, "thing", (255, 0, 0)),
        LabelClass(9, "sky", (0, 0, 255)),
    )
)


def layout(shape=(60, 80), things=(), horizon=0):
    ids = np.zeros(shape, np.int64)
    ids[:horizon] = 9
    for top, left, height, width in things:
        ids[top : top + height, left : left + width] = 5
    return LabelMap(ids, PALETTE)


def places(way: Transport):
    return np.rint(way.field).astype(int)


def grid(shape):
    return np.stack(np.mgrid[: shape[0], : shape[1]], -1)


def classes_of_origin(source, way):
    rows, cols = places(way).transpose(2, 0, 1)
    return source.ids[rows, cols]


def test_equal_layouts_carry_every_pixel_to_itself():
    source = layout(things=[(20, 20, 15, 10)], horizon=10)
    way = transport(source, source)
    assert np.array_equal(way.field, grid(source.shape))
    assert not way.filled.any()
    assert solid(way.field).all()


@pytest.mark.parametrize("shift", [(0, 30), (-12, 0), (8, -14)])
def test_a_moved_object_is_followed(shift):
    source = layout(things=[(20, 20, 15, 10)])
    target = layout(things=[(20 + shift[0], 20 + shift[1], 15, 10)])
    way = transport(source, target)
    thing = target.ids == 5
    assert np.array_equal(places(way)[thing], (grid(source.shape) - shift)[thing])
    assert not way.filled[thing].any()
    stays = (target.ids == 0) & (source.ids == 0)
    away = np.abs(way.field - grid(source.shape)).max(-1) > 0
    assert (away & stays).mean() < 0.03  # only a fringe around the borders


def test_every_pixel_comes_from_its_own_class_and_from_inside_the_source():
    source = layout(things=[(30, 10, 20, 14), (35, 60, 10, 8)], horizon=25)
    target = layout(things=[(5, 40, 30, 20)], horizon=40)
    way = transport(source, target)
    assert np.array_equal(classes_of_origin(source, way), target.ids)
    assert way.field.min() >= 0 and (way.field <= np.array(source.shape) - 1).all()
    assert way.filled.any()


def test_a_grown_object_is_scaled_and_stands_on_its_foot():
    source, target = layout(things=[(20, 20, 10, 10)]), layout(things=[(10, 20, 20, 20)])
    way = transport(source, target)
    assert np.allclose(way.field[29, 20:40, 0], 29)  # the lower edges meet
    assert np.allclose(np.diff(way.field[12:28, 30, 0]), 0.5)


def test_a_mirrored_object_is_mirrored():
    ids = layout(things=[(30, 20, 20, 6), (30, 20, 6, 24)]).ids  # a flag to the right
    source, target = LabelMap(ids, PALETTE), LabelMap(ids[:, ::-1], PALETTE)
    way = transport(source, target)
    thing = target.ids == 5
    assert (np.diff(way.field[32, thing[32], 1]) == -1).all()


def test_what_an_object_uncovers_is_filled_in_one_piece_and_not_with_its_outline():
    source, target = layout(things=[(20, 30, 16, 16)]), layout()
    way = transport(source, target)
    hole = source.ids == 5
    assert way.filled[hole].all()
    shifts = np.unique((places(way) - grid(source.shape))[hole], axis=0)
    assert len(shifts) == 1
    rows, cols = places(way)[hole].T
    ring = np.zeros(source.shape, bool)
    ring[18:38, 28:48] = True  # the object and the fringe that its outline may colour
    assert not ring[rows, cols].any()


def test_sizes_may_differ():
    source = layout(shape=(30, 40), things=[(10, 10, 8, 8)])
    target = layout(shape=(45, 90), things=[(15, 30, 8, 8)])
    way = transport(source, target)
    assert way.field.shape == (45, 90, 2)
    assert np.array_equal(classes_of_origin(source, way), target.ids)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_layouts_every_place_is_in_the_source_and_of_the_right_class(seed):
    rng = np.random.default_rng(seed)

    def anything():
        shape = tuple(rng.integers(16, 50, 2))
        things = [(*rng.integers(0, 30, 2), *rng.integers(1, 25, 2)) for _ in range(3)]
        return layout(shape, [(0, 0, 2, 2), *things], int(rng.integers(1, 15)))

    source, target = anything(), anything()
    way = transport(source, target)
    assert way.field.min() >= 0 and (way.field <= np.array(source.shape) - 1).all()
    assert np.array_equal(classes_of_origin(source, way), target.ids)


def test_a_palette_in_another_order_means_the_same():
    source, target = layout(things=[(20, 20, 15, 10)]), layout(things=[(20, 40, 15, 10)])
    turned = LabelMap(target.ids, Palette(PALETTE.classes[::-1]))
    assert np.array_equal(transport(source, target).field, transport(source, turned).field)


def test_solid_is_false_at_seams_and_repetitions_only():
    field = grid((20, 30)).astype(np.float32)
    field[:, 15:, 1] += 6  # a seam between columns 14 and 15
    field[10:, :5] = field[10, 0]  # one source pixel, repeated
    torn = ~solid(field, margin=1)
    assert torn[:10, 13:17].all()
    assert torn[12:, :4].all()
    assert not torn[:8, :12].any() and not torn[:8, 18:].any()
    assert solid(field[:, ::-1])[:, :12].all()  # mirrored pieces are whole


def test_every_piece_is_shifted_once_a_round(monkeypatch):
    """A thin diagonal is a piece of its own, though its box holds more of the block below than of itself."""
    ids = np.zeros((100, 120), np.int64)
    ids[45:69, 35:59] = 5
    for i in range(60):
        ids[10 + i, 34 + i] = 5
    tried = []
    monkeypatch.setattr(geometry, "_shift_piece", lambda field, box, piece, *rest: tried.append(int(piece.sum())))
    transport(LabelMap(ids, PALETTE), layout((100, 120)))
    first_round = tried[: len(tried) // geometry.ROUNDS]
    assert len(first_round) == 2
    assert first_round[0] != first_round[1]
    assert sum(first_round) >= (ids == 5).sum()
