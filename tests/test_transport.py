import numpy as np
import pytest
from scipy import ndimage as ndi

import analogon.transport as geometry
from analogon.data import LabelClass, LabelMap, Palette
from analogon.transport import Transport, regions, solid, transport

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


def shifts(source, way, where):
    return np.unique((places(way) - grid(source.shape))[where], axis=0)


def test_every_piece_has_a_shift_of_its_own():
    """A thin diagonal is a piece of its own, though its box holds more of the block below than of itself."""
    ids = np.zeros((100, 120), np.int64)
    ids[45:69, 35:59] = 5
    block = ids == 5
    for i in range(60):
        ids[10 + i, 34 + i] = 5
    source = LabelMap(ids, PALETTE)
    way = transport(source, layout((100, 120)))
    diagonal = (ids == 5) & ~block
    of_block, of_diagonal = shifts(source, way, block), shifts(source, way, diagonal)
    assert len(of_block) == len(of_diagonal) == 1
    assert not np.array_equal(of_block, of_diagonal)


def test_the_shift_of_a_piece_is_found_to_the_pixel():
    """The ground has room for the new patch of it in one place only, with few pixels to spare beside the fringe."""
    ids = np.full((400, 700), 5, np.int64)
    ids[101:129, 149:177] = 0
    target = np.full((400, 700), 5, np.int64)
    target[30:51, 60:81] = 0  # too small a region to be followed
    source = LabelMap(ids, PALETTE)
    way = transport(source, LabelMap(target, PALETTE))
    patch = target == 0
    assert way.filled[patch].all()
    (shift,) = shifts(source, way, patch)
    assert 73 <= shift[0] <= 76 and 91 <= shift[1] <= 94


def test_holes_are_filled_with_what_nothing_else_uses(monkeypatch):
    source, target = layout((60, 120), things=[(20, 20, 16, 16)]), layout((60, 120), things=[(20, 80, 16, 16)])
    hole = source.ids == 5

    def again():
        """Share of the hole that comes from places which stay where they are as well."""
        rows, cols = places(transport(source, target))[hole].T
        return (target.ids == 0)[rows, cols].mean()

    assert again() < 0.15
    monkeypatch.setattr(geometry, "USED_WORTH", 1.0)
    assert again() > 0.8


def test_a_strong_stretch_must_pay(monkeypatch):
    source = layout((80, 100), things=[(10, 10, 10, 40)])
    target = layout((80, 100), things=[(10, 10, 60, 12)])
    thing = np.zeros(target.shape, bool)
    thing[15:65, 14:18] = True
    squeezed = transport(source, target).field[thing]
    assert np.unique(np.diff(squeezed.reshape(50, 4, 2), axis=1)[..., 1].round(3)).size == 1
    monkeypatch.setattr(geometry, "STRETCH_COST", 0.4)
    assert not np.array_equal(transport(source, target).field[thing], squeezed)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1)])
def test_maps_of_a_single_row_or_column(shape):
    source = layout((12, 15), things=[(4, 4, 5, 5)])
    for a, b in ((source, layout(shape)), (layout(shape), source), (layout(shape), layout(shape))):
        way = transport(a, b)
        assert way.field.shape == (*b.shape, 2)
        assert way.field.min() >= 0 and (way.field <= np.array(a.shape) - 1).all()


def test_a_class_that_the_source_lacks_stays_in_its_place():
    source, target = layout(things=[(20, 20, 15, 10)]), layout(things=[(20, 20, 15, 10)], horizon=12)
    unknown = LabelMap(target.ids, Palette((*PALETTE.classes[:2], LabelClass(9, "snow", (255, 255, 255)))))
    few = LabelMap(source.ids, Palette(PALETTE.classes[:2]))
    for a, b in ((source, target), (few, unknown)):
        way = transport(a, b)
        new = b.ids == 9
        assert np.array_equal(way.field[new], grid(b.shape)[new]) and not way.filled[new].any()


@pytest.mark.parametrize("width", [30, 407, 1000])
def test_a_shift_in_a_large_map_is_exact(width):
    source, target = (layout((1100, 1700), [(400, left, 301, width)], 200) for left in (500, 513))
    thing = target.ids == 5
    assert shifts(source, transport(source, target), thing).tolist() == [[0, -13]]


def test_of_equal_objects_each_stays_where_it_is():
    source = layout((200, 300), [(50, left, 40, 30) for left in (20, 120, 220)])
    assert np.array_equal(transport(source, source).field, grid(source.shape))


def test_maps_in_another_memory_layout_mean_the_same():
    source, target = layout(things=[(20, 20, 15, 10)]), layout(things=[(20, 40, 15, 10)])
    turned = LabelMap(np.asfortranarray(target.ids), PALETTE)
    assert np.array_equal(transport(source, turned).field, transport(source, target).field)


@pytest.mark.parametrize("seed", range(6))
def test_regions_are_connected_components(seed):
    rng = np.random.default_rng(seed)
    classes = rng.integers(-1, 3, rng.integers(1, 30, 2)).astype(np.int16)
    runs, number, boxes, areas, kinds = regions.regions_of(classes)
    painted = regions.paint(classes.shape, runs, number)
    assert np.array_equal(painted < 0, classes < 0)
    for kind in range(3):
        expected, count = ndi.label(classes == kind, np.ones((3, 3)))
        pairs = np.unique(np.stack([expected, painted])[:, classes == kind], axis=1)
        assert pairs.shape[1] == count == (kinds == kind).sum()
    for n, box in enumerate(boxes):
        rows, cols = np.nonzero(painted == n)
        assert len(rows) == areas[n]
        assert box.tolist() == [rows.min(), cols.min(), rows.max() + 1, cols.max() + 1]


@pytest.mark.parametrize("radius", [1, 3, 8])
def test_depths_are_exact_up_to_the_radius(radius):
    classes = np.random.default_rng(radius).integers(0, 3, (5, 7)).repeat(6, 0).repeat(5, 1).astype(np.int16)
    expected = np.zeros(classes.shape)
    for kind in range(3):
        expected += ndi.distance_transform_edt(classes == kind) ** 2
    assert np.array_equal(regions.depths_of(classes, radius), np.minimum(np.rint(expected), radius**2))
