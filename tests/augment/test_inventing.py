"""Invented layouts: after the statistics of annotated ones, and by the rules."""

import numpy as np
import pytest
from scipy import ndimage as ndi

from analogon import Exemplar, LabelMap, OptionError
from analogon.augment import Settings, Sources, invent
from analogon.augment.inventing import chances
from analogon.augment.inventing.cells import _Cells, wall_between
from analogon.augment.making import make_sample
from analogon.augment.statistics import describe
from analogon.data.exemplar import GAP
from analogon.layout import Layout, operation

from .pictures import CAR, DISC, INSIDE, ROAD, SKY, WALL, cells, discs, exemplar, plain_road, sources, street, walled


@pytest.fixture(scope="module")
def tissue():
    return sources(cells(0), cells(1))


def test_what_is_typical_is_seen():
    tissue, plain, road = (describe(one.labels) for one in (cells(), discs(), street()))
    assert tissue.wall == WALL and tissue.free
    assert tissue.things == (INSIDE,) and len(tissue.cells) > 8
    assert 2 <= np.median(tissue.widths) <= 5
    assert plain.wall is None and plain.things == (DISC,) and plain.free
    assert len(plain.instance_classes) == 9
    assert road.wall is None and road.things == (CAR,) and not road.free


def test_ways_are_chosen_by_statistics(tissue):
    assert set(chances(tissue, Settings())) == {"grafts"}
    # what only invented cells can do
    for other in (Settings(targets={"wall": 0.4}), Settings(method="gpnn")):
        assert set(chances(tissue, other)) == {"cells"}
    assert set(chances(sources(discs()), Settings())) == {"instances", "mixes", "warps"}
    assert set(chances(sources(street()), Settings())) == {"instances"}
    with_predictions = Sources.of(tissue.pictures, [cells(5).labels])
    assert chances(with_predictions, Settings())["predicted"] == pytest.approx(0.5)
    assert chances(tissue, Settings(layouts="warps,cells")) == {"warps": 0.5, "cells": 0.5}


@pytest.mark.parametrize(("kind", "lack"), [("cells", "wall"), ("grafts", "wall"), ("predicted", "--unlabelled")])
def test_ways_that_sources_do_not_allow(kind, lack):
    with pytest.raises(OptionError, match=lack):
        invent(sources(street()), Settings(layouts=(kind,)), 0)


@pytest.mark.parametrize("kind", ["cells", "grafts", "mixes", "warps"])
def test_layouts_are_like_the_annotated_ones(tissue, kind):
    known = describe(tissue.pictures[0].exemplar.labels)
    for index in range(3):
        found = invent(tissue, Settings(layouts=(kind,), seed=5), index)
        assert found.kind == kind
        # cells have walls a pixel wider
        assert -0.12 < found.labels.share(WALL) - known.shares[WALL] < (0.25 if kind == "cells" else 0.12)
        assert 15 < len(found.instance_classes) < 120
        # cells are apart: a number is one connected region of one class
        assert (found.instances[found.labels.ids == WALL] == 0).all()
        assert (found.instances[found.labels.ids == INSIDE] > 0).all()
        assert set(found.instance_classes) == {INSIDE}


@pytest.mark.parametrize("kind", ["cells", "grafts", "mixes", "warps"])
def test_an_index_is_a_layout(tissue, kind):
    settings = Settings(layouts=(kind,), seed=1)
    first, again, other = (invent(tissue, settings, index) for index in (3, 3, 4))
    assert (first.labels.ids == again.labels.ids).all() and first.recipe == again.recipe
    assert (first.labels.ids != other.labels.ids).mean() > 0.1
    another = invent(tissue, Settings(layouts=(kind,), seed=2), 3)
    assert (first.labels.ids != another.labels.ids).mean() > 0.1


def test_size_and_strength(tissue):
    found = invent(tissue, Settings(layouts=("cells",), size=(50, 70)), 0)
    assert found.labels.shape == (50, 70)
    road = sources(street())
    moved = [
        (invent(road, Settings(layouts=("warps",), strength=strength), 0).labels.ids != street().labels.ids).mean()
        for strength in (0.0, 3.0)
    ]
    assert moved[0] < moved[1]
    window = invent(road, Settings(layouts=("instances",), size=(48, 64), seed=2), 0)
    assert window.labels.shape == (48, 64)


def test_scenes_are_bent_with_their_pixels():
    """Where places have a meaning; layouts in which anything may lie anywhere are painted anew."""
    road = sources(street(), street(1))
    found = invent(road, Settings(layouts=("warps",)), 1)
    rows, columns = np.moveaxis(found.places, -1, 0)
    assert found.donors == (1,) and (rows != np.arange(64)[:, None]).any()
    assert (street(1).labels.ids[rows, columns] == found.labels.ids).all()
    picture = make_sample(road, Settings(layouts=("warps",), grain=False), 1).image
    assert np.abs(picture - street(1).image[rows, columns]).max() < 1 / 255
    assert invent(sources(discs()), Settings(layouts=("warps",)), 0).places is None


def test_scenes_are_mixed_of_pixels_of_both():
    whole = street(1)
    narrow = Exemplar(whole.image[:, :84], LabelMap(whole.labels.ids[:, :84], whole.labels.palette))
    road, found = sources(street(), narrow), []
    for index in range(12):
        mixture = invent(road, Settings(layouts=("mixes",), size=(64, 84)), index)
        joined = Exemplar.join([road.pictures[number].exemplar for number in mixture.donors])
        told = mixture.places[..., 0] >= 0
        rows, columns = np.moveaxis(mixture.places[told], -1, 0)
        assert told.mean() > 0.9 and (joined.labels.ids[rows, columns] == mixture.labels.ids[told]).all()
        assert told[mixture.labels.ids == CAR].all()  # what is behind those that were cut off is painted
        left = road.pictures[mixture.donors[0]].exemplar.shape[1]
        assert ((columns < left) | (columns >= left + GAP)).all()
        found.append((len(mixture.donors), (columns < left).mean(), told.all()))
    assert all(0.2 < share < 0.8 for count, share, _ in found if count == 2)
    assert {count for count, *_ in found} == {1, 2} and {bool(all_told) for *_, all_told in found} == {False, True}
    # a method that cannot have pixels of two pictures paints anew
    both = next(index for index, (count, *_) in enumerate(found) if count == 2)
    alone = invent(road, Settings(layouts=("mixes",), method="gpnn"), both)
    assert len(alone.donors) == 1 and alone.places is None
    # nor are the pixels of a predicted layout known
    guessed = Sources.of(road.pictures, [street(2).labels])
    assert invent(guessed, Settings(layouts=("predicted",)), 0).places is None


def test_walls_are_as_wide_as_annotated_ones_and_a_pixel():
    thin, thick = (sources(walled(width)) for width in (2, 4))
    for given, width in ((thin, 2), (thick, 4)):
        found = [describe(invent(given, Settings(layouts=("cells",), seed=seed), 0).labels) for seed in range(2)]
        assert abs(np.median(np.concatenate([one.widths for one in found])) - (width + 1)) <= 1.5
    asked = invent(thin, Settings(layouts=("cells",), targets={"wall": 0.5}), 0)
    assert asked.labels.share(WALL) == pytest.approx(0.5, abs=0.03)


def test_cells_are_as_large_and_as_long_as_annotated_ones():
    ids = np.full((144, 144), INSIDE)
    ids[::12], ids[:, ::36] = WALL, WALL
    base = describe(exemplar(ids, [(WALL, "wall", (40, 40, 40)), (INSIDE, "inside", (200, 190, 180))]).labels)
    typical = float(np.sqrt(np.median([cell.area for cell in base.cells])))
    places, middle = np.indices(ids.shape).astype(np.float64), slice(36, 108)
    misses, long = [], []
    for seed in range(2):
        cells = _Cells.laid(base.cells, ids.shape, typical, 0.0, np.random.default_rng(seed))
        for _ in range(2):
            owners = cells.owners(places, np.zeros(2))
            whole = np.setdiff1d(
                owners[middle, middle], np.concatenate([owners[[0, -1]].ravel(), owners[:, [0, -1]].ravel()])
            )
            misses.append(np.mean([abs((owners == number).sum() / cells.areas[number] - 1) for number in whole]))
            long.append(np.median([_long(owners == number) for number in whole]))
            cells.settle(ids.shape, typical)
    assert max(misses[1::2]) < 0.1 < min(misses[::2])
    assert all(2.4 < one < 3.4 for one in long[1::2])  # as 36 is to 12, but for what neighbours need


def _long(mask):
    values = np.linalg.eigvalsh(np.cov(*np.nonzero(mask)))
    return np.sqrt(values[1] / values[0])


def test_wide_walls_leave_something_of_small_cells():
    rows, columns = np.indices((96, 96))
    small = np.where(columns < 48, rows // 12 * 8 + columns // 12, 64).astype(np.int32)
    wall = wall_between(small, np.full(9, 16.0), 8.0, np.random.default_rng(0))
    assert (np.unique(small[~wall]) == np.unique(small)).all()
    # beside a large one they are as wide as they should be
    assert wall[:, 54].all() and not wall[:, 60:].any()


def test_grafts_are_annotated_cells(tissue):
    """All pixels are copied, in their class, from the picture whose turn it is; what a cell holds stays together."""
    for index in range(2):
        found = invent(tissue, Settings(layouts=("grafts",), size=(80, 120)), index)
        labels = tissue.pictures[index].exemplar.labels
        rows, columns = found.places.transpose(2, 0, 1)
        assert found.donors == (index,) and (labels.ids[rows, columns] == found.labels.ids).all()
        assert len(np.unique(rows * 96 + columns)) > 0.3 * rows.size
        inner = ndi.distance_transform_edt(found.labels.ids != WALL) > 4
        steps = np.hypot(*np.moveaxis(np.diff(found.places, axis=1), -1, 0))[inner[:, 1:] & inner[:, :-1]]
        assert (steps < 2.5).mean() > 0.98 and 0.8 < steps[steps < 2.5].mean() < 1.3


def test_a_frame_within_a_graft_is_copied_straight():
    """No wall lies between cells there that anything would have to follow."""
    bent = []
    for index in range(9):
        found = invent(sources(walled(2)), Settings(layouts=("grafts",), size=(16, 16)), index)
        if found.recipe == {"grafts": 1}:
            across, down = found.places[:, -1] - found.places[:, 0], found.places[-1] - found.places[0]
            bent.append(np.abs(np.hypot(*np.concatenate([across, down]).T) - 15).max())
    # some are folded at the edge of the picture
    assert len(bent) >= 5 and np.median(bent) < 2


def test_cells_that_reach_across_the_picture_are_invented_ones():
    ids = np.full((60, 60), INSIDE)
    ids[::7], ids[:, 0] = WALL, WALL
    striped = sources(exemplar(ids, [(WALL, "wall", (40, 40, 40)), (INSIDE, "inside", (200, 190, 180))]))
    assert invent(striped, Settings(layouts=("grafts",)), 0).kind == "cells"


def test_walls_of_grafts_have_the_depth_of_annotated_ones():
    """Walls between the same cells are darkest along their middle, as wide as annotated ones, or a little more."""
    given = walled(5)
    depth = ndi.distance_transform_edt(given.labels.ids == WALL)
    found = invent(sources(given), Settings(layouts=("grafts",)), 0)
    wall = found.labels.ids == WALL
    own = ndi.distance_transform_edt(np.pad(wall, 1, mode="edge"))[1:-1, 1:-1]
    copied = depth[found.places[..., 0], found.places[..., 1]]
    assert np.corrcoef(own[wall], copied[wall])[0, 1] > 0.5
    assert 0 <= np.median(describe(found.labels).widths) - np.median(describe(given.labels).widths) <= 2
    calm, varied = (
        describe(invent(sources(given), Settings(layouts=("grafts",), strength=strength), 0).labels).widths
        for strength in (0.0, 3.0)
    )
    assert calm.std() < varied.std()


def test_every_picture_has_its_turn():
    road = sources(street(0), street(3), plain_road())
    donors = [invent(road, Settings(seed=1, layouts=("instances",)), index).donors for index in range(6)]
    assert all(index % 3 in one for index, one in enumerate(donors))


def test_shares_that_are_asked_for():
    plain = sources(discs())
    shares = [
        np.mean([invent(plain, Settings(targets={"disc": share}), n).labels.share(DISC) for n in range(2)])
        for share in (0.05, 0.3)
    ]
    assert shares[0] + 0.05 < shares[1]
    with pytest.raises(OptionError, match="'dish'"):
        invent(plain, Settings(targets={"dish": 0.2}), 0)
    with pytest.raises(OptionError, match="more than all"):
        invent(plain, Settings(targets={"disc": 0.9, "ground": 0.2}), 0)


def test_objects_stay_apart_and_stand_on_what_they_stood_on():
    road, seen = sources(street(0), street(3)), set()
    for index in range(12):
        found = invent(road, Settings(seed=index), index)
        seen |= {one["do"] for one in found.recipe.get("operations", [])}
        if found.kind != "instances":
            continue
        ids = found.labels.ids
        for number in range(1, len(found.instance_classes) + 1):
            mine = found.instances == number
            rows, columns = np.nonzero(mine)
            assert (ids[mine] == CAR).all()
            # road beneath its wheels, and never the sky beside it
            assert (ids[np.minimum(rows + 1, 63), columns] != SKY).all()
        touching = (found.instances[:, 1:] != found.instances[:, :-1]) & (
            found.instances[:, 1:] * found.instances[:, :-1] > 0
        )
        assert touching.mean() < 0.01
        # what was moved keeps its pixels: they are a car's
        held = (found.places[..., 0] >= 0) & (ids == CAR)
        widths = sum(road.pictures[n].exemplar.shape[1] for n in found.donors) + 16 * (len(found.donors) - 1)
        assert held.any() and found.places[..., 1].max() < widths
    assert {"move", "duplicate", "delete", "bring"} <= seen


def test_operations_of_the_record_make_the_layout():
    plain = sources(discs())
    settings = Settings(layouts=("instances",), seed=4)
    found = next(one for one in (invent(plain, settings, n) for n in range(9)) if one.kind == "instances")
    known = describe(plain.pictures[0].exemplar.labels)
    layout = Layout.split(known.labels, instances=known.instances)
    for record in found.recipe["operations"]:
        layout = operation(record).apply(layout)
    assert (layout.ids == found.labels.ids).all()


def test_known_instances_are_objects():
    picture = discs()
    ids = np.array(picture.labels.ids)
    numbers = np.zeros(ids.shape, np.int32)
    numbers[:, :40], numbers[:, 40:] = 7, 9
    numbers[ids != DISC] = 0
    known = describe(picture.labels, numbers)
    assert known.instance_classes == (DISC, DISC)
    assert known.instances.max() == 2


def test_things_that_are_named():
    found = describe(street().labels, things=("road",))
    assert found.things == (ROAD,)


def test_large_cells_that_the_frame_cuts_are_cells():
    # small ones around the middle line, and beside them two that reach the frame
    ids = np.full((96, 96), INSIDE)
    ids[:, [40, 56]] = ids[6:90:7, 40:57] = ids[3, 40:57] = WALL
    known = describe(exemplar(ids, [(WALL, "wall", (40, 40, 40)), (INSIDE, "inside", (200, 190, 180))]).labels)
    assert known.wall == WALL
    assert max(cell.area for cell in known.cells) > 3000
    # where few are cut, those that are not stand for all
    many = describe(cells(0, 160, 60).labels)
    assert 8 <= len(many.cells) < many.instances.max()
